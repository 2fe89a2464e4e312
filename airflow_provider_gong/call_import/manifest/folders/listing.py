"""Recordings that were listed: what the list has told of each is not asked for again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Literal

from airflow_provider_gong.call_import.media import MediaStorage, ObjectDetails
from airflow_provider_gong.client.media import MediaPath


class _ListedPath:
    """
    The path object of a recording that was listed.

    :param path: the path object of its store
    :param details: what the list has told
    """

    def __init__(self, path: Any, details: Mapping[str, Any]) -> None:
        self._path = path
        self._details = details
        self.name: str = path.name
        self.fs = path.fs
        self.path: str = path.path

    def open(self, mode: Literal["rb"], /, **options: Any) -> IO[Any]:
        opened: IO[Any] = self._path.open(mode, **options)
        return opened

    def stat(self) -> ObjectDetails:
        return ObjectDetails(self._details)


class ListedRecordings:
    """
    Storage of recordings, of which those that were listed are known.

    Stores keep their lists, but go through all of one to find one object.

    :param storage: where the recordings are
    """

    def __init__(self, storage: MediaStorage) -> None:
        self._storage = storage
        self.details: dict[str, Mapping[str, Any]] = {}
        """What lists have told, by the places of the recordings."""

    def path(self, place: str, /) -> MediaPath:
        """Return the path object of a place."""
        path = self._storage.path(place)
        details = self.details.get(place)
        return path if details is None else _ListedPath(path, details)

    def sign(self, place: str, /) -> str:
        """Return a URL by which Gong can pull the recording."""
        return self._storage.sign(place)
