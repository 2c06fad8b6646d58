"""What is known of a dataset without its samples: how chunks grow, and what is counted."""

import pytest

from app.domain.datasets import (
    CHUNK_BYTES,
    FANOUT,
    NO_DUPLICATES,
    NOTHING,
    Chunk,
    Contents,
    Duplicates,
)


def grown(samples: int, sample_bytes: int) -> tuple[Contents, int]:
    """A split to which samples were added one by one; and how many were written in all."""
    contents, written = Contents((), (0,)), 0
    for i in range(samples):
        run = contents.mergeable(sample_bytes)
        if run:
            count = sum(chunk.samples for chunk in run)
            merged = contents.merged(run, Chunk(f"merged {i}", count))
            assert merged is not None
            contents, written = merged, written + count
        contents = contents.with_sample(Chunk(f"sample {i}", 1), 0, NOTHING)
        written += 1
    return contents, written


@pytest.mark.parametrize("samples", [1, FANOUT, 1000, 5000])
def test_samples_that_are_added_one_by_one_are_few_chunks_and_seldom_written(samples: int) -> None:
    contents, written = grown(samples, sample_bytes=784)

    assert sum(chunk.samples for chunk in contents.chunks) == contents.samples == samples
    assert len(contents.chunks) < 4 * FANOUT
    assert written <= 4 * samples


def test_chunks_do_not_grow_beyond_their_limit() -> None:
    contents, _ = grown(100, sample_bytes=CHUNK_BYTES // 20)

    assert max(chunk.samples for chunk in contents.chunks) == FANOUT
    assert grown(100, sample_bytes=CHUNK_BYTES // 2)[0].chunks == tuple(
        Chunk(f"sample {i}", 1) for i in range(100)
    )


def test_what_comes_with_the_package_is_left_as_it_is() -> None:
    chunks = tuple(Chunk(None, 1) for _ in range(FANOUT))

    assert Contents(chunks, (FANOUT,)).mergeable(1) == ()


def test_a_run_that_is_not_there_any_more_is_not_merged() -> None:
    run = tuple(Chunk(f"{i}", 1) for i in range(3))
    contents = Contents((Chunk("other", 5), *run), (8,))

    merged = contents.merged(run, Chunk("whole", 3))

    assert merged == Contents((Chunk("other", 5), Chunk("whole", 3)), (8,))
    assert merged.merged(run, Chunk("whole", 3)) is None


@pytest.mark.parametrize(
    ("split", "train", "test", "expected"),
    [
        ("train", 0, 0, Duplicates(0, 0, 0)),
        ("train", 2, 0, Duplicates(1, 0, 0)),
        ("train", 0, 2, Duplicates(0, 0, 2)),
        ("train", 1, 2, Duplicates(1, 0, 0)),
        ("test", 0, 1, Duplicates(0, 1, 0)),
        ("test", 2, 0, Duplicates(0, 0, 1)),
        ("test", 1, 1, Duplicates(0, 1, 1)),
    ],
)
def test_a_sample_that_is_there_already_is_counted_once(
    split: str, train: int, test: int, expected: Duplicates
) -> None:
    assert NO_DUPLICATES.with_sample(split, train, test) == expected  # type: ignore[arg-type]
