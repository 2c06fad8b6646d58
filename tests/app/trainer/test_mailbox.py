"""The mailbox: a child never waits for the store."""

import threading
from collections.abc import Iterator
from multiprocessing import Pipe
from multiprocessing.connection import Connection as PipeEnd

import pytest

from app.children import messages
from app.trainer.mailbox import Mailbox


@pytest.fixture
def child() -> Iterator[PipeEnd]:
    ours, childs = Pipe()
    childs.mailbox = Mailbox(ours)  # type: ignore[attr-defined]
    yield childs
    childs.close()
    childs.mailbox.join()  # type: ignore[attr-defined]
    ours.close()


def mailbox_of(child: PipeEnd) -> Mailbox:
    mailbox: Mailbox = child.mailbox  # type: ignore[attr-defined]
    return mailbox


def everything(mailbox: Mailbox) -> list[tuple[str, int, bytes]]:
    """What is in it until the child has ended."""
    found: list[tuple[str, int, bytes]] = []
    while True:
        try:
            report = mailbox.take(5)
        except EOFError:
            return found
        assert report is not None
        found.append((report[0]["type"], report[0]["n"], report[1]))


def test_megabytes_are_taken_from_a_child_while_nothing_can_be_stored(child: PipeEnd) -> None:
    def work() -> None:
        for n in range(20):
            messages.send(child, {"type": "progress", "n": n})
            messages.send(child, {"type": "checkpoint", "n": n}, bytes([n]) * 1_000_000)
            if n % 5 == 4:
                messages.send(child, {"type": "epoch", "n": n})
        messages.send(child, {"type": "succeeded", "n": 20}, b"weights")
        child.close()

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()
    mailbox_of(child).join()

    assert everything(mailbox_of(child)) == [
        *(("epoch", n, b"") for n in (4, 9, 14)),
        ("progress", 19, b""),
        ("checkpoint", 19, b"\x13" * 1_000_000),
        ("epoch", 19, b""),
        ("succeeded", 20, b"weights"),
    ]


def test_nothing_comes_for_a_while(child: PipeEnd) -> None:
    assert mailbox_of(child).take(0.05) is None
    assert mailbox_of(child).take(-1) is None
