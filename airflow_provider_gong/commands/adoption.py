"""The file of calls that another tool has imported."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from airflow_provider_gong._text import listed, shown

_COLUMNS = ("client_unique_id", "call_id")
_CALL_ID = re.compile(r"[0-9]{1,20}")


def read_calls(file: Path) -> dict[str, str]:
    """
    Return the call ids of a CSV file by client unique id.

    :raises ValueError: with all that is wrong with the file
    """
    from airflow_provider_gong.call_import.manifest.csv_files import csv_table

    with file.open(encoding="utf-8-sig", newline="") as lines:
        table = csv_table(lines, str(file))
        lacking = [column for column in _COLUMNS if column not in (table.header or ())]
        if lacking:
            raise ValueError(f"{file} lacks the {listed('column', lacking)}.")
        found, wrong = _checked(table.records)
    if wrong:
        raise ValueError(f"{file} was not adopted: {'; '.join(wrong)}.")
    return found


def _checked(records: Iterable[Mapping[str, str]]) -> tuple[dict[str, str], list[str]]:
    found: dict[str, str] = {}
    wrong = []
    for number, record in enumerate(records, 1):
        ident, call_id = (record.get(column, "") for column in _COLUMNS)
        if not ident or not _CALL_ID.fullmatch(call_id):
            wrong.append(f"row {number} needs a client_unique_id and a call_id of 1 to 20 digits")
        elif found.setdefault(ident, call_id) != call_id:
            wrong.append(f"row {number} gives {shown(ident)!r} another call_id than an earlier row")
    return found, wrong
