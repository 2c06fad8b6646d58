"""The page for people, and the API's documentation; both from this host alone."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

STATIC = Path(str(files("app") / "static"))
SWAGGER = Path(str(files("fastapi_swagger") / "resources"))

router = APIRouter(include_in_schema=False)

_DOCS = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Mnistry: the API</title>
<link rel="stylesheet" href="/static/swagger/swagger-ui.css">
<link rel="icon" href="/static/favicon.svg" type="image/svg+xml">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/static/swagger/swagger-ui-bundle.js"></script>
<script src="/static/docs.js"></script>
</body>
</html>
"""


@router.get("/")
async def page() -> Response:
    return FileResponse(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/docs")
async def docs() -> Response:
    return HTMLResponse(_DOCS)


@router.get("/favicon.ico")
async def favicon() -> Response:
    return FileResponse(STATIC / "favicon.svg", media_type="image/svg+xml")


def static_files() -> ASGIApp:
    """What lies under /static: the page's own files, packed: first sight is a third of them."""
    return GZipMiddleware(StaticFiles(directory=STATIC), minimum_size=500, compresslevel=6)


def swagger_files() -> StaticFiles:
    """What lies under /static/swagger: Swagger UI, which comes with a package."""
    return StaticFiles(directory=SWAGGER)
