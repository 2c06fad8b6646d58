"""The page for people, and the API's documentation; both from this host alone."""

from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, HTTPException
from fastapi.responses import FileResponse, HTMLResponse, Response
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Receive, Scope, Send

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


class WholeFile(FileResponse):
    """A file whose parts cannot be asked for: no page does, and Range may be ignored (RFC 9110)."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(_whole(scope), receive, send)


class WholeFiles(StaticFiles):
    """The same for all files of a folder."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await super().__call__(_whole(scope), receive, send)

    async def get_response(self, path: str, scope: Scope) -> Response:
        if path.endswith(".py"):  # what makes a package of a folder is no file of the page
            raise HTTPException(404)
        return await super().get_response(path, scope)


def _whole(scope: Scope) -> Scope:
    return {**scope, "headers": [one for one in scope["headers"] if one[0] != b"range"]}


@router.get("/")
async def page() -> Response:
    return WholeFile(STATIC / "index.html", headers={"Cache-Control": "no-cache"})


@router.get("/docs")
async def docs() -> Response:
    return HTMLResponse(_DOCS)


@router.get("/favicon.ico")
async def favicon() -> Response:
    return WholeFile(STATIC / "favicon.svg", media_type="image/svg+xml")


def static_files() -> ASGIApp:
    """What lies under /static: the page's own files, packed: first sight is a third of them."""
    return GZipMiddleware(WholeFiles(directory=STATIC), minimum_size=500, compresslevel=6)


def swagger_files() -> StaticFiles:
    """What lies under /static/swagger: Swagger UI, which comes with a package."""
    return WholeFiles(directory=SWAGGER)
