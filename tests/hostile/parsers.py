"""Every parser of a client's bytes under coverage-guided fuzzing: only its own refusals come out.

`python -m tests.hostile.parsers json 60 <corpus>` drives one for a minute; needs atheris.
"""

import contextlib
import io
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["app", "json", "zipfile"]):
    from starlette.exceptions import HTTPException

    from app.api import strict_json
    from app.api.v2 import envelope
    from app.domain.datasets import DatasetLimits
    from app.domain.definitions import Limits
    from app.domain.errors import MnistryError
    from app.formats import dataset_file, keras, npz, safetensors, tensors_v2
    from app.vision import decode

SECONDS_FOR_ONE = 10
"""One input that takes longer is a finding too."""

_LIMITS = Limits(100_000, 100_000, 10_000_000)
_DATASET = DatasetLimits(1_000_000, 10_000, 100, 100_000)


def _dataset(data: bytes) -> None:
    def refuse(_content: bytes) -> object:
        raise MnistryError

    with dataset_file.opened(io.BytesIO(data), None, refuse, _DATASET) as upload:  # type: ignore[arg-type]
        for incoming in upload.splits.values():
            for _ in incoming.blocks:
                pass


PARSERS: Mapping[str, Callable[[bytes], object]] = {
    "json": strict_json.loads,
    "v2": lambda data: envelope.split(
        {b"inference-header-content-length": b"%d" % len(data)}, data
    ),
    "tensor": lambda data: tensors_v2.from_bytes("input", "BYTES", [3], memoryview(data)),
    "image": lambda data: decode.decode(data, max_pixels=100_000),
    "safetensors": lambda data: safetensors.read(data, None, _LIMITS),
    "npz": lambda data: npz.read(data, None, _LIMITS),
    "keras": lambda data: keras.read(data, None, _LIMITS),
    "dataset": _dataset,
}


def main(name: str, seconds: int, corpus: Path) -> None:
    """Fuzz one parser for a time; the process ends with 0 where nothing came out of it."""
    parse = PARSERS[name]

    def one(data: bytes) -> None:
        with contextlib.suppress(MnistryError, HTTPException):
            parse(data)

    options = [f"-max_total_time={seconds}", f"-timeout={SECONDS_FOR_ONE}", "-rss_limit_mb=2048"]
    artifacts = f"-artifact_prefix={corpus.parent}/"
    atheris.Setup([sys.argv[0], *options, artifacts, "-print_final_stats=1", str(corpus)], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))
