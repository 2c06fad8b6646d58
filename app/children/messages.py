"""What a child process and the one that started it say to each other over their pipe.

A message is a JSON object with its `type`, and the bytes that belong to it, often none.
"""

import json
from multiprocessing.connection import Connection
from typing import Any

Message = dict[str, Any]


def send(connection: Connection, message: Message, content: bytes | memoryview = b"") -> None:
    connection.send_bytes(json.dumps(message).encode())
    connection.send_bytes(content)


def receive(connection: Connection, most: int | None = None) -> tuple[Message, bytes]:
    """The next message and its bytes.

    Args:
        connection: Our end.
        most: The longest that either may be, where the other side is not to be trusted.

    Raises:
        EOFError: The other side is gone.
        OSError: It sends more.
    """
    message: Message = json.loads(connection.recv_bytes(most))
    return message, connection.recv_bytes(most)
