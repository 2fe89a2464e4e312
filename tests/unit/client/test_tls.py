"""Whom the client believes to be Gong: only hosts with a certificate of an authority that it trusts."""

from __future__ import annotations

import asyncio
import datetime as dt
import os
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from airflow_provider_gong.client.instructions import NotSent
from airflow_provider_gong.client.requests import raw_request
from airflow_provider_gong.client.transport import LoopTransport, Outcome, ThreadTransport, post_form

READ = raw_request("getCall", path={"id": "7782342274025937895"})
HEADER = "Basic S0VZOnMzY3JldA=="


@dataclass
class TlsServer:
    """A host with a certificate for the name ``localhost`` that it has signed itself."""

    port: int
    certificate: Path
    received: list[str] = field(default_factory=list)


def write_certificate(folder: Path) -> tuple[Path, Path]:
    """Return the files of a certificate and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    now = dt.datetime.now(dt.UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    builder = builder.not_valid_before(now - dt.timedelta(days=1)).not_valid_after(now + dt.timedelta(days=1))
    builder = builder.add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
    files = folder / "certificate.pem", folder / "key.pem"
    files[0].write_bytes(builder.sign(key, SHA256()).public_bytes(Encoding.PEM))
    files[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


@pytest.fixture
def server(tmp_path: Path) -> Iterator[TlsServer]:
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            received.append(self.headers["Authorization"])
            self.rfile.read(int(self.headers["Content-Length"] or 0))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        do_POST = do_GET  # noqa: N815 - the library's naming

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    certificate, key = write_certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as listening:
        listening.socket = context.wrap_socket(listening.socket, server_side=True)
        listening.handle_error = lambda *_: None  # type: ignore[method-assign]
        threading.Thread(target=listening.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield TlsServer(listening.server_port, certificate, received)
        listening.shutdown()


def in_thread(url: str, **options: Any) -> Outcome:
    transport = ThreadTransport(url, **options)
    try:
        return transport.send(READ, HEADER)
    finally:
        transport.close()


def in_event_loop(url: str, **options: Any) -> Outcome:
    async def send() -> Outcome:
        transport = LoopTransport(url, **options)
        try:
            return await transport.send(READ, HEADER)
        finally:
            await transport.close()

    return asyncio.run(send())


def as_form(url: str, **options: Any) -> Outcome:
    return post_form(f"{url}/oauth2/x", {}, ("KEY", "s3cret"), **options)


@pytest.fixture(params=[in_thread, in_event_loop, as_form])
def send(request: pytest.FixtureRequest) -> Callable[..., Outcome]:
    """Send a request in each way that there is."""
    sender: Callable[..., Outcome] = request.param
    return sender


def test_host_that_nobody_vouches_for_gets_no_credentials(server: TlsServer, send: Callable[..., Outcome]) -> None:
    outcome = send(f"https://localhost:{server.port}")
    assert isinstance(outcome, NotSent)
    assert "certificate verify failed" in outcome.reason.lower()
    assert server.received == []


def test_host_of_the_bundle_is_trusted(server: TlsServer, send: Callable[..., Outcome]) -> None:
    outcome = send(f"https://localhost:{server.port}", ca_bundle=str(server.certificate))
    assert not isinstance(outcome, NotSent), outcome
    assert server.received == [HEADER]


def test_host_of_another_name_gets_no_credentials(server: TlsServer, send: Callable[..., Outcome]) -> None:
    outcome = send(f"https://127.0.0.1:{server.port}", ca_bundle=str(server.certificate))
    assert isinstance(outcome, NotSent)
    assert server.received == []


def test_a_bundle_that_was_replaced_is_read_again(
    server: TlsServer, send: Callable[..., Outcome], tmp_path: Path
) -> None:
    (tmp_path / "other").mkdir()
    bundle, _ = write_certificate(tmp_path / "other")
    options = {"url": f"https://localhost:{server.port}", "ca_bundle": str(bundle)}
    assert isinstance(send(**options), NotSent)
    before = bundle.stat().st_mtime_ns
    bundle.write_bytes(server.certificate.read_bytes())
    # The clock of a file system may tick only every few milliseconds.
    os.utime(bundle, ns=(before + 10**9, before + 10**9))
    assert not isinstance(send(**options), NotSent)
