"""A TCP proxy that can keep an answer back: the server did the work, the caller never hears of it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from types import TracebackType


class CuttingProxy:
    """One request per connection. `cut` picks, by its bytes, the one request whose answer is dropped; `before` is told
    of each request before it is passed on."""

    def __init__(self, target_port: int) -> None:
        self.target_port = target_port
        self.cut: Callable[[bytes], bool] | None = None
        self.before: Callable[[bytes], object] = bytes
        self.seen: list[bytes] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def requests(self, method: str) -> int:
        """How many requests with that method went through."""
        return sum(method.encode() in each for each in self.seen)

    def __enter__(self) -> CuttingProxy:
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self._listener.accept()
            except OSError:
                return
            with caller:
                self._pass_on(caller)

    def _pass_on(self, caller: socket.socket) -> None:
        request = _whole_request(caller)
        self.seen.append(request)
        self.before(request)
        with socket.create_connection(("127.0.0.1", self.target_port)) as target:
            target.sendall(request.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
            answer = b"".join(iter(lambda: target.recv(65536), b""))
        if self.cut and self.cut(request):
            self.cut = None
            return
        caller.sendall(answer)


def _whole_request(caller: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        request += caller.recv(65536)
    head, _, body = request.partition(b"\r\n\r\n")
    [length] = [line.split(b":")[1] for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")]
    while len(body) < int(length):
        more = caller.recv(65536)
        body += more
        request += more
    return request
