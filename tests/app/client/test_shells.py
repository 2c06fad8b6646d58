"""The two clients are the same client."""

import inspect
from collections.abc import Iterator

import pytest

import app.client
from app.client.asynchronous import objects as async_objects
from app.client.asynchronous import resources as async_resources
from app.client.blocking import objects, resources

NAMES = ("Networks", "Datasets", "Jobs", "Models", "Aliases", "Sweeps", "Job", "Model", "Sweep")


def pair(name: str) -> tuple[type, type]:
    if hasattr(objects, name):
        return getattr(objects, name), getattr(async_objects, f"Async{name}")
    return getattr(resources, name), getattr(async_resources, f"Async{name}")


def methods(kind: type) -> Iterator[tuple[str, list[str]]]:
    for name, function in vars(kind).items():
        if inspect.isfunction(function) and not name.startswith("_"):
            yield name, list(inspect.signature(function).parameters)


@pytest.mark.parametrize("name", NAMES)
def test_both_have_the_same_methods_with_the_same_arguments(name: str) -> None:
    one, other = pair(name)
    assert dict(methods(one))

    assert dict(methods(one)) == dict(methods(other))


@pytest.mark.parametrize("name", NAMES)
def test_every_method_says_what_it_does(name: str) -> None:
    for kind in pair(name):
        for method, _ in methods(kind):
            assert getattr(kind, method).__doc__, f"{kind.__name__}.{method}"


def test_public_names_are_sorted_and_there() -> None:
    assert app.client.__all__ == sorted(app.client.__all__)
    assert all(hasattr(app.client, name) for name in app.client.__all__)
