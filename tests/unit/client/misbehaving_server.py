"""A server on loopback that treats each connection as the next entry of its script says."""

from __future__ import annotations

import contextlib
import json
import socket
import socketserver
import struct
import threading
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True)
class Received:
    """A request as it arrived."""

    line: str
    headers: dict[str, str]
    body: bytes


class MisbehavingServer(socketserver.ThreadingTCPServer):
    """Serves its script, one behaviour for each connection."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script: deque[Behaviour] = deque()
        self.received: list[Received] = []
        self.connections = 0
        self.over = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients hang up in the middle, as they should."""


Behaviour = Callable[[MisbehavingServer, socket.socket], None]


class _Handler(socketserver.BaseRequestHandler):
    server: MisbehavingServer

    def handle(self) -> None:
        self.server.connections += 1
        self.server.script.popleft()(self.server, self.request)


@contextlib.contextmanager
def misbehaving_server() -> Iterator[MisbehavingServer]:
    with MisbehavingServer() as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            server.shutdown()
            thread.join()


def unused_url() -> str:
    """Return the URL of a port that nobody listens on."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{sock.getsockname()[1]}"


def answers(status: int, body: bytes, **headers: str) -> Behaviour:
    """Read the request and answer it."""
    return _after_reading(response(status, body, **headers))


def answers_json(status: int, content: object, **headers: str) -> Behaviour:
    return answers(status, json.dumps(content).encode(), **headers)


def says(data: bytes) -> Behaviour:
    """Read the request, send these bytes whatever they are, and hang up."""
    return _after_reading(data)


def speaks_first(data: bytes) -> Behaviour:
    """Send these bytes without waiting for a request, and hang up."""

    def behave(server: MisbehavingServer, connection: socket.socket) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_WR)
        connection.recv(65536)

    return behave


def resets_before_reading(server: MisbehavingServer, connection: socket.socket) -> None:
    # Earlier, the reset might overtake the client's own end of connecting.
    connection.recv(1, socket.MSG_PEEK)
    _reset(connection)


def resets_after_reading(server: MisbehavingServer, connection: socket.socket) -> None:
    _read(server, connection)
    _reset(connection)


def stalls(server: MisbehavingServer, connection: socket.socket) -> None:
    """Read the request and never answer."""
    _read(server, connection)
    server.over.wait()


def stalls_within_the_body(server: MisbehavingServer, connection: socket.socket) -> None:
    _read(server, connection)
    connection.sendall(response(200, b'{"a": "' + b"x" * 100)[:-50])
    server.over.wait()


def drips(data: bytes, every: float = 0.05) -> Behaviour:
    """Read the request, and send these bytes one by one, each well within the time that silence may last."""

    def behave(server: MisbehavingServer, connection: socket.socket) -> None:
        _read(server, connection)
        with contextlib.suppress(OSError):
            for byte in data:
                connection.sendall(bytes([byte]))
                if server.over.wait(every):
                    return

    return behave


def streams(head: bytes, piece: bytes, pieces: int) -> Behaviour:
    """Read the request, and send a piece many times."""

    def behave(server: MisbehavingServer, connection: socket.socket) -> None:
        _read(server, connection)
        with contextlib.suppress(OSError):
            connection.sendall(head)
            for _ in range(pieces):
                connection.sendall(piece)

    return behave


def reads_slowly(pause: float) -> Behaviour:
    """Take in a little of the request now and then, and never answer."""

    def behave(server: MisbehavingServer, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while connection.recv(4096) and not server.over.wait(pause):
                pass

    return behave


def answers_slowly(pause: float, status: int, content: object) -> Behaviour:
    """Read the request as over a slow line, with a pause after each 256 KiB, and answer it."""

    def behave(server: MisbehavingServer, connection: socket.socket) -> None:
        _, headers, body = _read_head(connection)
        left = int(headers["content-length"]) - len(body)
        while left > 0 and not server.over.wait(pause):
            left -= len(connection.recv(min(left, 1 << 18), socket.MSG_WAITALL))
        connection.sendall(response(status, json.dumps(content).encode()))

    return behave


def refuses_early(status: int, body: bytes) -> Behaviour:
    """Answer as soon as the headers are there, and drop what the client still sends."""

    def behave(server: MisbehavingServer, connection: socket.socket) -> None:
        _read_head(connection)
        connection.sendall(response(status, body))
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(1 << 20):
            pass

    return behave


def response(status: int, body: bytes, **headers: str) -> bytes:
    lines = [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    head = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close", *lines]
    return "\r\n".join([*head, "", ""]).encode() + body


def _after_reading(data: bytes) -> Behaviour:
    def behave(server: MisbehavingServer, connection: socket.socket) -> None:
        _read(server, connection)
        connection.sendall(data)

    return behave


def _reset(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def _read_head(connection: socket.socket) -> tuple[str, dict[str, str], bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        chunk = connection.recv(65536)
        if not chunk:
            raise ConnectionError
        data += chunk
    head, _, rest = data.partition(b"\r\n\r\n")
    line, *fields = head.decode().split("\r\n")
    pairs = (field.split(": ", 1) for field in fields)
    return line, {name.lower(): value for name, value in pairs}, rest


def _read(server: MisbehavingServer, connection: socket.socket) -> None:
    line, headers, body = _read_head(connection)
    while len(body) < int(headers.get("content-length", "0")):
        chunk = connection.recv(1 << 20)
        if not chunk:
            raise ConnectionError
        body += chunk
    server.received.append(Received(line, headers, body))
