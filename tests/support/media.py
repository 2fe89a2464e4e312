"""Storage of recordings for tests: files of this host, and URLs as a test has them signed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from airflow_provider_gong.client.media import MediaPath


class Files:
    """
    Files of this host.

    :param path: makes the path object of a place
    :param sign: makes the URL of one; default: there is nothing to sign with
    """

    def __init__(self, path: Callable[[str], Any] = Path, sign: Callable[[MediaPath], str] | None = None) -> None:
        self._path = path
        self._sign = sign

    def path(self, place: str) -> Any:
        return self._path(place)

    def sign(self, place: str) -> str:
        if self._sign is None:
            raise OSError("there is nothing to sign a URL with")
        return self._sign(self.path(place))
