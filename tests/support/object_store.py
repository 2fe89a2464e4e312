"""A store of objects that speaks as much of S3 as reading needs, and counts what it is asked for."""

from __future__ import annotations

import contextlib
import functools
import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qsl

_PRECONDITION_FAILED = (
    b"<Error><Code>PreconditionFailed</Code>"
    b"<Message>At least one of the pre-conditions you specified did not hold</Message></Error>"
)
_PAGE = 1000
_RANGE = re.compile(r"bytes=(\d+)-(\d*)")


@dataclass
class ObjectStore:
    """
    A running store: a folder is a bucket.

    :param folder: what it serves
    :param latency: seconds until it answers
    :param etag: ETag of all objects; None for a hash of their content, as S3 makes it
    :param modified: when all objects were changed
    :param before: called with the method of each request before anything of its object is read
    """

    folder: Path
    latency: float = 0.0
    etag: str | None = None
    modified: str = "Fri, 20 Nov 2026 09:30:00 GMT"
    before: Callable[[str], None] = lambda _: None
    url: str = ""
    heads: int = 0
    gets: int = 0
    lists: int = 0
    bytes: int = 0
    in_flight: int = 0
    most_in_flight: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def airflow_connection(self) -> str:
        """An Airflow connection to it, as JSON."""
        extra = {"endpoint_url": self.url, "region_name": "eu-central-1"}
        return json.dumps({"conn_type": "aws", "login": "AKIAEXAMPLE00000", "password": "example", "extra": extra})

    def page_of(self, bucket: str, query: dict[str, str]) -> bytes:
        """Return a page of the list of a bucket without folders in it, as ListObjectsV2 answers."""
        folder = self.folder / bucket
        prefix, after = query.get("prefix", ""), query.get("continuation-token", "")
        names = [name for name in _names(folder, folder.stat().st_mtime_ns) if name.startswith(prefix) and name > after]
        page = names[: int(query.get("max-keys", _PAGE))]
        more = "" if page == names else f"<NextContinuationToken>{page[-1]}</NextContinuationToken>"
        entries = "<LastModified>2026-11-20T09:30:00.000Z</LastModified><ETag>&quot;an-etag&quot;</ETag>"
        found = "".join(
            f"<Contents><Key>{name}</Key>{entries}<Size>{(folder / name).stat().st_size}</Size></Contents>"
            for name in page
        )
        rest = f"<IsTruncated>{str(bool(more)).lower()}</IsTruncated><KeyCount>{len(page)}</KeyCount>{more}"
        return f"<ListBucketResult>{rest}{found}</ListBucketResult>".encode()

    def count(self, *, is_get: bool, length: int) -> None:
        """Note a request, and wait with its answer."""
        with self._lock:
            self.gets += is_get
            self.heads += not is_get
            self.bytes += length
            self.in_flight += 1
            self.most_in_flight = max(self.most_in_flight, self.in_flight)
        self.wait()
        with self._lock:
            self.in_flight -= 1

    def wait(self) -> None:
        """Take the time that an answer takes."""
        time.sleep(self.latency)

    def etag_of(self, path: Path) -> str:
        """Return the ETag of an object."""
        return self.etag or hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()

    def reset(self) -> None:
        """Forget what was asked for."""
        self.heads = self.gets = self.lists = self.bytes = self.most_in_flight = 0


@functools.lru_cache(1)
def _names(folder: Path, modified: int) -> list[str]:
    """Return the sorted names in a folder that was changed then."""
    return sorted(os.listdir(folder))


@contextlib.contextmanager
def running_object_store(folder: Path, latency: float = 0.0) -> Iterator[ObjectStore]:
    """Run a store on a free port."""
    store = ObjectStore(folder, latency)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Else each body waits 40 ms for the acknowledgment of its headers.
        disable_nagle_algorithm = True

        def do_HEAD(self) -> None:
            self._answer(is_get=False)

        def do_GET(self) -> None:
            self._answer(is_get=True)

        def _answer(self, *, is_get: bool) -> None:
            store.before(self.command)
            place, _, query = self.path.partition("?")
            if "list-type=2" in query:
                store.lists += 1
                page = store.page_of(place.strip("/"), dict(parse_qsl(query)))
                self._send(200, page, len(page), "", is_get=is_get)
                return
            path = store.folder / self.path.split("?")[0].lstrip("/")
            if not path.is_file():
                self._send(404, b"", 0, "", is_get=is_get)
                return
            if self.headers.get("If-Match", "").strip('"') not in ("", store.etag_of(path)):
                self._send(412, _PRECONDITION_FAILED, 0, "", is_get=is_get)
                return
            size = path.stat().st_size
            asked = _RANGE.fullmatch(self.headers.get("Range", ""))
            start = int(asked[1]) if asked else 0
            end = min(int(asked[2]) + 1 if asked and asked[2] else size, size)
            content = b""
            if is_get:
                with path.open("rb") as file:
                    file.seek(start)
                    content = file.read(end - start)
            self._send(206 if asked else 200, content, size, store.etag_of(path), is_get=is_get)

        def _send(self, status: int, content: bytes, size: int, etag: str, *, is_get: bool) -> None:
            store.count(is_get=is_get, length=len(content))
            self.send_response(status)
            self.send_header("Content-Length", str(len(content) if is_get else size))
            self.send_header("ETag", f'"{etag}"')
            self.send_header("Last-Modified", store.modified)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    store.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield store
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
