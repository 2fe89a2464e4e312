"""Servers on loopback that receive what alerts send: one speaks SMTP, one has the shape of Slack's API."""

from __future__ import annotations

import contextlib
import json
import socketserver
import threading
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class MailServer(socketserver.ThreadingTCPServer):
    """A mail server that keeps what it is given."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Mail)
        self.messages: list[EmailMessage] = []

    @property
    def airflow_connection(self) -> str:
        """An Airflow connection to it, as JSON."""
        extra = {"disable_ssl": True, "disable_tls": True, "from_email": "airflow@example.com"}
        port = self.server_address[1]
        return json.dumps({"conn_type": "smtp", "host": "127.0.0.1", "port": port, "extra": extra})


class _Mail(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self.answer("220 ready")
        while line := self.rfile.readline().decode().strip():
            command = line.split(" ")[0].upper()
            if command == "DATA":
                self.answer("354 go ahead")
                self.take_message()
            self.answer("221 bye" if command == "QUIT" else "250 ok")
            if command == "QUIT":
                return

    def take_message(self) -> None:
        lines = []
        while (line := self.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        message = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.server.messages.append(message)

    def answer(self, text: str) -> None:
        self.wfile.write(f"{text}\r\n".encode())


class SlackServer(ThreadingHTTPServer):
    """A server that answers ``chat.postMessage`` as Slack does, and keeps the messages."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Slack)
        self.messages: list[dict[str, Any]] = []

    @property
    def airflow_connection(self) -> str:
        """An Airflow connection to it, as JSON."""
        base_url = f"http://127.0.0.1:{self.server_port}/api/"
        token = "xoxb-an-example"
        return json.dumps({"conn_type": "slack", "password": token, "extra": {"base_url": base_url}})


class _Slack(BaseHTTPRequestHandler):
    server: SlackServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_right = self.path == "/api/chat.postMessage" and self.headers["Authorization"] == "Bearer xoxb-an-example"
        if is_right:
            self.server.messages.append(json.loads(body))
        answer = json.dumps({"ok": is_right, "error": "" if is_right else "not_authed"}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serving(server: Any) -> Iterator[Any]:
    """Let a server serve in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
