"""A proxy between a client and a server that loses connections when it is told to."""

import contextlib
import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit


class Proxy:
    """Passes bytes on, one connection a pair of threads.

    Args:
        url: The server behind it.

    Attributes:
        lose_answers: So many of the next connections are closed where their answer would come.
    """

    def __init__(self, url: str) -> None:
        behind = urlsplit(url)
        self._behind = (str(behind.hostname), int(str(behind.port)))
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.lose_answers = 0
        self.lost = 0
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def cut(self) -> None:
        """Close every connection that is open."""
        open_, self._open = self._open, []
        for one in open_:
            _end(one)

    def close(self) -> None:
        _end(self._listener)
        self.cut()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._behind)
                self._open += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(
                        target=self._pass_on, args=(source, sink, source is server), daemon=True
                    ).start()

    def _pass_on(self, source: socket.socket, sink: socket.socket, answers: bool) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65536):
                if answers and self.lose_answers:
                    self.lose_answers -= 1
                    self.lost += 1
                    break
                sink.sendall(content)
        _end(source)
        _end(sink)


def _end(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextlib.contextmanager
def proxy_of(url: str) -> Iterator[Proxy]:
    """A proxy for a while."""
    proxy = Proxy(url)
    try:
        yield proxy
    finally:
        proxy.close()
