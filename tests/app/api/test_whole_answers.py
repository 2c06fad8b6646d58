"""The head of an answer leaves with its body, and nothing else waits."""

import asyncio
from collections.abc import Iterable
from typing import Any

from app.api.whole_answers import HeldHead

HEAD = b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n"


class Recorder(asyncio.Transport):
    """What would be sent, call by call."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[bytes] = []

    def write(self, data: Any) -> None:
        self.sent.append(bytes(data))

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.sent.append(b"".join(list_of_data))


def sent(*data: bytes) -> list[bytes]:
    recorder = Recorder()
    held = HeldHead(recorder)
    for one in data:
        held.write(one)
    return recorder.sent


def test_head_and_body_are_sent_at_once() -> None:
    assert sent(HEAD, b"seven") == [HEAD + b"seven"]


def test_a_body_without_bytes_lets_the_head_go() -> None:
    assert sent(HEAD, b"") == [HEAD]


def test_what_follows_is_sent_as_it_comes() -> None:
    assert sent(HEAD, b"one", b"two", b"three") == [HEAD + b"one", b"two", b"three"]


def test_the_word_to_go_on_is_not_held() -> None:
    word = b"HTTP/1.1 100 Continue\r\n\r\n"
    assert sent(word) == [word]
    assert sent(word, HEAD, b"seven") == [word, HEAD + b"seven"]
