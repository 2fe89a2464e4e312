"""The report of an import as files: the outcome of every row, the problems, and who has to act."""

from __future__ import annotations

import contextlib
import csv
import functools
import json
import os
import shutil
import tempfile
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC
from pathlib import Path
from typing import IO, Any, Protocol
from zoneinfo import ZoneInfo

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongImportError
from airflow_provider_gong.call_import.manifest.csv_cells import escape_cell
from airflow_provider_gong.call_import.manifest.fields import REQUIRED_COLUMNS
from airflow_provider_gong.call_import.manifest.manifest import SURPLUS
from airflow_provider_gong.call_import.report.report_page import PageFacts, report_page
from airflow_provider_gong.call_import.report.summary import log_summary, summarize
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.media import BUCKET_STORES
from airflow_provider_gong.ledger.rows import CallState, ImportRow
from airflow_provider_gong.ledger.view import ImportView

REPORT_CSV = "report.csv"
REPORT_JSON = "report.json"
REPORT_HTML = "report.html"
RETRY_CSV = "retry.csv"
PERMANENT_CSV = "permanent.csv"

# The columns of the report, with their values.
_COLUMNS: Mapping[str, Callable[[ImportRow], object]] = {
    "file": lambda row: shown(row.file),
    "row": lambda row: row.row_number,
    "line": lambda row: row.line,
    "client_unique_id": lambda row: row.client_unique_id,
    "title": lambda row: row.title,
    "state": lambda row: row.state.value,
    "call_id": lambda row: row.call_id,
    "url": lambda row: row.url,
    "duration": lambda row: row.duration,
    "media": lambda row: shown(row.media or ""),
    "media_sha256": lambda row: row.media_sha256,
    "sent_by": lambda row: row.sent_by,
    "who": lambda row: "; ".join(dict.fromkeys(problem.who for problem in row.problems)),
    "problem": lambda row: " | ".join(map(str, row.problems)),
    "warnings": lambda row: " | ".join(map(shown, row.warnings)),
}


class Folder(Protocol):
    """Where a report is written: ``pathlib.Path`` and Airflow's ``ObjectStoragePath`` both fit."""

    def __truediv__(self, name: str) -> Any:
        """Return the file of this name."""

    def mkdir(self, *, parents: bool, exist_ok: bool) -> None:
        """Create the folder."""


class ImportReport:
    """
    Reports the outcome of an import's rows, even after failures.

    Writes ``report.csv``, ``report.json`` and ``report.html``, ``retry.csv`` (rows that may be sent again: a valid
    manifest) and ``permanent.csv`` (rows that Gong will never accept).

    :param ledger: the rows
    :param folder: folder for the files; None writes none
    :param file_mode: permissions of files on a local disk; None leaves them to the umask
    :param zone: IANA zone of the page's times
    :param dag_run: the DAG run that imports; empty if there is none
    """

    def __init__(
        self,
        ledger: ImportView,
        *,
        folder: Folder | None = None,
        file_mode: int | None = None,
        zone: str | None = None,
        dag_run: str = "",
    ) -> None:
        self._ledger = ledger
        self._folder = folder
        self._file_mode = file_mode
        self._zone = ZoneInfo(zone) if zone else UTC
        self._dag_run = dag_run

    def run(self) -> dict[str, Any]:
        """
        Write the report and return its summary.

        :raises GongImportFailedError: if the import was never planned, or rows of its plan are lost
        :raises GongImportError: if the files cannot be written
        """
        summary = summarize(self._ledger)
        log_summary(summary)
        if self._folder is None:
            return summary
        try:
            if getattr(self._folder, "protocol", "") not in BUCKET_STORES:
                self._folder.mkdir(parents=True, exist_ok=True)
            self._write_files(self._folder, summary)
        except GongError:
            raise
        except Exception as error:
            # Each object store raises different errors, for example for missing credentials.
            why = shown(f"{type(error).__name__}: {error}")
            raise GongImportError(
                f"The report cannot be written to {shown(str(self._folder))} ({why}). Correct report_path, or give the "
                "worker access to it, then clear the report task; nothing is sent again."
            ) from error
        return summary

    def _write_files(self, folder: Folder, summary: dict[str, Any]) -> None:
        rows, remarks = self._ledger.rows, self._ledger.remarks
        about = PageFacts(self._ledger.manifest(), self._dag_run, self._zone)
        self._write(folder / REPORT_JSON, functools.partial(json.dump, summary, indent=2))
        self._write(folder / REPORT_CSV, functools.partial(_write_table, columns=_COLUMNS, rows=map(_cells, rows())))
        self._write(folder / REPORT_HTML, lambda file: file.write(report_page(summary, rows(), remarks(), about)))
        named = (column for row in rows() for column in row.source if column != SURPLUS)
        columns = list(dict.fromkeys((*REQUIRED_COLUMNS, *named)))
        for name, belongs in ((RETRY_CSV, _may_be_retried), (PERMANENT_CSV, _is_permanent)):
            cells = (_manifest_cells(row, columns) for row in rows() if belongs(row))
            self._write(folder / name, functools.partial(_write_table, columns=columns, rows=cells))

    def _write(self, path: Any, write: Callable[[IO[str]], object]) -> None:
        # Airflow's local paths have the protocol "file" or none; paths of pathlib have no such attribute.
        if getattr(path, "protocol", "") in ("", "file"):
            with _replaced(Path(str(getattr(path, "path", path))), self._file_mode) as file:
                write(file)
            return
        # An object store also keeps what was written before an error.
        with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as draft:
            write(draft)
            draft.seek(0)
            with path.open("w", encoding="utf-8", newline="") as file:
                shutil.copyfileobj(draft, file)


@contextlib.contextmanager
def _replaced(target: Path, mode: int | None) -> Iterator[IO[str]]:
    """Open a file that replaces another one when it is complete."""
    unfinished = target.with_name(f".{target.name}.{uuid.uuid4().hex}")
    descriptor = os.open(unfinished, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666 if mode is None else mode)
    try:
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            if mode is not None:
                os.fchmod(descriptor, mode)
            yield file
        os.replace(unfinished, target)
    finally:
        unfinished.unlink(missing_ok=True)


def _may_be_retried(row: ImportRow) -> bool:
    is_unsent = row.state in (CallState.REJECTED, CallState.PLANNED, CallState.FAILED, CallState.INCOMPLETE)
    return is_unsent and not _is_permanent(row)


def _is_permanent(row: ImportRow) -> bool:
    if row.state is CallState.REJECTED:
        return any(problem.is_final for problem in row.problems)
    ended = row.state in (CallState.CONFLICT, CallState.CHANGED_AFTER_SEND, CallState.NOT_VISIBLE)
    return ended or (row.state is CallState.FAILED and row.burned)


def _manifest_cells(row: ImportRow, columns: Iterable[str]) -> list[str]:
    # With the full path of its recording, because the file is in another folder than the manifest.
    values = row.source | ({"media": row.media} if row.media else {})
    surplus = [values[SURPLUS]] if SURPLUS in values else []
    return [values.get(column, "") for column in columns] + surplus


def _cells(row: ImportRow) -> list[str]:
    values = (value_of(row) for value_of in _COLUMNS.values())
    return ["" if value is None else str(value) for value in values]


def _write_table(file: IO[str], columns: Iterable[str], rows: Iterable[list[str]]) -> None:
    writer = csv.writer(file)
    writer.writerow([escape_cell(column) for column in columns])
    writer.writerows([escape_cell(cell) for cell in cells] for cells in rows)
