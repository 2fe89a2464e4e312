"""The paths of a manifest's recordings, and the check that they are inside of the allowed folder."""

from __future__ import annotations

import os
import posixpath
from dataclasses import dataclass

from airflow_provider_gong.call_import.media import is_inside
from airflow_provider_gong.ledger.rows import Actor, Problem


@dataclass(frozen=True, slots=True)
class MediaBase:
    """
    Where recordings may come from.

    :param folder: folder that relative paths refer to
    :param root: folder or bucket that must contain every recording
    """

    folder: str
    root: str

    @classmethod
    def of_manifest(cls, manifest: str) -> MediaBase:
        """Return the manifest's folder, with the same folder as root on a local disk, or else the whole bucket."""
        if _is_local(manifest):
            folder = os.path.dirname(_local(manifest))
            return cls(folder, folder)
        scheme, bucket, _ = _parts(manifest)
        return cls(manifest.rpartition("/")[0], f"{scheme}://{bucket}/")

    @classmethod
    def at(cls, folder: str) -> MediaBase:
        """Return a folder as both folder and root."""
        place = _local(folder) if _is_local(folder) else folder.rstrip("/")
        return cls(place, place)

    def locate(self, text: str) -> str | Problem:
        """Return the path of a recording in a manifest, or why recordings may not come from there."""
        try:
            return self._located(text)
        except ValueError as error:
            remedy = "Correct the path or URL of the recording."
            return Problem("media", text, f"is not the path of a file ({error})", remedy, Actor.MANIFEST)

    @property
    def local_root(self) -> str:
        """The folder of this host that must contain every recording; empty for an object store."""
        return self.root if _is_local(self.root) else ""

    def _located(self, text: str) -> str | Problem:
        is_complete = "://" in text or text.startswith("/")
        place = text if is_complete else f"{self.folder}/{text}"
        if _is_local(place) and _is_local(self.root):
            place = _local(place)
            inside = is_inside(place, self.root)
        else:
            place = self._with_connection(place)
            inside = not _is_local(place) and not _is_local(self.root) and _is_below(place, self.root)
        return place if inside else self._outside(text)

    def _with_connection(self, place: str) -> str:
        """Read from the manifest's bucket with the same Airflow connection (``s3://conn_id@bucket/...``)."""
        connection, at, bucket = _parts(self.root)[1].rpartition("@")
        is_same = at and _parts(place)[1] == bucket
        return place.replace(f"//{bucket}", f"//{connection}@{bucket}", 1) if is_same else place

    def _outside(self, text: str) -> Problem:
        return Problem(
            "media",
            text,
            f"is outside of {self.root}, which this import reads recordings from",
            "Move the recording there, or set media_base of the plan to the folder with the recordings.",
            Actor.RECORDING,
        )


def _is_local(place: str) -> bool:
    return "://" not in place or place.startswith("file://")


def _local(place: str) -> str:
    return os.path.abspath(place.removeprefix("file://"))


def _is_below(place: str, root: str) -> bool:
    *found_store, found = _parts(place)
    *store, allowed = _parts(root)
    # fsspec reads "::" as a chain of file systems, of which the last one decides.
    if "::" in place or found_store != store:
        return False
    folder = posixpath.normpath(allowed or "/").rstrip("/") + "/"
    # Object stores do not resolve "..", but the code that opens their paths may.
    return posixpath.normpath(found).startswith(folder)


def _parts(place: str) -> tuple[str, str, str]:
    """Return scheme, bucket and key; in the key, "?" and "#" are ordinary characters."""
    scheme, _, rest = place.partition("://")
    bucket, slash, key = rest.partition("/")
    return scheme.lower(), bucket, slash + key
