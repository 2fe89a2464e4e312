"""Listed recordings: details that the listing gave are not requested again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import IO, Any, Literal

from airflow_provider_gong.call_import.media import MediaStorage, ObjectDetails
from airflow_provider_gong.client.media import MediaPath


class _ListedPath:
    """
    The path object of a recording that was listed.

    :param path: the path object of its store
    :param details: the details from the listing
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
    Storage of recordings that remembers listed recordings.

    Stores cache their listings but search a whole listing to find one object.

    :param storage: storage of the recordings
    """

    def __init__(self, storage: MediaStorage) -> None:
        self._storage = storage
        self._details: dict[str, Mapping[str, Any]] = {}

    def remember(self, details: Mapping[str, Mapping[str, Any]]) -> None:
        """Remember details from a listing, by place of the recording; links are listed with their own length."""
        self._details |= {place: found for place, found in details.items() if found["type"] != "link"}

    def path(self, place: str, /) -> MediaPath:
        """Return the path object of a place."""
        path = self._storage.path(place)
        details = self._details.get(place)
        return path if details is None else _ListedPath(path, details)

    def sign(self, place: str, /) -> str:
        """Return a URL by which Gong can pull the recording."""
        return self._storage.sign(place)
