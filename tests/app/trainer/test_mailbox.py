"""The mailbox: a child never waits for the store."""

import threading
import time
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
            came = mailbox.take(5)
        except EOFError:
            return found
        assert came
        found.extend((message["type"], message["n"], content) for message, content in came)


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
    assert mailbox_of(child).take(0.05) == []
    assert mailbox_of(child).take(-1) == []


def test_what_comes_in_a_quick_row_is_taken_together_and_leaves_a_pause(child: PipeEnd) -> None:
    def work() -> None:
        for n in range(50):
            messages.send(child, {"type": "epoch", "n": n})
            time.sleep(0.005)
        child.close()

    thread = threading.Thread(target=work)
    thread.start()
    began, sizes, seconds = time.monotonic(), [], []
    with pytest.raises(EOFError):
        while True:
            sizes.append(len(mailbox_of(child).take(5)))
            seconds.append(time.monotonic() - began)
            began = time.monotonic()
    thread.join()
    assert sum(sizes) == 50
    assert min(seconds[:-1]) > 0.09  # the last take does not wait: the child has ended


def test_the_last_report_is_not_kept_until_more_comes() -> None:
    seconds = []
    for _ in range(5):
        ours, child = Pipe()
        mailbox = Mailbox(ours)
        messages.send(child, {"type": "epoch"})
        messages.send(child, {"type": "succeeded"})
        began = time.monotonic()
        assert [message["type"] for message, _ in mailbox.take(5)] == ["epoch", "succeeded"]
        seconds.append(time.monotonic() - began)
        child.close()
        mailbox.join()
        ours.close()
    assert min(seconds) < 0.09
