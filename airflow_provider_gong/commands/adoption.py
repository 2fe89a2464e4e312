"""Calls that another tool has imported: from a file, or from Gong itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from airflow_provider_gong._text import batches, listed, shown

if TYPE_CHECKING:
    from airflow_provider_gong.client.clients import GongClient
    from airflow_provider_gong.ledger.imports import Adoption, Imports

_COLUMNS = ("client_unique_id", "call_id")
_BATCH = 500
_CALL_ID = re.compile(r"[0-9]{1,20}")


def read_calls(file: Path) -> dict[str, str]:
    """
    Return the call ids of a CSV file by client unique id.

    :raises ValueError: with all problems in the file
    """
    from airflow_provider_gong.call_import.manifest.csv_files import csv_table
    from airflow_provider_gong.call_import.manifest.manifest import require_distinct

    with file.open(encoding="utf-8-sig", newline="") as lines:
        table = csv_table(lines, str(file))
        lacking = [column for column in _COLUMNS if column not in (table.header or ())]
        if lacking:
            raise ValueError(f"{file} lacks the {listed('column', lacking)}.")
        require_distinct([column for column in table.header or () if column in _COLUMNS], str(file))
        found, wrong = _checked(record for _, record in table.records)
    if wrong:
        raise ValueError(f"{file} was not adopted: {'; '.join(wrong)}.")
    return found


def days_window(first: str, last: str | None) -> tuple[datetime, datetime]:
    """
    Return the start and the end, which is not included, of several days in UTC.

    :param last: the last day, today by default
    :raises ValueError: if a text is not a day, or the window ends before it starts
    """
    start, end = (datetime.combine(_day(text), time(), UTC) for text in (first, last or str(datetime.now(UTC).date())))
    if end < start:
        raise ValueError(f"--to {last} is before --from {first}.")
    return start, end + timedelta(days=1)


def adopt_from_gong(
    imports: Imports, company: str, client: GongClient, window: tuple[datetime, datetime], requests: int
) -> Adoption:
    """
    Adopt the calls that Gong lists in a window; calls that were not created over the API have no ``clientUniqueId``.

    :param window: start and end
    :param requests: about how many requests this takes
    """
    from airflow_provider_gong.call_import.reconcile import calls_between
    from airflow_provider_gong.ledger.imports import Adoption

    adopted = known = 0
    conflicts: tuple[str, ...] = ()
    for batch in batches(calls_between(client, *window, requests), _BATCH):
        call_ids = {call.client_unique_id: call.id for call in batch if call.client_unique_id}
        done = imports.adopt(company, call_ids)
        adopted, known, conflicts = adopted + done.adopted, known + done.known, conflicts + done.conflicts
    return Adoption(adopted, known, conflicts)


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{shown(text)!r} is not a day such as 2026-11-20.") from None


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
