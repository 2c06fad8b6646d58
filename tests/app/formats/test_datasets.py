"""Datasets as files: every form becomes the same, and whatever else is sent is refused."""

import gzip
import io
import struct
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image

from app.domain.datasets import SPLITS, DatasetLimits, Split
from app.domain.errors import InvalidInput, UnusableFile, UnusableImage
from app.formats import dataset_file
from tests.dataset_files import arrays, folders, idx, idx_files, images, npz, png, zipped

LIMITS = DatasetLimits(bytes=2**22, samples=3000, classes=50, pixels=10_000)

Read = tuple[tuple[int, ...], list[str], dict[Split, tuple[NDArray[Any], NDArray[Any]]]]


def decode(content: bytes) -> NDArray[np.uint8]:
    """Stands for app/vision, which this layer is given."""
    if not content.startswith(b"\x89PNG"):
        raise UnusableImage("no image", "image_format")
    return np.asarray(Image.open(io.BytesIO(content)))


def read(content: bytes, classes: list[str] | None = None, limits: DatasetLimits = LIMITS) -> Read:
    with dataset_file.opened(io.BytesIO(content), classes, decode, limits) as upload:
        splits = {}
        for split in SPLITS:
            blocks = list(upload.splits[split].blocks)
            x = np.concatenate([np.empty((0, *upload.sample_shape), np.uint8), *blocks])
            splits[split] = (x, upload.splits[split].labels)
        return upload.sample_shape, list(upload.classes), splits


DIGITS = [str(k) for k in range(10)]


@pytest.mark.parametrize(
    "content",
    [
        npz(arrays()),
        zipped(idx_files()),
        zipped(idx_files(packed=True, prefix="mnist/raw/")),
        zipped({"__MACOSX/._train-images-idx3-ubyte": b"x", **idx_files()}),
    ],
)
def test_the_same_dataset_in_any_form_is_the_same(content: bytes) -> None:
    shape, classes, splits = read(content)

    expected = arrays()
    assert (shape, classes) == ((1, 28, 28), DIGITS)
    for split in SPLITS:
        x, y = splits[split]
        assert np.array_equal(x[:, 0], expected[f"x_{split}"])
        assert np.array_equal(y, expected[f"y_{split}"])


@pytest.mark.parametrize(
    ("change", "shape"),
    [
        (lambda x: x / 255.0, (1, 28, 28)),
        (lambda x: (x / 255).astype(np.float32), (1, 28, 28)),
        (lambda x: x.astype(">f4") / 255, (1, 28, 28)),
        (lambda x: x.astype(np.int64), (1, 28, 28)),
        (lambda x: x.reshape(-1, 784), (1, 28, 28)),
        (lambda x: x[:, np.newaxis], (1, 28, 28)),
        (lambda x: x[..., np.newaxis], (1, 28, 28)),
        (lambda x: x[:, :8, :9], (1, 8, 9)),
        (lambda x: np.stack([x, x, x], axis=1), (3, 28, 28)),
        (lambda x: np.stack([x, x, x], axis=-1), (3, 28, 28)),
    ],
)
def test_an_npz_has_its_numbers_in_the_usual_ways(
    change: Callable[[Any], Any], shape: tuple[int, ...]
) -> None:
    content = arrays()
    content |= {name: change(content[name]) for name in ("x_train", "x_test")}

    found, _, splits = read(npz(content))

    assert found == shape
    x = splits["train"][0]
    expected = arrays()["x_train"][:, : shape[1], : shape[2]]
    assert all(np.array_equal(channel, expected) for channel in np.moveaxis(x, 1, 0))


@pytest.mark.parametrize("y", [np.arange(40), (np.arange(40) % 10)[:, np.newaxis]])
def test_labels_are_numbers_from_0_to_the_largest_or_to_9(y: NDArray[Any]) -> None:
    _, classes, splits = read(npz({**arrays(), "y_train": y}))

    assert classes == [str(k) for k in range(max(10, int(y.max()) + 1))]
    assert np.array_equal(splits["train"][1], y.ravel())


def test_classes_have_the_names_that_were_sent() -> None:
    names = [f"class {k}" for k in range(12)]

    assert read(npz(arrays()), names)[1] == names


def test_folders_are_classes_and_the_first_samples_are_of_all_of_them() -> None:
    content = folders("my digits/data/") | {
        "__MACOSX/my digits/._x": b"x",
        "my digits/.DS_Store": b"x",
        "my digits/data/train/circle/.DS_Store": b"x",
        "my digits/README.txt": b"hello",
        "my digits/data/train/": b"",
    }

    shape, classes, splits = read(zipped(content))

    assert (shape, classes) == ((1, 28, 28), ["circle", "square"])
    assert splits["train"][1].tolist() == [0, 1, 0, 1]
    assert splits["test"][1].tolist() == [0, 1]
    noise = images(6, 3)
    assert np.array_equal(splits["train"][0][:, 0], noise[[0, 2, 1, 3]])


@pytest.mark.parametrize(
    ("names", "order"),
    [(("10", "9", "2"), ["2", "9", "10"]), (("b", "a", "10"), ["10", "a", "b"])],
)
def test_folders_are_sorted_as_people_do(names: tuple[str, ...], order: list[str]) -> None:
    content = {f"train/{name}/0.png": png(images(1)[0]) for name in names}

    assert read(zipped(content))[1] == order


def test_more_entries_than_a_small_zip_can_count_are_read() -> None:
    entries = dict.fromkeys((f"notes/{i}.txt" for i in range(66_000)), b"")

    assert read(zipped({**folders(), **entries}))[1] == ["circle", "square"]


def pickled() -> bytes:
    out = io.BytesIO()
    np.savez(out, **{**arrays(), "x_train": np.array([{}, []], object)}, allow_pickle=True)
    return out.getvalue()


def with_entry(name: str, content: bytes) -> bytes:
    entries = {f"{key}.npy": npy(value) for key, value in arrays().items()}
    return zipped({**entries, f"{name}.npy": content})


def npy(array: Any) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    return out.getvalue()


def claiming(shape: str) -> bytes:
    """An .npy whose header claims another shape."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode() + b"\0" * 784


def end_claiming(entries: int, size: int, *, wide: bool) -> bytes:
    """A zip whose end claims so many entries."""
    content = zipped(folders())[:-22]
    if wide:
        record = struct.pack(
            "<4sQHHIIQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, entries, entries, size, 0
        )
        content += record + struct.pack("<4sIQI", b"PK\x06\x07", 0, len(content), 1)
        entries, size = 0xFFFF, 0xFFFFFFFF
    return content + struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, entries, entries, size, 0, 0)


def bomb() -> bytes:
    """65 MB of nothing, in 65 kB."""
    return with_entry("x_train", npy(np.zeros((50_000, 28, 28), np.uint8)))


def nan() -> Any:
    x = arrays()["x_train"] / 255.0
    x[7, 3, 3] = np.nan
    return x


def wrong_magic() -> dict[str, bytes]:
    files = idx_files()
    return files | {
        "train-images-idx3-ubyte": b"\0\0\x0d\x03" + files["train-images-idx3-ubyte"][4:]
    }


def hostile() -> Iterator[Any]:
    good, files = arrays(), idx_files()
    x, y = good["x_train"], good["y_train"]
    yield "nothing", b"", "not a zip"
    yield "no zip", b"hello world" * 100, "not a zip"
    yield "cut short", npz(good)[:-30], "not a zip"
    yield "an empty zip", zipped({}), "train/<class>/<image>"
    yield "an array is missing", npz({"x_train": x, "y_train": y}), "no array x_test"
    yield "pickle", pickled(), "object"
    yield "nan", npz({**good, "x_train": nan()}), "sample 7 .*0..1"
    yield "floats to 255", npz({**good, "x_train": x.astype(float)}), "floats 0..1"
    yield "numbers above 255", npz({**good, "x_train": x.astype(int) + 1}), "0..255"
    yield "numbers below 0", npz({**good, "x_train": -x.astype(int)}), "0..255"
    yield "texts", npz({**good, "x_train": np.array(["a"] * 40)}), "expected integers"
    yield "float labels", npz({**good, "y_train": y / 2}), "expected integers"
    yield (
        "one-hot labels",
        npz({**good, "y_train": np.eye(10, dtype=int)[y]}),
        "one number a sample",
    )
    yield "a negative label", npz({**good, "y_train": y - 1}), "label -1 of sample 0"
    yield "a label too large", npz({**good, "y_train": y + 1000}), "label 1000 of sample 0"
    yield "an endless label", npz({**good, "y_train": y.astype(np.uint64) + 2**63}), "label 2147"
    yield "lengths", npz({**good, "y_train": y[:39]}), "40 samples, y_train has 39"
    yield "two shapes", npz({**good, "x_test": images(20, 0, (8, 8))}), "x_test of"
    yield "a flat shape", npz({**good, "x_train": images(40, 0, (64,))}), r"\[40, 64\], expected"
    yield "an empty shape", npz({**good, "x_train": images(40, 0, (0, 28))}), "expected"
    yield "by columns", npz({**good, "x_train": np.asfortranarray(x)}), "Fortran"
    yield "no samples' shape", npz({**good, "x_train": np.uint8(3)}), "expected"
    yield "a huge claim", with_entry("x_train", claiming("(2**60, 28, 28)")), "not an array"
    yield "an endless claim", with_entry("x_train", claiming(f"({2**60}, 28, 28)")), "at most"
    yield "a huge sample", with_entry("x_train", claiming(f"(1, {2**31}, {2**31})")), "at most"
    yield "a claim", with_entry("x_train", claiming("(40, 28, 28)")), "ends in sample 1 of 40"
    yield "more than claimed", with_entry("x_train", npy(x) + b"x"), "header claims"
    yield "less than claimed", with_entry("y_train", npy(y)[:-8]), "header claims"
    yield "a negative claim", with_entry("x_train", claiming("(-1, 28, 28)")), "below 0"
    endless_header = claiming("(1, 28, 28)").replace(b"}", b" ")
    yield "a header without an end", with_entry("x_train", endless_header), "not an array"
    yield "no array", with_entry("x_train", b"hello"), "not an array"
    yield "a bomb", bomb(), "at most"
    yield "10^6 entries", end_claiming(10**6, 2**20, wide=True), "1000000 entries"
    yield "a long list", end_claiming(10, 2**31, wide=False), "list of entries"
    yield (
        "a hidden list",
        zipped(folders())[:-22] + b"PK\6\7".ljust(20) + zipped({})[-22:],
        "in place",
    )
    yield "a magic number", zipped(wrong_magic()), "0x00000d03, expected 0x00000803"
    yield (
        "a file is missing",
        zipped({k: v for k, v in files.items() if "t10k-l" not in k}),
        "t10k-l",
    )
    yield "idx lengths", zipped({**files, "t10k-labels-idx1-ubyte": idx(y)}), "20 samples"
    yield "idx too short", zipped({k: v[:-1] for k, v in files.items()}), "ends before"
    yield "idx too long", zipped({k: v + b"x" for k, v in files.items()}), "goes on"
    claims = b"\0\0\x08\x03" + struct.pack(">3I", 2**32 - 1, 2**32 - 1, 2**32 - 1)
    yield "idx claims", zipped({**files, "train-images-idx3-ubyte": claims}), "at most"
    flat = b"\0\0\x08\x03" + struct.pack(">3I", 40, 0, 28)
    yield "idx without a size", zipped({**files, "train-images-idx3-ubyte": flat}), "0×28"
    packed = idx_files(packed=True)
    cut = {k: v[:-12] for k, v in packed.items()}
    yield "gzip cut short", zipped(cut), "gzip"
    yield "no gzip", zipped(dict.fromkeys(packed, b"\x1f\x8bhello")), "gzip"
    endless = gzip.compress(idx(x) + b"\0" * 10**7)
    yield "a gzip bomb", zipped({**packed, "train-images-idx3-ubyte.gz": endless}), "goes on"
    good_image = png(images(1)[0])
    for name in ("../../train/a/0.png", "/train/a/0.png", "train/../0.png", "..\\train\\a\\0.png"):
        yield name, zipped({name: good_image}), "leads out"
    yield (
        "an image elsewhere",
        zipped({**folders(), "valid/a/0.png": good_image}),
        "'valid/a/0.png'",
    )
    yield "too deep", zipped({**folders(), "train/a/b/0.png": good_image}), "'train/a/b/0.png'"
    yield "no image", zipped({**folders(), "train/a/notes.txt": b"hello"}), "'train/a/notes.txt'"
    large = zipped({**folders(), "train/a/0.png": good_image + b"\0" * 2**24})
    yield "a huge image", large, "'train/a/0.png' is larger"
    yield "a class' name", zipped({f"train/{'x' * 121}/0.png": good_image}), "no name of a class"
    many = {f"train/{i}/0.png": good_image for i in range(51)}
    yield "too many classes", zipped(many), "at most 50 classes"
    more = {f"train/a/{i}.png": b"" for i in range(3001)}
    yield "too many images", zipped(more), "at most 3,000 samples"


@pytest.mark.parametrize(
    ("content", "words"), [pytest.param(*one[1:], id=one[0]) for one in hostile()]
)
def test_what_is_no_dataset_is_refused_with_the_reason(content: bytes, words: str) -> None:
    with pytest.raises(UnusableFile, match=words):
        read(content)


def test_a_file_twice_is_refused() -> None:
    content = zipped({"x_train.npy": b"", "y_train.npy": b""})

    with pytest.raises(UnusableFile, match="twice"):
        read(content.replace(b"y_train.npy", b"x_train.npy"))


def test_a_packed_byte_becomes_only_so_many() -> None:
    """What is within all other limits, and shrinks by more than any image does."""
    limits = DatasetLimits(bytes=2**30, samples=10**6, classes=10, pixels=100)
    x = np.zeros((100_000, 28, 28), np.uint8)
    content = npz({**arrays(), "x_train": x, "y_train": np.zeros(len(x), int)})

    with pytest.raises(UnusableFile, match="unpacks to more than"):
        read(content, limits=limits)


def test_a_claim_costs_no_memory() -> None:
    content = with_entry("x_train", claiming(f"({2**20}, 1000, 1000)"))
    tracemalloc.start()

    with pytest.raises(UnusableFile):
        read(content)

    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 20e6


def test_folders_name_their_classes_themselves() -> None:
    with pytest.raises(InvalidInput) as caught:
        read(zipped(folders()), ["a", "b"])

    assert caught.value.errors[0].loc == ("classes",)


def test_fewer_names_than_labels_are_refused() -> None:
    with pytest.raises(UnusableFile, match="none of the 3 classes"):
        read(npz(arrays()), ["a", "b", "c"])


GOOD = [npz(arrays()), zipped(idx_files(packed=True)), zipped(folders())]


@settings(max_examples=300, deadline=None)
@given(
    st.integers(0, len(GOOD) - 1),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=8),
)
def test_damaged_bytes_are_a_dataset_or_refused(form: int, damage: list[tuple[int, int]]) -> None:
    damaged = bytearray(GOOD[form])
    for position, value in damage:
        damaged[position % len(damaged)] = value

    try:
        read(bytes(damaged))
    except UnusableFile:
        return
