"""Manifests whose rows are objects: JSON lines, and rows that an upstream task returns."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, time
from typing import Any

from airflow_provider_gong.call_import.column_map import normal_header
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.fields import FLOW_TASK_COLUMN, is_field
from airflow_provider_gong.call_import.manifest import Table
from airflow_provider_gong.store.texts import shown

_UPPER_CASE = re.compile(r"(?<=[a-z0-9])([A-Z])")


def jsonl_table(lines: Iterable[str], name: str) -> Table:
    """
    Read a manifest of JSON lines: an object per line, flat or nested like a call of Gong's API.

    :param lines: its lines, as an open text file gives them
    :param name: its path or URL
    """
    return Table(name, None, _objects(lines, name), file=name)


def list_table(rows: Iterable[Any], name: str = "of the upstream task") -> Table:
    """
    Take rows that a task has returned: mappings of column to value.

    :param rows: the rows
    :param name: what to call them in messages
    """
    numbered = enumerate(rows, 1)
    return Table(name, None, (record_of(row, f"{name}, row {number}") for number, row in numbered))


def record_of(row: Any, place: str) -> dict[str, str]:
    """
    Return a row as text by column; objects and lists become JSON.

    :param row: a mapping of column to value; fields may have Gong's own names
    :param place: what to call it in messages
    :raises GongManifestError: if it is no mapping of names, or gives a column twice
    """
    if not isinstance(row, Mapping) or not all(isinstance(name, str) for name in row):
        raise GongManifestError(
            f"Manifest {place} is {type(row).__name__} and not an object with a value for each column. "
            "Give each row as an object or dict; rows of a database have to be turned into such."
        )
    record: dict[str, str] = {}
    for name, value in _flat(row):
        column, text = column_of(name), text_of(value)
        if column in record:
            raise GongManifestError(f"Manifest {place} gives {shown(column)!r} more than once. Keep one.")
        if text:
            record[column] = text
    return record


def column_of(name: str) -> str:
    """Return the column of a name, which may be Gong's own, such as ``clientUniqueId``."""
    snake = _UPPER_CASE.sub(r"_\1", name.strip()).lower()
    if snake == "download_media_url":
        return "media"
    return snake if is_field(snake) else normal_header(name)


def text_of(value: Any) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping | list | tuple):
        return json.dumps(value, default=text_of, ensure_ascii=False)
    return value.isoformat() if isinstance(value, date | time) else str(value)


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in row.items():
        is_flow = normal_header(name) in ("flowcontext", "flow_context")
        if is_flow and isinstance(value, Mapping) and len(value) == 1:
            yield FLOW_TASK_COLUMN, next(iter(value.values()))
        else:
            yield name, value


def _objects(lines: Iterable[str], name: str) -> Iterator[dict[str, str]]:
    number = 0
    try:
        for number, line in enumerate(lines, 1):
            if line.strip():
                yield record_of(json.loads(line), f"{name}, line {number}")
    except UnicodeDecodeError as error:
        raise GongManifestError(f"Manifest {name} is not in UTF-8, after line {number}. Save it in UTF-8.") from error
    except (ValueError, RecursionError) as error:
        raise GongManifestError(
            f"Manifest {name} is not made of JSON lines: {error}, in line {number}. Write one object per line."
        ) from error
