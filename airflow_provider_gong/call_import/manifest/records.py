"""Manifests whose rows are objects: JSON Lines, and rows returned by an upstream task."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.fields import FIELDS, column_of
from airflow_provider_gong.call_import.manifest.manifest import (
    LONGEST_CELL,
    Record,
    SparseRecord,
    Table,
    bounded_lines,
    check_width,
)
from airflow_provider_gong.call_import.manifest.values import BytesText, text_of


def jsonl_table(lines: Iterable[str], name: str) -> Table:
    """
    Read a manifest in JSON Lines: an object per line, flat or nested like a call in Gong's API.

    :param lines: its lines, as an open text file yields them
    :param name: its name in messages
    """
    return Table(name, None, _objects(lines, name))


def list_table(rows: Iterable[Any], name: str = "of the upstream task") -> Table:
    """
    Read rows that a task has returned: mappings of column to value.

    :param rows: the rows
    :param name: their name in messages
    """
    return Table(name, None, _records(rows, name))


def record_of(row: Any, place: str) -> dict[str, str]:
    """
    Return a row as text by column; objects and lists become JSON. Values without a name are left out.

    :param row: a mapping of column to value; fields may have Gong's names
    :param place: its name in messages
    :raises GongManifestError: if it is not a mapping of names, repeats a column, or contains too long a text
    :raises ValueError: for bytes that are not text in UTF-8, in the column of a field
    """
    if not isinstance(row, Mapping) or not all(isinstance(name, str) for name in row):
        raise GongManifestError(
            f"Manifest {place} is {type(row).__name__} and not an object with a value for each column. "
            "Give each row as an object or dict; convert database rows to dicts first."
        )
    check_width(row, place)
    record: dict[str, str] = {}
    empty: list[str] = []
    for column, value in _flat(row):
        text = _text(column, value, place)
        if column in record:
            raise GongManifestError(f"Manifest {place} has {shown(column)!r} more than once. Keep one.")
        if len(text) > LONGEST_CELL:
            raise GongManifestError(f"Manifest {place} has {shown(column)!r} of more than {LONGEST_CELL} characters.")
        if not text:
            empty.append(column)
        elif column:
            record[column] = text
    return SparseRecord(record, empty) if empty else record


def _text(column: str, value: Any, place: str) -> str:
    try:
        return text_of(value)
    except UnicodeDecodeError as error:
        if column in FIELDS:
            raise ValueError(f"{error}, in column {column}, {place.rpartition(', ')[2]}") from error
        # Of no field, or of one whose row is rejected.
        return BytesText(repr(value))


def distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """
    Return the content of a JSON object.

    :raises ValueError: if it repeats a name, because readers differ in which one they keep
    """
    found = dict(pairs)
    if len(found) < len(pairs):
        repeated = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise ValueError(f"an object has {shown(repeated)!r} more than once")
    return found


def _records(rows: Iterable[Any], name: str) -> Iterator[Record]:
    for number, row in enumerate(rows, 1):
        place = f"{name}, row {number}"
        try:
            yield None, record_of(row, place)
        except (TypeError, ValueError, RecursionError) as error:
            # Such as objects with keys other than text.
            raise GongManifestError(
                f"Manifest {place} contains a value that is neither text nor JSON: {error}."
            ) from error


def _flat(row: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Yield columns with their values; a nested field of Gong is yielded under the column that fills it."""
    for name, value in row.items():
        if isinstance(value, Mapping) and len(value) == 1:
            ((inner_name, inner),) = value.items()
            column = column_of(f"{name}.{inner_name}".replace("_", ""))
            if column in FIELDS:
                yield column, inner
                continue
        yield column_of(name), value


def _objects(lines: Iterable[str], name: str) -> Iterator[Record]:
    number = 0
    try:
        for number, line in enumerate(bounded_lines(lines, name), 1):
            if number == 1 and line.startswith("["):
                raise GongManifestError(
                    f"Manifest {name} is a JSON array, not JSON Lines. Write one object per line (pandas: "
                    "to_json(orient='records', lines=True); jq: jq -c '.[]')."
                )
            if line.strip():
                yield number, record_of(json.loads(line, object_pairs_hook=distinct), f"{name}, line {number}")
    except UnicodeDecodeError as error:
        raise GongManifestError(
            f"Manifest {name} is not in UTF-8, after line {number}; it may be in Windows-1252. Save it in UTF-8."
        ) from error
    except (ValueError, RecursionError) as error:
        raise GongManifestError(
            f"Manifest {name} is not in JSON Lines format: {error}, in line {number}. Write one object per line "
            "(jq: jq -c .)."
        ) from error
