"""Files that somebody sends who means harm, as (name, bytes): each has to be refused.

By what they are sent as: `datasets`, `models` and `images`. They are small themselves; what some of
them would become is not.
"""

import io
import json
import pickle
import struct
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

import h5py
import numpy as np
from numpy.lib import format as npy_format
from PIL import Image

from tests.dataset_files import idx, idx_files, png, zipped
from tests.dataset_files import images as noise

Files = Iterator[tuple[str, bytes]]

CANARY = "mnistry-canary"
"""What the names and codes in these files would leave somewhere, if anything did as they say."""

NETWORK: dict[str, Any] = {
    "input_shape": [1, 28, 28],
    "layers": [{"type": "flatten"}, {"type": "dense", "output_dim": 10}, {"type": "softmax"}],
}
"""The network that models without one of their own are sent with."""


class Canary:
    """A pickle of this would make a file."""

    def __reduce__(self) -> tuple[Any, ...]:
        return eval, (f"open('/tmp/{CANARY}', 'w').close()",)


# Zip archives, byte by byte


@dataclass(frozen=True)
class Entry:
    """An entry of a zip, and what is said of it, which need not be so."""

    name: bytes
    content: bytes = b""
    method: int = 0
    flags: int = 0
    mode: int = 0o100644
    packed: int | None = None
    unpacked: int | None = None
    checksum: int | None = None
    at: int | None = None
    extra: bytes = b""

    @cached_property
    def body(self) -> bytes:
        return _deflated(self.content) if self.method == 8 else self.content

    def fields(self) -> bytes:
        """What the local header and the list of entries both say."""
        packed = len(self.body) if self.packed is None else self.packed
        unpacked = len(self.content) if self.unpacked is None else self.unpacked
        checksum = zlib.crc32(self.content) if self.checksum is None else self.checksum
        sizes = (checksum, packed, unpacked, len(self.name), len(self.extra))
        return struct.pack("<HHHHHIIIHH", 20, self.flags, self.method, 0, 33, *sizes)


def archive(
    *entries: Entry,
    before: bytes = b"",
    after: bytes = b"",
    count: int | None = None,
    directory: int | None = None,
) -> bytes:
    out = bytearray(before)
    places = []
    for entry in entries:
        places.append(len(out) if entry.at is None else entry.at)
        if entry.at is None:
            out += b"PK\3\4" + entry.fields() + entry.name + entry.extra + entry.body
    start = len(out)
    for entry, place in zip(entries, places, strict=True):
        rest = struct.pack("<HHHII", 0, 0, 0, entry.mode << 16, place)
        out += b"PK\1\2" + b"\x14\3" + entry.fields() + rest + entry.name + entry.extra
    size = len(out) - start if directory is None else directory
    number = len(entries) if count is None else count
    out += b"PK\5\6" + struct.pack("<HHHHIIH", 0, 0, *[number & 0xFFFF] * 2, size, start, 0)
    return bytes(out + after)


def _deflated(content: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=-15)
    return packer.compress(content) + packer.flush()


def archives(good: Mapping[str, bytes]) -> Files:
    """A good archive with one thing wrong in it, which holds for datasets and models alike."""
    entries = [Entry(name.encode(), content, 8) for name, content in good.items()]
    first, rest = entries[0], entries[1:]
    whole = archive(*entries)
    for name, path in {
        "up": b"../../" + CANARY.encode(),
        "up inside": b"train/../../" + CANARY.encode(),
        "up with backslashes": b"..\\..\\" + CANARY.encode(),
        "absolute": b"/tmp/" + CANARY.encode(),
        "drive": b"C:\\" + CANARY.encode(),
        "share": b"\\\\host\\share\\" + CANARY.encode(),
        "NUL": b"train/a\0/" + CANARY.encode(),
        "long": b"a" * 300,
        "very long": b"a/" * 20_000,
    }.items():
        yield f"path: {name}", archive(*entries, Entry(path, b"content"))
    yield "link out", archive(*entries, Entry(b"link", b"/etc/passwd", mode=0o120777))
    yield "link in place", archive(replace(first, mode=0o120777), *rest)
    yield "name twice", archive(*entries, first)
    yield "encrypted", archive(replace(first, flags=1), *rest)
    yield "strongly encrypted", archive(replace(first, flags=0x41), *rest)
    yield "patched data", archive(replace(first, flags=0x20), *rest)
    for method in (1, 6, 9, 12, 14, 93, 95, 97, 98, 99, 0xFFFF):
        yield f"method {method}", archive(replace(first, method=method), *rest)
    yield "size too small", archive(replace(first, unpacked=10), *rest)
    yield "size too large", archive(replace(first, unpacked=2**31), *rest)
    yield "packed size too small", archive(replace(first, packed=3), *rest)
    yield "packed size too large", archive(replace(first, packed=2**31), *rest)
    yield "checksum", archive(replace(first, checksum=1), *rest)
    yield "zip64 without its field", archive(replace(first, unpacked=2**32 - 1), *rest)
    huge = struct.pack("<HHQQ", 1, 16, 2**63, 2**63)
    most = 2**32 - 1
    yield "zip64 of 2^63", archive(replace(first, extra=huge, unpacked=most, packed=most), *rest)
    yield "two entries in one place", archive(*entries, Entry(b"again.npy", first.content, 8, at=0))
    quoted = archive(Entry(b"inner", archive(*entries)), *entries)
    yield "entry within another", archive(*entries, before=quoted)
    yield "a program before it", archive(*entries, before=b"MZ" + b"\0" * 500)
    yield "something after it", whole + b"<html>"
    yield "another archive after it", whole + whole
    yield "cut off", whole[: len(whole) // 2]
    yield "end cut off", whole[:-1]
    yield "no list", archive(*entries, directory=0)
    yield "list beyond the file", archive(*entries, directory=2**31)
    yield "fewer entries than said", archive(*entries, count=60_000)
    yield "no entries", archive()
    yield "archive in archive", archive(Entry(b"good.zip", whole))
    zeros = bytes(2**26 + 2**20)
    yield "zeros as an entry", archive(Entry(first.name, zeros, 8), *rest)
    part = Entry(b"", bytes(2**22), 8)
    many = [replace(part, name=b"train/a/%d.png" % i) for i in range(30)]
    yield "zeros in many entries", archive(*many)
    yield "many empty entries", archive(*(Entry(b"%d" % i) for i in range(110_000)))


# Arrays


def npy(text: str, body: bytes, version: tuple[int, int] = (1, 0), length: int = -1) -> bytes:
    header = text.encode("utf-8", "surrogatepass")
    size = len(header) if length < 0 else length
    width = 2 if version[0] == 1 else 4
    return b"\x93NUMPY" + bytes(version) + size.to_bytes(width, "little") + header + body


def array(values: Any) -> bytes:
    out = io.BytesIO()
    npy_format.write_array(out, np.asarray(values), allow_pickle=False)
    return out.getvalue()


def described(dtype: str, shape: str, *, order: bool = False) -> str:
    return f"{{'descr': {dtype}, 'fortran_order': {order}, 'shape': {shape}, }}\n"


def arrays(samples: int) -> Files:
    """What is not even an array, or none of numbers, whatever it is to be."""
    body = bytes(samples * 784)
    for dtype in (
        *("'|O'", "'|V0'", "'|V8'", "'|S784'", "'<U4'", "'<M8[s]'", "'<c8'", "'<c16'", "'|b1'"),
        *("[('a', '<f4')]", "[('a', '|O')]", "('<f4', (2**31,))", "'<f99'", "'nonsense'", "''"),
        *("None", "1", "[]", "{}", "'O'", "'<i4,<i4'", "'<f16'"),
    ):
        yield f"dtype {dtype}", npy(described(dtype, f"({samples}, 28, 28)"), body)
    for shape in (
        *("(1152921504606846976,)", "(4294967295, 28, 28)", f"({samples}, 2147483648, 2147483648)"),
        *(f"({samples}, -28, 28)", "(-1,)", "()", "(True,)", "('40',)", "(1.5,)", "None", "40"),
        *(f"({samples}, 0, 28)", f"({samples}, 28, 28, 0)", f"({samples}, 1, 1, 1, 28, 28)"),
        *(f"[{samples}, 28, 28]", f"({samples}, 4096, 4096)", f"({10**30}, 28, 28)"),
        *(f"({samples + 1}, 28, 28)", f"({samples - 1}, 28, 28)"),
    ):
        yield f"shape {shape}", npy(described("'|u1'", shape), body)
    good = described("'|u1'", f"({samples}, 28, 28)")
    yield "one byte more", npy(good, body + b"\0")
    yield "one byte less", npy(good, body[:-1])
    yield "no numbers", npy(good, b"")
    yield "a file after it", npy(good, body + b"PK\3\4")
    yield "empty", b""
    yield "magic alone", b"\x93NUMPY"
    yield "no length", b"\x93NUMPY\1\0"
    for version in ((0, 0), (1, 1), (2, 1), (4, 0), (255, 255)):
        yield f"version {version}", npy(good, body, version)
    yield "header of 4 GiB", npy(good, body, (2, 0), 2**32 - 1)
    yield "header longer than the file", npy(good, b"", (2, 0), 9_999)
    yield "header cut off", npy(good[:30], body)
    yield "header too long", npy(good + " " * 20_000, body, (2, 0))
    for name, text in {
        "a call": "__import__('os').system('id')",
        "a list": "[1, 2]",
        "brackets": "(" * 5000,
        "signs": "-" * 5000 + "1",
        "no end": "{'descr': '|u1', 'fortran_order': False, 'shape': (",
        "a key missing": "{'descr': '|u1', 'shape': (40, 28, 28)}",
        "a key more": "{'descr': '|u1', 'fortran_order': False, 'shape': (40,), 'x': 1}",
        "NUL": "{'descr': '|u1'\0}",
        "not text": "\udc80",
        "order is a text": "{'descr': '|u1', 'fortran_order': 'no', 'shape': (40, 28, 28)}",
        "nothing": "",
    }.items():
        yield f"header: {name}", npy(text, body)
    yield "pickle", pickle.dumps(Canary())
    yield "pickle in an array", npy(described("'|O'", "(1,)"), pickle.dumps(Canary()))


# Datasets


def _dataset(train: int = 40, test: int = 20) -> dict[str, bytes]:
    return {
        "x_train.npy": array(noise(train, 1)),
        "y_train.npy": array(np.arange(train) % 10),
        "x_test.npy": array(noise(test, 2)),
        "y_test.npy": array(np.arange(test) % 10),
    }


def datasets() -> Files:
    """What is sent as a dataset."""
    for name, content in archives(_dataset()):
        yield f"dataset: zip: {name}", content
    for name, content in islice(arrays(40), 0, None, 2):
        yield f"dataset: images: {name}", zipped({**_dataset(), "x_train.npy": content})
    for name, values in _numbers().items():
        part, _, _ = name.partition(" ")
        yield f"dataset: {name}", zipped({**_dataset(), f"{part}.npy": array(values)})
    for name in _dataset():
        rest = {other: content for other, content in _dataset().items() if other != name}
        yield f"dataset: without {name}", zipped(rest)
    for name, content in _idx():
        yield f"dataset: idx: {name}", content
    for name, content in _folders():
        yield f"dataset: folders: {name}", content
    for name, content in _nothing_known():
        yield f"dataset: {name}", content


def _numbers() -> dict[str, Any]:
    """Arrays whose numbers cannot be; the first word is the array."""
    floats = np.zeros((40, 28, 28), np.float32)
    return {
        "x_train beyond one": floats + 2,
        "x_train below zero": floats - 1,
        "x_train not a number": np.full_like(floats, np.nan),
        "x_train infinite": np.full_like(floats, np.inf),
        "x_train beyond a byte": np.full((40, 28, 28), 256, np.int32),
        "x_train negative": np.full((40, 28, 28), -1, np.int64),
        "x_train other shape": noise(40, 1, (27, 28)),
        "x_train by columns": np.asfortranarray(noise(40, 1)),
        "y_train too few": np.arange(39),
        "y_train too many": np.arange(41) % 10,
        "y_train negative": np.full(40, -1),
        "y_train smallest": np.full(40, -(2**63)),
        "y_train largest": np.full(40, 2**64 - 1, np.uint64),
        "y_train floats": np.zeros(40),
        "y_train one-hot": np.zeros((40, 10), np.int64),
        "y_train text": np.array(["7"] * 40),
        "y_train flags": np.zeros(40, bool),
        "y_test too few": np.arange(2),
    }


def _idx() -> Files:
    images, labels = "train-images-idx3-ubyte", "train-labels-idx1-ubyte"
    good = idx_files()
    body = good[images][16:]

    def sizes(*numbers: int) -> bytes:
        return struct.pack(f">{len(numbers)}I", *numbers)

    magic = b"\0\0\x08\3"
    for name, content in {
        "count of 2^32-1": magic + sizes(2**32 - 1, 28, 28) + body,
        "sides of 2^32-1": magic + sizes(40, 2**32 - 1, 2**32 - 1) + body,
        "side of none": magic + sizes(40, 0, 28) + body,
        "a byte more": good[images] + b"\0",
        "a byte less": good[images][:-1],
        "header alone": good[images][:16],
        "header cut off": good[images][:9],
        "nothing": b"",
        "one byte": b"\0",
        "little-endian": b"\3\x08\0\0" + good[images][4:],
        "floats": b"\0\0\x0d\3" + good[images][4:],
        "signed bytes": b"\0\0\x09\3" + good[images][4:],
        "unknown type": b"\0\0\xff\3" + good[images][4:],
        "no axes": b"\0\0\x08\0" + body,
        "255 axes": b"\0\0\x08\xff" + body,
        "labels in its place": good[labels],
        "fewer than labels": idx(noise(39)),
        "zip in its place": zipped({"a": b"b"}),
    }.items():
        yield name, zipped({**good, images: content})
    yield "labels of 2^32-1", zipped({**good, labels: b"\0\0\x08\1" + sizes(2**32 - 1)})
    yield "labels with a tail", zipped({**good, labels: good[labels] + b"\7"})
    yield "one file missing", zipped({n: c for n, c in good.items() if n != labels})
    for name, content in _gzips(good[images]).items():
        yield f"gzip {name}", zipped({**good, images: content})


def _gzips(content: bytes) -> dict[str, bytes]:
    packer = zlib.compressobj(9, wbits=31)
    good = packer.compress(content) + packer.flush()
    packer = zlib.compressobj(9, wbits=31)
    bomb = packer.compress(content[:4] + struct.pack(">3I", 80_000, 28, 28) + bytes(2**26))
    return {
        "cut off": good[:-10],
        "without its checksum": good[:-8],
        "with a wrong checksum": good[:-8] + b"\0" * 8,
        "with a tail": good + b"tail",
        "with another behind it": good + good,
        "header alone": good[:10],
        "of another method": good[:2] + b"\7" + good[3:],
        "bomb": bomb + packer.flush(),
        "in gzip": _gzips_once(good),
    }


def _gzips_once(content: bytes) -> bytes:
    packer = zlib.compressobj(9, wbits=31)
    return packer.compress(content) + packer.flush()


def _folders() -> Files:
    good = png(noise(1)[0])
    beside = {f"{split}/a/{i}.png": good for split in ("train", "test") for i in range(2)}
    for name, content in images():
        if name.startswith(("image: bomb", "image: format")):
            yield f"with {name}", zipped({**beside, "train/b/x.png": content})
    yield "only a test split", zipped({"test/a/1.png": good})
    yield "images outside", zipped({**beside, "stray.png": good})
    yield "a class of a control character", zipped({**beside, "train/a\x07b/1.png": good})
    yield "a class of a long name", zipped({**beside, f"train/{'a' * 200}/1.png": good})


# Models


def models() -> Files:
    """What is sent as a model, beside NETWORK."""
    weights = {"1.W": np.zeros((784, 10), np.float32), "1.b": np.zeros(10, np.float32)}
    good = {f"{name}.npy": array(values) for name, values in weights.items()}
    # One function reads the headers here and there: half of them are sent as datasets, half here.
    # Archives too, of which a third will do.
    for name, content in islice(archives(good), 0, None, 3):
        yield f"model: zip: {name}", content
    for name, content in islice(arrays(10), 1, None, 2):
        yield f"model: npz: {name}", zipped({**good, "1.W.npy": content})
    for name, content in _safetensors(weights):
        yield f"model: safetensors: {name}", content
    for name, content in _keras(weights):
        yield f"model: keras: {name}", content
    for name, content in _nothing_known():
        yield f"model: {name}", content


def tensors(header: Any, body: bytes, length: int = -1) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return (len(text) if length < 0 else length).to_bytes(8, "little") + text + body


def _safetensors(weights: Mapping[str, Any]) -> Files:
    kernel, bias = (weights[name].nbytes for name in ("1.W", "1.b"))
    body = b"".join(values.tobytes() for values in weights.values())

    def place(shape: Sequence[Any], begin: Any, end: Any, dtype: Any = "F32") -> dict[str, Any]:
        return {"dtype": dtype, "shape": shape, "data_offsets": [begin, end]}

    w, b = place([784, 10], 0, kernel), place([10], kernel, kernel + bias)
    text = json.dumps({"1.W": w, "1.b": b}).encode()
    for name, entry in {
        "overlap": place([10], 0, bias),
        "hole": place([10], kernel + 4, kernel + bias + 4),
        "end before begin": place([10], kernel + bias, kernel),
        "negative": place([10], -40, 0),
        "beyond the file": place([10], 2**40, 2**40 + 40),
        "shape overflows": place([4194305, 4194305, 211106198978564], kernel, kernel + bias),
        "shape of nothing": place([0], kernel, kernel),
        "shape below 0": place([-10], kernel, kernel + bias),
        "shape too long": place([1] * 100_000, kernel, kernel + bias),
        "shape of texts": place(["10"], kernel, kernel + bias),
        "shape of floats": place([10.0], kernel, kernel + bias),
        "shape of flags": place([True] * 10, kernel, kernel + bias),
        "longer than its shape": place([9], kernel, kernel + bias),
        "integers": place([10], kernel, kernel + bias, "I32"),
        "flags": place([40], kernel, kernel + bias, "BOOL"),
        "eight bits": place([40], kernel, kernel + bias, "F8_E4M3"),
        "unknown type": place([10], kernel, kernel + bias, "F31"),
        "a type that is none": place([10], kernel, kernel + bias, ["F32"]),
        "offsets of texts": place([10], str(kernel), str(kernel + bias)),
        "offsets of floats": place([10], float(kernel), float(kernel + bias)),
        "another shape": place([5, 2], kernel, kernel + bias),
        "a field more": {**b, "extra": 1},
        "a field missing": {"dtype": "F32", "shape": [10]},
        "null": None,
        "a list": [1],
    }.items():
        yield f"place: {name}", tensors({"1.W": w, "1.b": entry}, body)
    for name, header in {
        "a name twice": text[:-1] + b', "1.b": ' + json.dumps(b).encode() + b"}",
        "a space before it": b" " + text,
        "a byte order mark": b"\xef\xbb\xbf" + text,
        "not UTF-8": text.replace(b"1.b", b"\xff\xfe\xfd"),
        "UTF-16": text.decode().encode("utf-16"),
        "a list": b"[]",
        "empty": b"",
        "cut off": text[:-5],
        "deep": b'{"a":' * 50_000,
        "a long number": b'{"a": ' + b"9" * 10_000 + b"}",
        "not a number": b'{"a": NaN}',
        "a tail": text + b"garbage",
        "a path": text.replace(b"1.b", b"../../" + CANARY.encode()),
        "NUL in a name": text.replace(b'"1.b"', b'"1.b\\u0000"'),
        "texts that are none": text[:-1] + b', "__metadata__": {"a": 1}}',
        "texts as a list": text[:-1] + b', "__metadata__": []}',
        "own texts that are none": text[:-1] + b', "__metadata__": {"mnistry": "[1]"}}',
        "own texts cut off": text[:-1] + b', "__metadata__": {"mnistry": "{"}}',
    }.items():
        yield f"header: {name}", tensors(header, body)
    many = {f"t{i}": place([1], 4 * i, 4 * i + 4) for i in range(20_000)}
    yield "too many arrays", tensors(many, bytes(80_000))
    yield "a header of 16 MiB", tensors(text + b" " * 2**24, body)
    yield "a header of 2^63", tensors(text, body, 2**63)
    yield "a header beyond the file", tensors(text, body, len(text) + len(body) + 1)
    yield "a header of nothing", tensors(text, body, 0)
    yield "a tail", tensors(text, body + b"tail")
    yield "an archive behind it", tensors(text, body + zipped({"a": b"b"}))
    yield "cut off", tensors(text, body[:-1])
    yield "seven bytes", bytes(7)
    for name, number in {"NaN": np.nan, "infinity": np.inf}.items():
        wild = body[:-4] + np.float32(number).tobytes()
        yield f"with {name}", tensors(text, wild)
    yield "an array missing", tensors({"1.W": w}, body[:kernel])


def _keras(weights: Mapping[str, Any]) -> Files:
    config = {
        "class_name": "Sequential",
        "config": {
            "layers": [
                _layer("InputLayer", batch_shape=[None, 784]),
                _layer("Dense", units=10, activation="softmax", use_bias=True),
            ]
        },
    }

    def packed(value: Any, h5: bytes | None = None) -> bytes:
        text = value if isinstance(value, bytes) else json.dumps(value).encode()
        weights_file = _h5(weights) if h5 is None else h5
        return zipped({"config.json": text, "model.weights.h5": weights_file})

    def with_layer(**changes: Any) -> bytes:
        layers = config["config"]["layers"]  # type: ignore[index]
        return packed({**config, "config": {"layers": [layers[0], {**layers[1], **changes}]}})

    for module, kind in (
        *(("os", "system"), ("builtins", "eval"), ("keras.layers", "Lambda")),
        *(("keras.layers", "TorchModuleWrapper"), ("keras.utils", "get_file")),
        *(("subprocess", "run"), ("keras.src.layers.core.dense", "Dense"), ("numpy", "load")),
    ):
        yield f"class {module}.{kind}", with_layer(module=module, class_name=kind)
    code = {"class_name": "__lambda__", "config": {"value": "print(1)"}}
    yield "code as activation", with_layer(config={"units": 10, "activation": code})
    yield "registered name", with_layer(registered_name=f"evil>{CANARY}")
    yield "a lambda", with_layer(class_name="Lambda", config={"function": code})
    for units in (0, -1, 2**63, 10**9, 1.5, "10", None, True, [10]):
        yield f"units {units!r}", with_layer(config={"units": units, "name": "dense"})
    configs: dict[str, Any] = {
        "nothing": b"",
        "a list": [],
        "null": None,
        "deep": b'{"a":' * 50_000,
        "a name twice": b'{"class_name": "Sequential", "class_name": "Model"}',
        "not a number": b'{"class_name": NaN}',
        "large": b'{"a": "' + b"x" * 2**23 + b'"}',
        "os": {"module": "os", "class_name": "system", "config": {"command": "id"}},
        "no layers": {"class_name": "Sequential", "config": {"layers": []}},
        "layers that are none": {"class_name": "Sequential", "config": {"layers": "no"}},
        "another model": {"class_name": "Model", "config": config["config"]},
    }
    for name, value in configs.items():
        yield f"config: {name}", packed(value)
    good = _h5(weights)
    for cut in (0, 1, 8, 100, 512, len(good) // 2, len(good) - 100):
        yield f"HDF5 of {cut} bytes", packed(config, good[:cut])
    yield "HDF5 with holes", packed(config, good[:96] + bytes(400) + good[496:])
    yield "HDF5 that is a pickle", packed(config, pickle.dumps(Canary()))
    yield "HDF5 packed", packed(config, _h5(weights, compression="gzip"))
    yield "HDF5 elsewhere", packed(config, _h5_elsewhere())


def _layer(kind: str, **options: Any) -> dict[str, Any]:
    name = kind.lower()
    config = {"name": name, **options}
    return {"module": "keras.layers", "class_name": kind, "config": config, "name": name}


def _h5(weights: Mapping[str, Any], **options: Any) -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        for i, values in enumerate(weights.values()):
            file.create_dataset(f"layers/dense/vars/{i}", data=values, **options)
    return out.getvalue()


def _h5_elsewhere() -> bytes:
    out = io.BytesIO()
    with h5py.File(out, "w") as file:
        group = file.require_group("layers/dense/vars")
        group["0"] = h5py.ExternalLink("/etc/passwd", "/")
        group["1"] = h5py.SoftLink("/layers")
    return out.getvalue()


def _nothing_known() -> Files:
    """Files of other programs, and of none."""
    yield "pickle", pickle.dumps(Canary())
    yield "empty", b""
    yield "one byte", b"P"
    yield "PK alone", b"PK"
    yield "zeros", bytes(10_000)
    yield "gzip", _gzips_once(b"x" * 1000)
    yield "tar", b"a.txt".ljust(257, b"\0") + b"ustar\0" + bytes(800)
    yield "text", b"hello " * 100
    yield "HDF5", b"\x89HDF\r\n\x1a\n" + bytes(500)
    yield "program", b"\x7fELF\2\1\1" + bytes(500)
    yield "noise", np.random.default_rng(0).bytes(5000)


# Images


def images() -> Files:
    """What is sent as an image."""
    for name, content in _formats().items():
        yield f"image: format {name}", content
    for name, content in _bombs().items():
        yield f"image: bomb {name}", content
    for kind in ("PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        whole = _encoded(kind)
        for share in (5, 15, 30, 50, 70):
            yield f"image: {kind} cut to {share} %", whole[: len(whole) * share // 100]
        for at in range(2, 12):
            yield f"image: {kind} of {at} bytes", whole[:at]
        yield f"image: {kind} of zeros", whole[:20] + bytes(len(whole))
    for name, content in _chunks().items():
        yield f"image: PNG with {name}", content


def _encoded(kind: str) -> bytes:
    out = io.BytesIO()
    Image.fromarray(noise(1, 5, (64, 64))[0]).save(out, kind)
    return out.getvalue()


def _formats() -> dict[str, bytes]:
    """Formats that are not taken: some of them are programs, some are read by programs."""
    svg = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
    pixels = Image.fromarray(noise(1)[0])
    written = {}
    for kind in ("PPM", "ICO", "ICNS", "TGA", "PCX", "SGI", "DDS", "JPEG2000", "EPS", "PDF"):
        out = io.BytesIO()
        pixels.convert("RGB").save(out, kind)
        written[kind] = out.getvalue()
    return {
        **written,
        "SVG": svg,
        "SVG with a head": b'<?xml version="1.0"?>' + svg,
        "SVG that reads a file": b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]>' + svg,
        "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n",
        "PSD": b"8BPS\0\1" + bytes(20) + b"\0\0\0\0" * 4,
        "FITS": b"SIMPLE  =                    T" + b" " * 2850,
        "HEIC": b"\0\0\0\x18ftypheic" + bytes(100),
        "AVIF": b"\0\0\0\x18ftypavif" + bytes(100),
        "WMF": b"\xd7\xcd\xc6\x9a" + bytes(100),
        "XBM": b"#define a_width 8\n#define a_height 8\nstatic char a_bits[] = { 0 };",
        "XPM": b'/* XPM */ static char *a[] = {"1 1 1 1", "a c #000000", "a"};',
        "MPO": b"\xff\xd8\xff\xe2" + bytes(100),
        "HTML": b"<html><script>alert(1)</script></html>",
        "GIF that is HTML": b"GIF89a/*" + b"<script>alert(1)</script>" * 20,
        "BMP that is text": b"BM says hello",
        "TIFF that is none": b"II*\0" + b"\xff" * 200,
        "RIFF of sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(100),
        "WebP of nothing": b"RIFF\x04\0\0\0WEBP",
        **dict(_nothing_known()),
    }


def _png(*chunks: tuple[bytes, bytes]) -> bytes:
    parts = [b"\x89PNG\r\n\x1a\n"]
    for kind, body in chunks:
        crc = zlib.crc32(kind + body)
        parts.append(struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc))
    return b"".join(parts)


def _ihdr(width: int, height: int, *rest: int) -> tuple[bytes, bytes]:
    return b"IHDR", struct.pack(">IIBBBBB", width, height, *(rest or (8, 0, 0, 0, 0)))


_IDAT = (b"IDAT", zlib.compress(bytes(29 * 28)))
_IEND = (b"IEND", b"")


def _bombs() -> dict[str, bytes]:
    """Few bytes that claim to be many pixels."""
    sizes = (
        (65_535, 65_535),
        (12_000, 12_000),
        (1, 10**8),
        (10**8, 1),
        (4001, 4000),
        (2**31 - 1, 1),
    )
    bombs = {f"PNG {w}×{h}": _png(_ihdr(w, h), _IDAT, _IEND) for w, h in sizes}
    for width, height in ((65_535, 65_535), (12_000, 12_000), (65_500, 1000)):
        jpeg = bytearray(_encoded("JPEG"))
        frame = jpeg.index(b"\xff\xc0")
        jpeg[frame + 5 : frame + 9] = struct.pack(">HH", height, width)
        bombs[f"JPEG {width}×{height}"] = bytes(jpeg)
        gif = bytearray(_encoded("GIF"))
        gif[6:10] = struct.pack("<HH", width, height)
        bombs[f"GIF {width}×{height}"] = bytes(gif)
        bmp = bytearray(_encoded("BMP"))
        bmp[18:26] = struct.pack("<ii", width, height)
        bombs[f"BMP {width}×{height}"] = bytes(bmp)
        bombs[f"TIFF {width}×{height}"] = _tiff(width, height)
    canvas = struct.pack("<I", 16_382)[:3] * 2
    chunk = b"VP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + canvas
    bombs["WebP 16383×16383"] = b"RIFF" + struct.pack("<I", 4 + len(chunk)) + b"WEBP" + chunk
    packed = zlib.compress(bytes(2**26), 9)
    bombs["zTXt"] = _png(_ihdr(28, 28), (b"zTXt", b"a\0\0" + packed), _IEND)
    bombs["iTXt"] = _png(_ihdr(28, 28), (b"iTXt", b"a\0\1\0\0\0" + packed), _IEND)
    return bombs


def _tiff(width: int, height: int) -> bytes:
    tags = ((256, width), (257, height), (258, 8), (259, 1), (262, 1), (273, 200), (278, height))
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(200)


def _chunks() -> dict[str, bytes]:
    head = _ihdr(28, 28)
    good = _png(head, _IDAT, _IEND)
    return {
        "no width": _png(_ihdr(0, 28), _IDAT, _IEND),
        "no height": _png(_ihdr(28, 0), _IDAT, _IEND),
        "three bits": _png(_ihdr(28, 28, 3, 0, 0, 0, 0), _IDAT, _IEND),
        "colour type 9": _png(_ihdr(28, 28, 8, 9, 0, 0, 0), _IDAT, _IEND),
        "no palette": _png(_ihdr(28, 28, 8, 3, 0, 0, 0), _IEND),
        "no pixels": _png(head, _IEND),
        "too few pixels": _png(head, (b"IDAT", zlib.compress(bytes(40))), _IEND),
        "pixels that are not packed": _png(head, (b"IDAT", bytes(812)), _IEND),
        "pixels first": _png(_IDAT, head, _IEND),
        "no head": _png(_IEND),
        "a short head": _png((b"IHDR", bytes(5)), _IDAT, _IEND),
        "a wrong checksum": good[:29] + b"\0\0\0\0" + good[33:],
        "a head of 2^31": good[:8] + b"\x7f\xff\xff\xff" + good[12:],
    }


ALL: Mapping[str, Callable[[], Files]] = {
    "datasets": datasets,
    "models": models,
    "images": images,
}
