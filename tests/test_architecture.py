"""The rules of docs/architecture.md that no linter knows."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import app
import engine
from app.api.limits import LimitsBody
from app.api.problems import CODES, STATUS
from app.domain import errors
from app.domain.layers import LAYERS
from app.domain.presets import PRESETS, PresetName
from app.main import create_app
from app.settings import Settings
from engine.layers.base import Layer

ROOT = Path(app.__file__).parent.parent
NOTEBOOK = (
    "Conv2DLayer",
    "Conv2DTrLayer",
    "CrossEntropy",
    "DenseLayer",
    "FlattenLayer",
    "Layer",
    "Network",
    "ReLU",
    "Softmax",
)


def sources(*folders: str) -> list[Path]:
    found = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    assert found
    return found


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield node.module or ""


def test_the_engine_imports_numpy_and_the_standard_library_only() -> None:
    allowed = {"numpy", "engine", *sys.stdlib_module_names}

    for path in sources("engine"):
        foreign = {name for name in imports(path) if name.split(".")[0] not in allowed}

        assert not foreign, f"{path.relative_to(ROOT)} imports {foreign}"


def test_the_engine_knows_no_clock_and_no_file() -> None:
    for path in sources("engine"):
        known = set(imports(path)) & {"time", "datetime", "pathlib", "os", "io", "tempfile"}

        assert not known, f"{path.relative_to(ROOT)} imports {known}"


def test_the_notebooks_names_are_public() -> None:
    assert set(NOTEBOOK) <= set(engine.__all__)
    assert engine.__all__ == sorted(engine.__all__)
    assert all(hasattr(engine, name) for name in engine.__all__)


def test_no_module_is_a_drawer_for_everything() -> None:
    drawers = {"utils", "helpers", "common", "constants", "misc"}
    # api/schemas/common.py holds what all response bodies share, and nothing that does something.
    named = {path for path in sources("app", "engine") if path.stem in drawers}

    assert named == {ROOT / "app/api/schemas/common.py"}


def test_nothing_that_is_read_is_executed() -> None:
    modules = {
        *("pickle", "_pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"),
        *("yaml", "keras", "tensorflow", "torch", "runpy", "imp", "multiprocessing.managers"),
    }
    calls = {"eval", "exec", "compile", "__import__", "extractall", "load_model", "recv"}

    for path in sources("app", "engine"):
        where = path.relative_to(ROOT)
        assert not set(imports(path)) & modules, where
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(func=ast.Name(id=name)):
                    assert name not in calls, f"{where}:{node.lineno}"
                # re.compile and its like are something else; Connection.recv unpickles.
                case ast.Call(func=ast.Attribute(attr=name)):
                    assert name not in calls - {"compile"}, f"{where}:{node.lineno}"
                case ast.keyword(arg="allow_pickle", value=value):
                    assert isinstance(value, ast.Constant), f"{where}:{node.lineno}"
                    assert value.value is False, f"{where}:{node.lineno}"


def test_numpy_loads_nothing_that_may_hold_pickles() -> None:
    loads = {"load", "fromfile", "loadtxt", "genfromtxt"}

    for path in sources("app", "engine"):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Attribute(value=ast.Name(id="np" | "numpy"), attr=name):
                    assert name not in loads, f"{path.relative_to(ROOT)}:{node.lineno}"


def test_sql_is_written_in_the_store_only() -> None:
    statement = re.compile(r"\bsa\.(select|text|insert|update|delete|exists)\b|exec_driver_sql")

    for path in sources("app"):
        if ROOT / "app/store" not in path.parents:
            assert not statement.search(path.read_text()), path.relative_to(ROOT)


def test_every_limit_among_the_settings_is_told() -> None:
    limits = {name.removeprefix("max_") for name in Settings.model_fields if "max_" in name}

    assert set(LimitsBody.model_fields) == limits


def test_every_folder_is_in_the_architecture_page() -> None:
    page = (ROOT / "docs/architecture.md").read_text()
    folders = {path.parent.relative_to(ROOT) for path in sources("app", "engine")}

    for folder in folders - {Path("app"), Path("engine"), Path("app/store/migrations/versions")}:
        assert f"{folder}/" in page or f"`{folder.name}/`" in page, folder


def test_every_domain_error_has_a_status_and_a_title() -> None:
    for kind in errors.MnistryError.__subclasses__():
        assert CODES[STATUS[kind]]


def test_every_layer_of_the_catalog_is_one_of_the_engines() -> None:
    layers = {kind for kind in Layer.__subclasses__() if kind.__module__.startswith("engine.")}
    assert layers

    for name, spec in LAYERS.items():
        assert spec.model_fields["type"].annotation.__args__ == (name,)  # type: ignore[union-attr]
        assert spec.__doc__


def test_every_preset_has_its_name_in_the_type() -> None:
    assert tuple(PRESETS) == PresetName.__args__  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def operations() -> list[tuple[str, str, dict[str, object]]]:
    paths = create_app(Settings()).openapi()["paths"]
    return [(path, method, op) for path, methods in paths.items() for method, op in methods.items()]


def test_every_route_declares_its_problems(
    operations: list[tuple[str, str, dict[str, object]]],
) -> None:
    for path, method, operation in operations:
        if path == "/readyz":
            continue
        media_type = "application/json" if path.startswith("/v2") else "application/problem+json"
        responses = operation["responses"]
        assert isinstance(responses, dict)
        problems = [r for status, r in responses.items() if status[0] == "4" or status == "default"]
        assert problems, f"{method} {path}"
        for problem in problems:
            assert list(problem["content"]) == [media_type], f"{method} {path}"


def test_operation_ids_are_unique_and_stable(
    operations: list[tuple[str, str, dict[str, object]]],
) -> None:
    ids = [str(operation["operationId"]) for _, _, operation in operations]

    assert len(ids) == len(set(ids))
    assert {"jobs_create", "networks_create", "models_predict"} <= set(ids)
