"""It is safe to leave running: no web page can use it, no request exhausts it, and it ends when it is told to."""

from __future__ import annotations

import base64
import json
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.routing import Route

from airflow_provider_gong.emulator import EmulatorSettings, RunningEmulator, create_app
from airflow_provider_gong.emulator.company.seeds.documents import MOST_CALLS
from airflow_provider_gong.emulator.server.guard import CONTROL_BODY_BYTES

from .conftest import Api, errors_of, wav

LOOPBACK = ["localhost", "localhost:8900", "127.0.0.1", "127.1.2.3:80", "[::1]:8900", "LOCALHOST.", "gong.localhost"]
OTHERS = ["evil.example.com", "evil.example.com:8900", "192.168.1.5", "localhost.evil.example.com", "10.0.0.1:8900", ""]
PATHS = ["/", "/_emulator/state", "/v2/users", "/openapi.json", "/nothing"]


@pytest.fixture
def guarded() -> Api:
    return Api(allowed_hosts="")


@pytest.mark.parametrize("host", LOOPBACK)
@pytest.mark.parametrize("path", PATHS[:3])
def test_names_of_the_loopback_are_answered(guarded: Api, host: str, path: str) -> None:
    assert guarded("GET", path, headers={"host": host}).status_code == 200


@pytest.mark.parametrize("host", OTHERS)
@pytest.mark.parametrize("path", PATHS)
def test_no_other_name_is_answered_unless_told(guarded: Api, host: str, path: str) -> None:
    refused = guarded("GET", path, headers={"host": host})
    assert refused.status_code == 421
    assert "--allow-host" in refused.text


@pytest.mark.parametrize("settings", [{"allowed_hosts": "a gong"}, {"allowed_hosts": "*"}, {"company_host": "gong"}])
def test_a_name_that_it_was_told_is_answered(settings: dict[str, str]) -> None:
    api = Api(**{"allowed_hosts": "", **settings})
    assert api("GET", "/v2/users", headers={"host": "gong:8900"}).status_code == 200


def test_the_names_cannot_be_changed_from_outside(api: Api) -> None:
    assert api("POST", "/_emulator/settings", json={"allowed_hosts": "*"}).status_code == 400


def changing_routes() -> list[tuple[str, str]]:
    routes = [route for route in create_app(EmulatorSettings()).routes if isinstance(route, Route)]
    return [
        (method, route.path.replace("{number:int}", "1"))
        for route in routes
        for method in sorted((route.methods or set()) - {"GET", "HEAD"})
    ]


@pytest.mark.parametrize(("method", "path"), changing_routes())
@pytest.mark.parametrize("origin", ["https://evil.example.com", "null", "http://localhost", "http://localhost:1"])
def test_no_other_sites_page_changes_anything(guarded: Api, method: str, path: str, origin: str) -> None:
    guarded("POST", "/_emulator/faults", json=[{"action": "reset", "nth": 1}], headers={"host": "localhost:8900"})
    before = guarded("GET", "/_emulator/state", headers={"host": "localhost:8900"}).json()
    headers = {"origin": origin, "host": "localhost:8900"}
    assert guarded(method, path, headers=headers, content=b"{}").status_code == 403
    assert guarded("GET", "/_emulator/state", headers={"host": "localhost:8900"}).json() == before


def test_the_changing_routes_are_known() -> None:
    assert {("POST", "/_emulator/page"), ("POST", "/_emulator/reset"), ("DELETE", "/_emulator/faults/1")} <= set(
        changing_routes()
    )


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v2/calls"),
        ("DELETE", "/v2/meetings/1"),
        ("PUT", "/v2/calls/1/media"),
        ("POST", "/oauth2/generate-customer-token"),
    ],
)
def test_no_other_sites_page_uses_the_api(guarded: Api, method: str, path: str) -> None:
    headers = {"origin": "https://evil.example.com", "host": "localhost:8900"}
    assert guarded(method, path, headers=headers, content=b"{}").status_code == 403


def test_its_own_page_may(guarded: Api) -> None:
    headers = {"origin": "http://localhost:8900", "host": "localhost:8900"}
    assert guarded("POST", "/_emulator/clock", headers=headers, json={"advance_seconds": 1}).status_code == 200


def zeros(size: int) -> Iterator[bytes]:
    for _ in range(size // 65_536 + 1):
        yield b"0" * 65_536


@pytest.mark.parametrize("path", ["/_emulator/seed", "/_emulator/page", "/_emulator/settings"])
def test_a_body_of_the_control_api_is_limited(running: RunningEmulator, path: str) -> None:
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with suppress(httpx.WriteError):
        assert httpx.post(running.url + path, content=zeros(CONTROL_BODY_BYTES), headers=headers).status_code == 413
    assert httpx.get(running.url).status_code == 200


@pytest.mark.parametrize("path", ["/v2/calls", "/oauth2/generate-customer-token"])
def test_a_body_of_the_api_is_limited(running: RunningEmulator, path: str) -> None:
    keys = (running.client_id, running.client_secret) if "oauth2" in path else (running.access_key, "")
    auth = (keys[0], keys[1] or running.access_key_secret)
    headers = {"content-type": "application/x-www-form-urlencoded"}
    with httpx.Client(base_url=running.url, auth=auth) as client:
        answer = client.post(path, content=zeros(17 * 1024 * 1024), headers=headers)
    assert (answer.status_code, errors_of(answer)) == (413, ["Payload Too Large"])


def test_what_is_not_the_file_of_an_upload_is_limited(api: Api) -> None:
    call_id = api.add_call()
    headers = {"content-type": "multipart/form-data; boundary=b"}
    body = b"--b\r\nContent-Disposition: form-data; name=" + b"x" * 20_000 + b"\r\n\r\n--b--\r\n"
    assert api("PUT", f"/v2/calls/{call_id}/media", content=body, headers=headers).status_code == 400


def test_an_upload_that_is_too_large_is_answered_all_the_same(running: RunningEmulator) -> None:
    running.set(media_limit_bytes=1000)
    with httpx.Client(base_url=running.url, auth=(running.access_key, running.access_key_secret)) as client:
        answer = client.put("/v2/calls/1/media", files={"mediaFile": ("a.wav", wav(600))})
        assert answer.status_code == 400
        assert client.get("/v2/users").status_code == 200


@pytest.mark.parametrize(
    "generate",
    [
        {"calls": MOST_CALLS + 1},
        {"calls": MOST_CALLS},
        {"calls": -1},
        {"users": 10_001},
        {"users": 9_999},
        {"users": -1},
        {"months": 10_000},
        {"months": -1},
    ],
)
def test_what_is_made_up_is_limited(api: Api, generate: dict[str, int]) -> None:
    before = api.state()
    refused = api("POST", "/_emulator/seed", json={"generate": generate})
    assert (refused.status_code, "up to" in refused.text or "from 0 to" in refused.text) == (400, True)
    assert api.state() == before


AUTH = base64.b64encode(b"gong-emulator-key:gong-emulator-secret").decode()
CHUNKED = "Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n"
FILE = b'--b\r\nContent-Disposition: form-data; name="mediaFile"; filename="a"\r\n\r\n'


def head(method: str, path: str, further: str = "") -> bytes:
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Basic {AUTH}\r\n{further}\r\n".encode()


def control(path: str, body: Any) -> bytes:
    content = json.dumps(body).encode()
    return head("POST", f"/_emulator/{path}", f"Content-Length: {len(content)}\r\n") + content


def chunk(content: bytes) -> bytes:
    return f"{len(content):x}\r\n".encode() + content + b"\r\n"


def keep_alive(connection: socket.socket) -> None:
    connection.sendall(head("GET", "/v2/users"))
    connection.recv(100)


def half_a_request(connection: socket.socket) -> None:
    connection.sendall(b"GET / HT")


def stalled_upload(connection: socket.socket) -> None:
    connection.sendall(head("PUT", "/v2/calls/1/media", CHUNKED) + chunk(FILE))


def endless_upload(connection: socket.socket) -> None:
    def pump() -> None:
        with suppress(OSError):
            while True:
                connection.sendall(chunk(b"x" * 65_536))

    stalled_upload(connection)
    threading.Thread(target=pump, daemon=True).start()


def delayed_answer(connection: socket.socket) -> None:
    connection.sendall(control("faults", [{"action": "delay", "seconds": 3600, "every": 1}]))
    connection.recv(100)
    connection.sendall(head("GET", "/v2/users"))


def answers_that_nobody_reads(connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1024)
    for _ in range(200):
        connection.sendall(head("GET", "/openapi.json"))


def a_large_company(connection: socket.socket) -> None:
    connection.sendall(control("seed", {"generate": {"calls": MOST_CALLS - 100}}))


@contextmanager
def command(folder: Path) -> Iterator[tuple[subprocess.Popen[str], socket.socket]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "airflow_provider_gong.emulator", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={"TMPDIR": str(folder), "PATH": "/usr/bin:/bin"},
    )
    assert process.stdout is not None
    address = urlsplit(process.stdout.readline().split()[-1])
    try:
        with socket.create_connection((address.hostname, address.port)) as connection:
            yield process, connection
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize(
    "busy",
    [
        keep_alive,
        half_a_request,
        stalled_upload,
        endless_upload,
        delayed_answer,
        answers_that_nobody_reads,
        a_large_company,
    ],
)
def test_sigterm_ends_it_whatever_clients_do(busy: Callable[[socket.socket], None], tmp_path: Path) -> None:
    with command(tmp_path) as (process, connection):
        busy(connection)
        # Long enough for the request to be there.
        time.sleep(0.3)
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=60)
    assert (process.returncode, output, errors) == (0, "", "")
    assert list(tmp_path.iterdir()) == []
