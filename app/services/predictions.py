"""Images, strokes or arrays → what a model reads in them."""

import base64
import binascii
import math
import re
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
import orjson
import simdjson
from pydantic import Field, TypeAdapter, ValidationError

from app.domain.drawings import MAX_POINTS, Drawing
from app.domain.errors import InvalidInput, UnusableImage
from app.domain.spec import Spec
from app.services.serving import LoadedModel
from app.vision import prepare, render, strokes
from app.vision.normalize import SIDE, Prepared
from engine.arrays import Array

Preprocess = Literal["auto", "none"]

MAX_INSTANCES = 1024

AT_ONCE_BYTES = 65_536
"""Of a text that is parsed in one call: about two milliseconds."""


class EncodedImage(Spec):
    """An image file as text."""

    b64: str = Field(description="The bytes of an image in base64.")


class Input(NamedTuple):
    """One thing to read: an array (*input_shape) in 0..1, and what is said of it."""

    x: Array
    filename: str | None = None
    warnings: Sequence[str] = ()


def ranked(y: Array) -> list[int]:
    """The classes of one output, the most probable first; of equals the first."""
    order: list[int] = (-y).argsort(kind="stable").tolist()
    return order


def plain_arrays(model: LoadedModel, content: bytes) -> list[Input] | None:
    """The inputs of `{"instances": [arrays of numbers]}`, or None where a closer look is needed.

    A parser in C lets pass what a strict one does not: a key that is there twice, and true and
    false, of which NumPy makes numbers. Neither can be where one key at the start is all the text.
    """
    start = _ONLY_KEY.match(content)
    if start is None or any(content.find(letter, start.end()) >= 0 for letter in _NO_NUMBERS):
        return None
    try:
        many = len(content) > AT_ONCE_BYTES
        x = _one_by_one(content) if many else _at_once(content, math.prod(model.input_shape))
    except (ValueError, TypeError, OverflowError):
        return None
    if x.shape[1:] not in model.input_forms or not 1 <= len(x) <= MAX_INSTANCES:
        return None
    # Not x.min(): that takes a detour through Python. False for NaN too.
    if not (np.minimum.reduce(x, axis=None) >= 0 and np.maximum.reduce(x, axis=None) <= 1):
        return None
    return [Input(row) for row in x.astype(np.float32).reshape(-1, *model.input_shape)]


def _at_once(content: bytes, size: int) -> Array:
    flat = _flat(content, size)
    return np.array(orjson.loads(content)["instances"], np.float64) if flat is None else flat


def _flat(content: bytes, size: int) -> Array | None:
    """One flat input as (1, size); None where it is anything else.

    It is what most send, and read in a third of the time by a parser that makes no Python objects
    of the numbers.
    """
    start, end = _BEFORE_A_ROW.match(content), content.find(b"]") + 1
    if start is None or not _AFTER.fullmatch(content, end):
        return None
    if content.find(b"[", start.end() + 1) >= 0:  # count() takes half as long as the parser
        return None
    try:
        # A parser of its own: two threads cannot share one.
        row = simdjson.Parser().parse(content[start.end() : end])
        assert isinstance(row, simdjson.Array)  # noqa: S101 - it begins with a bracket
        return np.frombuffer(row.as_buffer(of_type="d")).reshape(1, size)
    except (ValueError, TypeError, RuntimeError):  # RuntimeError: an integer of more than 64 bits
        return None


def _one_by_one(content: bytes) -> Array:
    """The instances of a long text, each parsed by itself.

    One call for all of them would hold the interpreter for a quarter of a second, and the event
    loop with it; and a number in a list takes ten times the memory of one in an array.

    Raises:
        ValueError: It holds other than arrays of one shape, or too many of them.
    """
    rows: list[Array] = []
    at = depth = begin = 0
    for bracket in _BRACKET.finditer(content):
        depth += 1 if bracket.group() == b"[" else -1
        if depth == 2 and bracket.group() == b"[":
            begin = bracket.start()
            if not (_BETWEEN if rows else _BEFORE).fullmatch(content, at, begin):
                break
        elif depth == 1 and bracket.group() == b"]":
            at = bracket.end()
            rows.append(np.array(orjson.loads(content[begin:at]), np.float64))
            if len(rows) > MAX_INSTANCES:
                break
    if depth or not _AFTER.fullmatch(content, at):
        raise ValueError("this is not a list of arrays alone")
    return np.stack(rows)


_BRACKET = re.compile(rb"[\[\]]")
_BEFORE = re.compile(rb'[ \t\n\r]*\{[ \t\n\r]*"instances"[ \t\n\r]*:[ \t\n\r]*\[[ \t\n\r]*')
_BEFORE_A_ROW = re.compile(_BEFORE.pattern + rb"(?=\[)")
_BETWEEN = re.compile(rb"[ \t\n\r]*,[ \t\n\r]*")
_AFTER = re.compile(rb"[ \t\n\r]*\][ \t\n\r]*\}[ \t\n\r]*")
_ONLY_KEY = re.compile(rb'\s*\{\s*"instances"')
_NO_NUMBERS = (b'"', b"u", b"l")
"""What text, true, false and null have in common: one of these."""


def from_files(
    model: LoadedModel, uploads: Sequence[tuple[str | None, bytes]], mode: Preprocess, pixels: int
) -> list[Input]:
    """Prepare uploaded image files, (name, content) each.

    Raises:
        InvalidInput: Some cannot be read; every one of them is named.
    """
    _needs_image_input(model)
    inputs, errors = [], []
    for i, (filename, content) in enumerate(uploads):
        base = None if filename is None else filename.replace("\\", "/").rsplit("/", 1)[-1]
        try:
            prepared = prepare.prepare(content, mode=mode, max_pixels=pixels)
        except UnusableImage as error:
            named = f"{base}: {error}" if base else str(error)
            errors.extend(InvalidInput.at(("files", i), named, error.kind).errors)
            continue
        inputs.append(_input(model, prepared, base))
    if errors:
        raise InvalidInput(errors)
    return inputs


def from_instances(
    model: LoadedModel, instances: Sequence[Any], mode: Preprocess, pixels: int
) -> list[Input]:
    """Prepare the instances of a JSON body: arrays, {"b64": ...} or {"strokes": ...}.

    Raises:
        InvalidInput: Some cannot be read; at the instance.
    """
    if not 1 <= len(instances) <= MAX_INSTANCES:
        msg = f"1 to {MAX_INSTANCES} instances are taken at a time, got {len(instances)}"
        raise InvalidInput.at(("instances",), msg, "instances_count")
    return [
        _from_instance(model, instance, ("instances", i), mode, pixels)
        for i, instance in enumerate(instances)
    ]


def image_url(x: Array) -> str:
    """An input or a reconstruction (channels, height, width) or flat, as a PNG in a data URL."""
    side = round(x.size**0.5)
    image = x.reshape(x.shape[-2:] if x.ndim > 1 else (side, -1)[:2])
    return render.data_url(np.clip(image, 0, 1))


def _from_instance(
    model: LoadedModel, instance: Any, loc: tuple[str | int, ...], mode: Preprocess, pixels: int
) -> Input:
    if isinstance(instance, dict):
        try:
            return _from_object(model, instance, loc, mode, pixels)
        except UnusableImage as error:
            raise InvalidInput.at(loc, str(error), error.kind) from error
    if not isinstance(instance, list):
        msg = (
            f"an instance is an array of shape {list(model.input_shape)} with values 0..1, "
            '{"b64": "<an image>"} or {"strokes": [[[x, y], ...], ...]}, '
            f"got {type(instance).__name__}"
        )
        raise InvalidInput.at(loc, msg, "instance_type")
    return Input(_array(model, instance, loc))


def _from_object(
    model: LoadedModel,
    instance: dict[str, Any],
    loc: tuple[str | int, ...],
    mode: Preprocess,
    pixels: int,
) -> Input:
    _needs_image_input(model)
    if not instance.keys() & {"b64", "strokes"}:
        got = ", ".join(instance)[:100] or "neither"
        raise InvalidInput.at(loc, f"an object here has b64 or strokes, got {got}", "instance_type")
    kind: type[EncodedImage] | type[Drawing] = Drawing if "strokes" in instance else EncodedImage
    try:
        body = TypeAdapter(kind).validate_python(instance)
    except ValidationError as error:
        raise InvalidInput(
            [
                e
                for one in error.errors(include_url=False)
                for e in InvalidInput.at((*loc, *one["loc"]), one["msg"], one["type"]).errors
            ]
        ) from error
    if isinstance(body, EncodedImage):
        content = _decoded(body.b64, (*loc, "b64"))
        return _input(model, prepare.prepare(content, mode=mode, max_pixels=pixels))
    if body.points > MAX_POINTS:
        msg = f"a drawing has at most {MAX_POINTS} points, got {body.points}"
        raise InvalidInput.at((*loc, "strokes"), msg, "too_many_points")
    return _input(model, strokes.rasterize(body.lines))


def _decoded(text: str, loc: tuple[str | int, ...]) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidInput.at(loc, f"not base64: {error}", "base64_invalid") from error


def _array(model: LoadedModel, values: list[Any], loc: tuple[str | int, ...]) -> Array:
    """An array as it was sent, in the model's shape or flat, checked."""
    expected = f"an array of shape {list(model.input_shape)} (or flat) with values 0..1"
    try:
        x = np.asarray(values)
    except ValueError as error:
        msg = f"expected {expected}, got lists of different lengths"
        raise InvalidInput.at(loc, msg, "ragged_array") from error
    if x.dtype.kind not in "iuf" or _holds_bool(values):
        raise InvalidInput.at(loc, f"expected {expected}, got other than numbers", "not_numbers")
    if x.shape not in model.input_forms:
        raise InvalidInput.at(loc, f"expected {expected}, got shape {list(x.shape)}", "array_shape")
    if not ((x >= 0) & (x <= 1)).all():
        raise InvalidInput.at(
            loc, f"expected {expected}, got values from {x.min()} to {x.max()}", "array_range"
        )
    return x.astype(np.float32).reshape(model.input_shape)


def _holds_bool(values: list[Any]) -> bool:
    """Whether true or false is among the numbers, where NumPy would take it for 1 or 0."""
    kinds = set(map(type, values))
    return bool in kinds or (list in kinds and any(map(_holds_bool, values)))


def _needs_image_input(model: LoadedModel) -> None:
    if math.prod(model.input_shape) != SIDE**2:
        raise InvalidInput.at(
            (),
            f"images and strokes become {SIDE}×{SIDE} numbers; this model takes an array of shape "
            f"{list(model.input_shape)}",
            "not_an_image_model",
        )


def _input(model: LoadedModel, prepared: Prepared, filename: str | None = None) -> Input:
    x = prepared.image.reshape(model.input_shape)
    return Input(x, filename, prepared.warnings)
