"""A server on loopback that hands out tokens as Gong does, and answers one operation to whoever holds one."""

from __future__ import annotations

import base64
import contextlib
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

CLIENT_ID = "app-1"
CLIENT_SECRET = "client-s3cret"


class OAuthServer(ThreadingHTTPServer):
    """Each code and each refresh token is good for one use; only the newest access token is let in."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.lock = threading.Lock()
        self.number = 0
        self.codes = {"code-1", "code-2"}
        self.refreshed = 0
        self.refused_grants = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def revoke(self) -> None:
        """Let no access token in any more that was handed out so far."""
        with self.lock:
            self.number += 100

    def grant(self, form: dict[str, str]) -> dict[str, Any] | None:
        with self.lock:
            if form["grant_type"] == "refresh_token":
                is_good = form["refresh_token"] == f"refresh-{self.number % 100}"
                self.refreshed += is_good
            else:
                is_good = form["code"] in self.codes
                self.codes.discard(form["code"])
            if not is_good:
                self.refused_grants += 1
                return None
            self.number = self.number % 100 + 1
            return {
                "access_token": f"access-{self.number}",
                "refresh_token": f"refresh-{self.number}",
                "expires_in": 86400,
                "api_base_url_for_customer": self.url,
            }


class _Handler(BaseHTTPRequestHandler):
    server: OAuthServer

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        credentials = base64.b64encode(f"{CLIENT_ID}:{CLIENT_SECRET}".encode()).decode()
        if self.headers["Authorization"] != f"Basic {credentials}":
            self._say(401, {"error": "invalid_client"})
            return
        granted = self.server.grant({name: values[0] for name, values in parse_qs(body).items()})
        self._say(200 if granted else 400, granted or {"error": "invalid_grant"})

    def do_GET(self) -> None:
        if self.headers["Authorization"] == f"Bearer access-{self.server.number}":
            self._say(200, {"requestId": "1", "workspaces": [{"id": "1", "name": "Sales"}]})
        else:
            self._say(401, {"requestId": "1", "errors": ["access token has been revoked"]})

    def _say(self, status: int, content: dict[str, Any]) -> None:
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def oauth_server() -> Iterator[OAuthServer]:
    with OAuthServer() as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        try:
            yield server
        finally:
            server.shutdown()
