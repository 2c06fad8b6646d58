"""The head of an answer is sent with its body: each write is a system call, and wakes the client.

uvicorn writes the two one after the other, which takes longer than to read a digit.
"""

import asyncio

_CONTINUE = b"HTTP/1.1 100 "


class HeldHead:
    """What one answer is written to: keeps the head until the first of the body comes.

    Args:
        transport: Of the connection.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport
        self._head: bytes | None = None
        self._begun = False

    def write(self, data: bytes) -> None:
        """Send data; the head with what comes next, which is the body even where it is empty."""
        if self._head is not None:
            self._transport.writelines((self._head, data))
            self._head = None
        elif self._begun or data.startswith(_CONTINUE):
            self._transport.write(data)
        else:
            self._head, self._begun = data, True

    def close(self) -> None:
        """Close the connection when what was sent has left; a head without a body has not."""
        self._transport.close()

    def is_closing(self) -> bool:
        return self._transport.is_closing()
