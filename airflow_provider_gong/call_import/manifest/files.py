"""The files of a manifest: each in the format that its name tells, opened one after the other."""

from __future__ import annotations

import io
import posixpath
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import urlsplit

from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.csv_files import csv_table
from airflow_provider_gong.call_import.manifest.manifest import Table
from airflow_provider_gong.call_import.manifest.parquet import parquet_table
from airflow_provider_gong.call_import.manifest.records import jsonl_table

_JSON_LINES = (".jsonl", ".ndjson", ".json")
_PARQUET = (".parquet", ".pq")
_PATTERN = set("*?[")


def find_files(names: Iterable[str], open_path: Callable[[str], Any]) -> list[str]:
    """
    Return the files that names stand for, those of a pattern in the order of their names.

    :param names: paths or URLs, with ``*``, ``?`` and ``[...]`` in those that stand for several
    :param open_path: makes the path object
    :raises GongManifestError: if a pattern matches nothing, or a folder cannot be listed
    """
    found: dict[str, None] = {}
    for name in names:
        found |= dict.fromkeys(_matches(name, open_path) if _is_pattern(name) else [name])
    return list(found)


def read_files(names: Iterable[str], open_path: Callable[[str], Any]) -> Iterator[Table]:
    """
    Yield what each file holds: CSV, JSON lines (``.jsonl``, ``.ndjson``, ``.json``) or Parquet (``.parquet``, ``.pq``).

    :param names: paths or URLs
    :param open_path: makes the path object
    :raises GongManifestError: if a file cannot be read
    """
    for name in names:
        try:
            file = open_path(name).open("rb")
        except (OSError, ValueError, ImportError) as error:
            raise GongManifestError(f"Manifest {name} cannot be read: {error}") from error
        with file:
            yield _table(file, name)


def _table(file: Any, name: str) -> Table:
    suffix = posixpath.splitext(urlsplit(name).path if "://" in name else name)[1].lower()
    if suffix in _PARQUET:
        return parquet_table(file, name)
    lines = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    return jsonl_table(lines, name) if suffix in _JSON_LINES else csv_table(lines, name)


def _is_pattern(name: str) -> bool:
    # What follows a question mark in a web address signs it.
    return not name.startswith(("https://", "http://")) and not _PATTERN.isdisjoint(name)


def _matches(name: str, open_path: Callable[[str], Any]) -> list[str]:
    start = min(name.index(sign) for sign in _PATTERN if sign in name)
    folder, slash, _ = name[:start].rpartition("/")
    try:
        found = sorted(str(path) for path in open_path(folder + slash or ".").glob(name[len(folder + slash) :]))
    except (OSError, ValueError, ImportError) as error:
        raise GongManifestError(f"Manifest {name} cannot be looked for: {error}") from error
    if not found:
        raise GongManifestError(f"Manifest {name} matches no file. Correct the pattern, or wait for the files.")
    return found
