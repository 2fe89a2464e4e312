"""A server that speaks the S3 protocol, on loopback."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import boto3
from moto.server import ThreadedMotoServer

_DENIED = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
_KEYS = {"aws_access_key_id": "AKIAEXAMPLE00000", "aws_secret_access_key": "an-example-of-a-secret-key"}


@dataclass
class S3Request:
    """A request as the server has seen it, with the bytes of its answer's body."""

    method: str
    path: str
    query: str
    bytes: int = 0


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    url: str
    requests: list[S3Request] = field(default_factory=list)
    denied: set[str] = field(default_factory=set)
    """Folders, with a slash at their ends, that nobody may list."""

    @property
    def airflow_connection(self) -> str:
        """An Airflow connection to it, as JSON."""
        return json.dumps(
            {
                "conn_type": "aws",
                "login": _KEYS["aws_access_key_id"],
                "password": _KEYS["aws_secret_access_key"],
                "extra": {"endpoint_url": self.url, "region_name": "eu-central-1"},
            }
        )

    def client(self) -> Any:
        """Return a client of its own, so that nothing is tested with the code under test."""
        return boto3.client("s3", endpoint_url=self.url, region_name="eu-central-1", **_KEYS)

    def create_bucket(self, name: str) -> None:
        """Create a bucket."""
        where = {"LocationConstraint": "eu-central-1"}
        self.client().create_bucket(Bucket=name, CreateBucketConfiguration=where)

    def upload(self, folder: Path, bucket: str) -> None:
        """Put all files of a folder into a bucket."""
        for path in filter(Path.is_file, folder.rglob("*")):
            self.client().upload_file(str(path), bucket, path.relative_to(folder).as_posix())

    def keys(self, bucket: str) -> list[str]:
        """Return the keys of all objects of a bucket."""
        return [found["Key"] for found in self.client().list_objects_v2(Bucket=bucket).get("Contents", [])]

    def read(self, bucket: str, key: str) -> bytes:
        """Return the content of an object."""
        return bytes(self.client().get_object(Bucket=bucket, Key=key)["Body"].read())


class _CountingServer(ThreadedMotoServer):
    """Notes each request, and can take its time."""

    def __init__(self) -> None:
        super().__init__(ip_address="127.0.0.1", port=0, verbose=False)
        self.requests: list[S3Request] = []
        self.denied: set[str] = set()

    def start(self) -> None:
        super().start()
        assert self._server is not None
        self._server.app = self._counted(self._server.app)

    def _counted(self, app: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterator[bytes]:
            request = S3Request(environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", ""))
            self.requests.append(request)
            if self.denied & set(parse_qs(request.query).get("prefix", [])):
                start_response("403 Forbidden", [("Content-Type", "application/xml")])
                yield _DENIED
                return
            for part in app(environ, start_response):
                request.bytes += len(part)
                yield part

        return answer


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    """Run a server on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = _CountingServer()
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}", server.requests, server.denied)
    finally:
        server.stop()
