"""What schemathesis is told of this service: what files hold, what there is, what no schema says.

Every check of schemathesis is on. Two are put in words of our own: that what validates is taken,
and that what does not is refused. A schema knows nothing of what is stored, and nothing of rules
between fields: where a refusal names such a rule, and no other, it is right.
"""

import io
import itertools
import json
import os
import re
import uuid
from pathlib import Path
from typing import Any

import schemathesis
from hypothesis import strategies as st
from PIL import Image, ImageDraw
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from app.api.media import IMAGE_TYPES
from tests.dataset_files import arrays, npz

WAIT = 0.01
"""So long a case waits for a job: to wait longer finds nothing, and takes a minute."""

KNOWN = {
    name: os.environ[f"KNOWN_{name.upper()}"]
    for name in ("job_id", "network_id", "model", "version")
}
"""What there is, by the names of parameters in paths."""

NO_SCHEMA_SAYS: dict[str, str] = {
    "one_network": "exactly one of three fields; as a union, generators would make three requests",
    "shape_mismatch": "a layer takes what the one before it gives",
    "network_too_large": "the sum over all layers is limited",
    "too_many_layers": "those inside residuals count too",
    "needs_softmax": "the last layer depends on the loss",
    "nesterov_needs_momentum": "one field depends on another",
    "needs_validation": "one field depends on another",
    "no_training_samples": "what is left depends on another field",
    "too_many_samples": "what a dataset holds",
    "copy_or_new": "from excludes the fields that it stands for",
    "duplicate_class": "names of classes are distinct",
    "sample_too_large": "a product of dimensions is limited",
    "too_many_combinations": "a product of lengths is limited",
    "array_shape": "the shape is the model's",
    "ragged_array": "rows are of one length",
    "columns_differ": "records have the columns of the first",
    "unusable_file": "no schema says what a file holds",
    "unknown_network": "what a body names has to be there",
    "unknown_model": "what a body names has to be there",
    "unknown_dataset": "what a body names has to be there",
    "unknown_label": "the classes are the dataset's",
    "empty_split": "what a dataset holds",
    "cursor_invalid": "a cursor is what the service gave for this list",
    "image_format": "no schema says what a file holds",
    "image_blank": "no schema says what a file holds; of all strokes, one has a point",
    "too_many_explained": "a parameter limits the length of the body",
    "base64_invalid": "contentEncoding is an annotation, no rule (JSON Schema 2020-12, §8)",
}
"""The types of errors that a valid request may be answered with, and why."""

OF_OPERATIONS: dict[str, dict[str, str]] = {
    "datasets_create": {"missing": "without from, two other fields are needed"},
    "sweeps_create": {"extra_forbidden": "the names in a grid are those of the base's fields"},
}
"""More of them, for one operation each."""

INFER_NO_SCHEMA_SAYS = re.compile(
    "|".join(
        (
            r"expected shape \[",  # the shape is the model's
            r"shape \[.*\] has [\d,]+ elements, data has",  # a product of dimensions
            r"data of \w+ is ",  # what data holds depends on the datatype
            r"BF16 has no form in JSON",
            r"data has lists of different lengths",
            r"data or binary_data_size, not both",
            r"binary_data_size: it says",  # the length of what is behind the JSON
            r"Inference-Header-Content-Length: it is the length",
            r"integer of at least [01], got .*\de\+\d",  # more than 64 bits are a float
        )
    )
)
"""The same of the Open Inference Protocol, where an error has no type, and 400 in place of 422."""


def seven(form: str) -> bytes:
    """A drawn 7 as an image file."""
    image = Image.new("L", (28, 28), 0)
    ImageDraw.Draw(image).line([(7, 6), (20, 6), (12, 22)], fill=255, width=2)
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


FILES = {
    "seven.png": seven("PNG"),
    "digits.npz": npz(arrays()),
    "digits.safetensors": Path(os.environ["KNOWN_EXPORT"]).read_bytes(),
}
"""What the files hold that examples name."""

for media_type in IMAGE_TYPES:
    file = seven(media_type.removeprefix("image/").upper())
    schemathesis.openapi.media_type(media_type, st.just(file))
schemathesis.openapi.media_type("application/zip", st.just(FILES["digits.npz"]))


TEXTS = {
    "network": ["null"],
    "classes": ["null", json.dumps(list("0123456789"))],
    "preprocessing": ["null"],
}
"""What stands in the parts of forms that are JSON: generators take contentSchema for a remark."""


@schemathesis.hook
def before_load_schema(_context: Any, raw_schema: Any) -> None:
    """Put files where examples name them, for JSON has no bytes; and JSON where forms have it."""
    operations = [one for path in raw_schema["paths"].values() for one in path.values()]
    for body in itertools.chain.from_iterable(
        operation.get("requestBody", {}).get("content", {}).values() for operation in operations
    ):
        if "example" in body:
            body["example"] = _with_files(body["example"])
        for example in body.get("examples", {}).values():
            example["value"] = _with_files(example["value"])
        for name, part in body["schema"].get("properties", {}).items():
            if "contentSchema" in part:
                part["enum"] = TEXTS[name]


def _with_files(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _with_files(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_with_files(one) for one in value]
    return FILES.get(value, value) if isinstance(value, str) else value


@schemathesis.hook
def map_body(_context: Any, body: Any) -> Any:
    """To JSON Schema 2.0 is an integer; here JSON is read strictly, and it is a float."""
    if isinstance(body, dict):
        return {name: map_body(_context, one) for name, one in body.items()}
    if isinstance(body, list):
        return [map_body(_context, one) for one in body]
    return int(body) if isinstance(body, float) and body.is_integer() else body


@schemathesis.hook
def map_path_parameters(context: Any, path_parameters: Any) -> Any:
    """Ask for what there is every other time; it is never deleted."""
    if not path_parameters or context.operation.method == "delete":
        return path_parameters
    there = {
        name: value for name, value in KNOWN.items() if len(str(path_parameters.get(name, "x"))) % 2
    }
    return {name: there.get(name, value) for name, value in path_parameters.items()}


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: Any) -> None:
    """Send every key once, and ask for no answer that takes its time.

    That is a long poll, or the stream of a job that waits.
    """
    operation = case.operation.definition.raw["operationId"]
    key = case.headers.get("Idempotency-Key")
    if isinstance(key, str) and 1 <= len(key) <= 200:
        case.headers["Idempotency-Key"] = f"{key}{uuid.uuid4().hex}"
    if operation == "jobs_events":
        case.headers["Accept"] = "application/json"
    elif operation == "jobs_read" and "wait" in (case.query or {}):
        try:
            wait = float(case.query["wait"])
        except (TypeError, ValueError):
            return
        if WAIT < wait <= 60:
            case.query["wait"] = WAIT


@schemathesis.check
def taken_unless_no_schema_says_why(context: Any, response: Any, case: Any) -> bool | None:
    """A valid request is taken, or refused for a rule that no schema can say."""
    operation = case.operation.definition.raw["operationId"]
    if response.status_code == 422:
        kinds = {one["type"] for one in response.json().get("errors", [])}
        if kinds and kinds <= NO_SCHEMA_SAYS.keys() | OF_OPERATIONS.get(operation, {}).keys():
            return None
    if response.status_code == 400 and operation.startswith("v2_infer"):
        if INFER_NO_SCHEMA_SAYS.search(response.json()["error"]):
            return None
        if case.media_type == "application/octet-stream":
            return None  # no schema says what a file holds
        if "Inference-Header-Content-Length" in case.headers:
            return None  # and this says where JSON is cut off
    if _is_filled_up(case):
        return None
    return positive_data_acceptance(context, response, case)


def _is_filled_up(case: Any) -> bool:
    """Whether a form breaks its schema, though it is said to be valid.

    Beside a registered file schemathesis puts empty texts, whatever their pattern is, and one file
    where there is a list of them.
    """
    if case.media_type != "multipart/form-data" or not isinstance(case.body, dict):
        return False
    return "" in case.body.values() or isinstance(case.body.get("files"), bytes)


@schemathesis.check
def refused_if_anything_is_wrong(context: Any, response: Any, case: Any) -> bool | None:
    """An invalid request is refused; a whole file of ours that is sent as it is, is none.

    Schemathesis takes bodies from registered strategies into invalid cases too, says so, and
    expects them to be refused.
    """
    said = getattr(case.meta.phase.data, "description", None) if case.meta else None
    if said is not None and said.startswith("Custom media type"):
        return None
    return negative_data_rejection(context, response, case)


@schemathesis.check
def status_is_named(context: Any, response: Any, case: Any) -> None:
    """`default` is for what stands before the service: what it answers itself has a status."""
    named = case.operation.definition.raw["responses"]
    if response.status_code not in (405, *(int(status) for status in named if status.isdigit())):
        msg = f"{response.status_code} is not named: {response.text[:300]}"
        raise AssertionError(msg)
