"""Marks that show whether a recording is still the checked one: its times, its ETag, and a hash of what was read."""

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
# Names in the file systems of fsspec: s3fs, gcsfs, adlfs, and those that resemble a disk.
_ETAGS = ("ETag", "etag")
_TIMES = ("LastModified", "last_modified", "updated", "mtime", "created")
# S3's ETag of objects that were uploaded in one part without KMS ("Checking object integrity", S3 user guide).
_MD5 = re.compile(r"[0-9a-f]{32}")


class Mark(NamedTuple):
    """
    The properties of a recording when it was checked.

    :param modified: when it was changed, according to its store; empty if unknown
    :param etag: the ETag of an object
    :param digest: hash of what the check read
    :param root: folder on this host that must contain it, with links resolved
    """

    modified: str
    etag: str
    digest: str
    root: str = ""

    @classmethod
    def of(cls, found: Any, digest: str) -> Mark:
        """
        Return the mark of a recording.

        :param found: its details from ``stat``
        :param digest: hash of what the check read
        """
        if isinstance(found, os.stat_result):
            return cls(f"{found.st_mtime_ns} {found.st_ctime_ns} {found.st_ino}", "", digest)
        return cls(_first(found, _TIMES), _first(found, _ETAGS).strip('"'), digest)

    @classmethod
    def of_text(cls, text: str | None) -> Mark | None:
        """Return the mark that a plan keeps as text; None if it has none."""
        return cls(*json.loads(text)) if text else None

    def as_text(self) -> str:
        """Return the mark as text for the plan."""
        return json.dumps(self)

    def is_untouched(self, found: Any) -> bool:
        """Return whether a recording cannot have changed; ``found`` is its current ``stat``."""
        now = Mark.of(found, "")
        if self.etag and now.etag:
            return self.etag == now.etag
        return bool(self.modified) and self.modified == now.modified

    def proves(self, path: Any, found: Any) -> bool | None:
        """Return whether the content is the same, if the ETag is a hash of it; None if it is not."""
        now = Mark.of(found, "")
        if not (_MD5.fullmatch(self.etag) and _MD5.fullmatch(now.etag)):
            return None
        content = _md5(path, found.st_size)
        if content == self.etag:
            return True
        return False if content == now.etag else None


UNMARKED = Mark("", "", "")


def digest_of(reader: Reader, file: Any) -> str:
    """Return a hash of what was read of a recording; for a file on this host, also of its middle and end."""
    digest = hashlib.sha256(reader.digest.encode())
    # For an object, each position would take another request, and its ETag shows as much.
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
