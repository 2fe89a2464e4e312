"""What tells whether a recording is still the one that was checked: its times and ETag, and a hash of what was read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from airflow_provider_gong.call_import.recordings.reading import Reader, chunks, open_for_reading

_SAMPLE = 16 * 1024
# How the file systems of fsspec name them: s3fs, gcsfs, adlfs, and those that look like a disk.
_ETAGS = ("ETag", "etag")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "created")
# S3 makes it of what was uploaded in one part and is not encrypted by KMS ("Checking object integrity", S3 user guide).
_MD5 = re.compile(r"[0-9a-f]{32}")


class Mark(NamedTuple):
    """
    What a recording was when it was checked.

    :param modified: when it was changed, as its store says; empty where that is not known
    :param etag: the ETag of an object
    :param digest: hash of what the check has read
    :param root: folder on this host that it has to be in, links resolved
    """

    modified: str
    etag: str
    digest: str
    root: str = ""

    @classmethod
    def of(cls, found: Any, digest: str) -> Mark:
        """
        Return the mark of a recording.

        :param found: what ``stat`` says of it
        :param digest: hash of what the check has read
        """
        if isinstance(found, os.stat_result):
            return cls(f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}", "", digest)
        return cls(_first(found, _TIMES), _first(found, _ETAGS).strip('"'), digest)

    @classmethod
    def of_text(cls, text: str | None) -> Mark | None:
        """Return the mark that a plan keeps as a text; None for plans of earlier packages."""
        return cls(*json.loads(text)) if text else None

    def as_text(self) -> str:
        """Return it as a plan keeps it."""
        return json.dumps(self)

    def is_untouched(self, found: Any) -> bool:
        """Tell whether a recording cannot have changed; ``found`` is what ``stat`` says of it now."""
        now = Mark.of(found, "")
        if self.etag and now.etag:
            return self.etag == now.etag
        return bool(self.modified) and self.modified == now.modified

    def proves(self, path: Any, found: Any) -> bool | None:
        """Tell whether an ETag that is a hash proves that the content is the same, or another; None if it is not."""
        now = Mark.of(found, "")
        if not (_MD5.fullmatch(self.etag) and _MD5.fullmatch(now.etag)):
            return None
        content = _md5(path, found.st_size)
        if content == self.etag:
            return True
        return False if content == now.etag else None


UNMARKED = Mark("", "", "")


def digest_of(reader: Reader, file: Any) -> str:
    """Return a hash of what was read of a recording; of a file on this host, its middle and its end count as well."""
    digest = hashlib.sha256(reader.digest.encode())
    # Of an object, each place would be one more request, and its ETag says as much.
    with contextlib.suppress(OSError, AttributeError):
        number = file.fileno()
        for place in (reader.size // 2, max(reader.size - _SAMPLE, 0)):
            digest.update(os.pread(number, _SAMPLE, place))
    return digest.hexdigest()


def _md5(path: Any, size: int) -> str:
    digest = hashlib.md5(usedforsecurity=False)
    with open_for_reading(path) as file:
        for chunk in chunks(file, size):
            digest.update(chunk)
    return digest.hexdigest()


def _first(found: Any, names: tuple[str, ...]) -> str:
    known = found if isinstance(found, Mapping) else {}
    return next((str(known[name]) for name in names if known.get(name)), "")
