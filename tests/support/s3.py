"""A server that speaks the S3 protocol, on loopback."""

from __future__ import annotations

import contextlib
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from moto.server import ThreadedMotoServer

_KEYS = {"aws_access_key_id": "AKIAEXAMPLE00000", "aws_secret_access_key": "an-example-of-a-secret-key"}


@dataclass(frozen=True)
class S3Server:
    """A running server."""

    url: str

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


@contextlib.contextmanager
def running_s3() -> Iterator[S3Server]:
    """Run a server on a free port."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        yield S3Server(f"http://{host}:{port}")
    finally:
        server.stop()
