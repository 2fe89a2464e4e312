"""
A plan while it is being created.

Its rows are in a private SQLite file of this process, whose indexes find duplicates. The store that all workers share
is neither written nor locked before the whole plan is complete. A store in SQLite copies the rows from the file.
"""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from airflow_provider_gong._scratch import scratch_folder
from airflow_provider_gong._text import row_place
from airflow_provider_gong.ledger.draft_rows import PlanFigures, Repeated, Suspect, Unsent
from airflow_provider_gong.ledger.queries import (
    PLAN_COLUMNS,
    plan_values,
    planned_row,
    problems_as_json,
    problems_from_json,
)
from airflow_provider_gong.ledger.rows import PlannedRow, Problem

_PAGE = 500
_PREFIX = "gong-plan-"
# Nothing outlives the process, so nothing has to be safe on the disk.
_SCHEMA = f"""
PRAGMA page_size = 16384;
PRAGMA journal_mode = OFF;
PRAGMA synchronous = OFF;
PRAGMA cache_size = -16384;
CREATE TABLE planned (
    position INTEGER PRIMARY KEY, {", ".join(PLAN_COLUMNS)}, is_imported INTEGER, sample TEXT, sha256 TEXT
);
CREATE INDEX planned_size ON planned (media_bytes, state) WHERE media_bytes > 0;
CREATE TABLE repeated (position INTEGER PRIMARY KEY, first INTEGER, what TEXT);
CREATE TABLE sent_size (media_bytes PRIMARY KEY);
CREATE TABLE equally_long (position INTEGER PRIMARY KEY);
CREATE TABLE compared (position INTEGER PRIMARY KEY);
BEGIN;
"""
_INSERT = f"INSERT INTO planned VALUES (NULL, {', '.join('?' * len(PLAN_COLUMNS))}, ?, NULL, NULL)"  # noqa: S608 - only names
_ROWS = f"SELECT position, {', '.join(PLAN_COLUMNS)} FROM planned WHERE position > ?"  # noqa: S608 - only names
_VALUES = f"SELECT {', '.join(PLAN_COLUMNS)} FROM planned ORDER BY position"  # noqa: S608 - only names
# A row that repeats one value is not checked for others.
_FIND_REPEATED = """
INSERT INTO repeated
SELECT position, first, '{column}' FROM planned JOIN (
    SELECT {column} AS value, min(position) AS first FROM planned
    WHERE {column} <> '' AND position NOT IN (SELECT position FROM repeated) GROUP BY {column} HAVING count(*) > 1
) ON {column} = value
WHERE position > first AND position NOT IN (SELECT position FROM repeated)
"""
# A cross join starts with its left table: rows are wide, and those that are looked for are few.
_REPEATED = """
SELECT repeated.position AS position, first_row.row_number, json_extract(first_row.source, '$.file'),
    json_extract(planned.source, '$.file'), planned.client_unique_id, planned.media
FROM repeated CROSS JOIN planned USING (position) JOIN planned AS first_row ON first_row.position = first
WHERE repeated.position > ? AND what = '{column}'
"""
# Of those whose calls are all in Gong already, none will be sent.
_FIND_EQUALLY_LONG = """
INSERT INTO equally_long
SELECT position FROM (
    SELECT media_bytes FROM planned WHERE media_bytes > 0 AND state = 'planned' GROUP BY media_bytes
    HAVING min(is_imported) = 0 AND (count(*) > 1 OR media_bytes IN (SELECT media_bytes FROM sent_size))
) CROSS JOIN planned USING (media_bytes)
WHERE planned.media_bytes > 0 AND state = 'planned'
"""
_COMPARE = """
INSERT OR IGNORE INTO compared
SELECT position FROM (
    SELECT media_bytes, sample FROM equally_long CROSS JOIN planned USING (position)
    WHERE state = 'planned' GROUP BY media_bytes, sample HAVING count(*) > 1
) CROSS JOIN planned USING (media_bytes, sample) WHERE planned.media_bytes > 0 AND state = 'planned'
"""
_SUSPECTS = """
SELECT {of}.position AS position, client_unique_id, media, media_bytes
FROM {of} CROSS JOIN planned USING (position) WHERE {of}.position > ?
"""
_REJECT = """
UPDATE planned SET problems = ?, warnings = NULL, state = 'rejected', is_imported = 0
WHERE position = ?
"""
_SIZES = "SELECT DISTINCT media_bytes FROM planned WHERE media_bytes > 0 AND state = 'planned'"
_FIGURES = """
SELECT count(*), total(state = 'planned'), total(is_imported), total(is_sent), total(is_sent AND is_pulled),
    total(CASE WHEN is_sent THEN media_bytes END), total(json_array_length(warnings))
FROM (SELECT *, state = 'planned' AND NOT is_imported AS is_sent FROM planned)
"""


_UNSENT = """
SELECT position, client_unique_id, fingerprint, json_extract(payload, '$.actualStart'),
    json_extract(payload, '$.primaryUser')
FROM planned WHERE position > ? AND state = 'planned' AND NOT is_imported
"""


@contextlib.contextmanager
def plan_draft() -> Iterator[PlanDraft]:
    """Open a draft that exists until the block ends."""
    with scratch_folder(_PREFIX) as folder:
        file = folder / "plan.db"
        with contextlib.closing(sqlite3.connect(file, isolation_level=None)) as connection:
            connection.executescript(_SCHEMA)
            yield PlanDraft(connection, file)


class PlanDraft:
    """
    A plan while it is being created by one thread.

    :param connection: the connection that changes it, in a transaction
    :param file: the file that holds it
    """

    def __init__(self, connection: sqlite3.Connection, file: Path) -> None:
        self.remarks: list[str] = []
        self._connection = connection
        self._file = file

    def finished(self) -> Path:
        """Return the file, from which others can now read the rows in the table ``planned``."""
        self._connection.commit()
        return self._file

    def add(self, rows: Iterable[PlannedRow], imported: Collection[str] = ()) -> None:
        """
        Add rows at the end.

        :param imported: ids of calls that an import has finished
        """
        values = [(*plan_values(row), int(not row.problems and row.client_unique_id in imported)) for row in rows]
        self._connection.executemany(_INSERT, values)

    def rows(self, *, rejected: bool | None = None) -> Iterator[PlannedRow]:
        """
        Yield the rows in the manifest's order.

        :param rejected: only those that are rejected, or only those that are not
        """
        wanted = "" if rejected is None else f"AND state {'=' if rejected else '<>'} 'rejected'"
        for page in self._pages(f"{_ROWS} {wanted}", _PAGE):
            yield from map(_planned_row, page)

    def values(self) -> Iterator[Sequence[Any]]:
        """Yield the rows as the ledger keeps them: the values of ``PLAN_COLUMNS``."""
        yield from self._connection.execute(_VALUES)

    def warnings(self) -> Iterator[str]:
        """Yield the warnings about the manifest and about rows, with their places."""
        yield from self.remarks
        for page in self._pages(f"{_ROWS} AND warnings IS NOT NULL", _PAGE):
            for row in map(_planned_row, page):
                yield from (f"{row_place(row.row_number, row.file)}: {remark}" for remark in row.warnings)

    def repeated(self, column: str) -> Iterator[Repeated]:
        """
        Yield the rows that have the value of an earlier row in a column.

        :param column: ``client_unique_id``, ``media`` or ``sha256``
        """
        self._connection.execute(f"CREATE INDEX planned_{column} ON planned ({column})")
        self._connection.execute(_FIND_REPEATED.format(column=column))
        for page in self._pages(_REPEATED.format(column=column), _PAGE):
            yield from (Repeated(*found) for found in page)

    def reject(self, problems: Iterable[tuple[int, Problem]]) -> None:
        """Add problems to rows, identified by their places in the draft."""
        for position, problem in problems:
            found = self._connection.execute("SELECT problems FROM planned WHERE position = ?", (position,))
            known = problems_from_json(found.fetchone()[0])
            self._connection.execute(_REJECT, (problems_as_json((*known, problem)), position))

    def note_samples(self, samples: Iterable[tuple[int, str]]) -> None:
        """Record parts of recordings, by the place of their rows in the draft."""
        self._note("sample", samples)

    def note_hashes(self, hashes: Iterable[tuple[int, str]]) -> None:
        """Record the content of recordings, by the place of their rows in the draft."""
        self._note("sha256", hashes)

    def sizes(self) -> Iterator[list[int]]:
        """Yield the lengths of the recordings of planned rows in batches, each length once."""
        cursor = self._connection.execute(_SIZES)
        while page := cursor.fetchmany(_PAGE):
            yield [size for (size,) in page]

    def note_sent_sizes(self, sizes: Iterable[int]) -> None:
        """Record lengths of recordings that were sent earlier."""
        values = ((size,) for size in sizes)
        self._connection.executemany("INSERT OR IGNORE INTO sent_size VALUES (?)", values)

    def suspect(self, positions: Iterable[int]) -> None:
        """Mark rows as suspects, identified by their places in the draft."""
        values = ((position,) for position in positions)
        self._connection.executemany("INSERT OR IGNORE INTO compared VALUES (?)", values)

    def equally_long(self, at_a_time: int) -> Iterator[list[Suspect]]:
        """Yield the planned rows whose recordings are as long as others in batches, if one of them is not imported."""
        self._connection.execute(_FIND_EQUALLY_LONG)
        for page in self._pages(_SUSPECTS.format(of="equally_long"), at_a_time):
            yield [Suspect(*found) for found in page]

    def suspects(self, at_a_time: int) -> Iterator[list[Suspect]]:
        """Yield the marked rows, and the planned rows whose recording has another's sample, in batches."""
        self._connection.execute(_COMPARE)
        for page in self._pages(_SUSPECTS.format(of="compared"), at_a_time):
            yield [Suspect(*found) for found in page]

    def unsent_starts(self) -> Iterator[str]:
        """Yield the starts of the calls that will be sent."""
        for page in self._pages(_UNSENT, _PAGE):
            yield from (Unsent(*found).actual_start for found in page)

    def sample(self, places: Iterable[int]) -> Iterator[tuple[str, str]]:
        """Yield the id and start of some of the rows that will be sent, by their places among them, from 1."""
        for place in places:
            query = f"{_UNSENT} ORDER BY position LIMIT 1 OFFSET ?"
            for found in self._connection.execute(query, (0, place - 1)):
                yield Unsent(*found).client_unique_id, Unsent(*found).actual_start

    def unsent(self, idents: Sequence[str]) -> list[Unsent]:
        """Return the rows with these ids that will be sent; accepts a few hundred ids at most."""
        query = f"{_UNSENT} AND client_unique_id IN ({', '.join('?' * len(idents))})"
        return [Unsent(*found) for found in self._connection.execute(query, (0, *idents))]

    def note_imported(self, positions: Iterable[int]) -> None:
        """Record that the calls of rows are in Gong."""
        query = "UPDATE planned SET is_imported = 1 WHERE position = ?"
        self._connection.executemany(query, ((position,) for position in positions))

    def figures(self) -> PlanFigures:
        """Return the figures of the plan."""
        found = PlanFigures(*map(int, self._connection.execute(_FIGURES).fetchone()))
        return replace(found, warnings=found.warnings + len(self.remarks))

    def _note(self, column: str, texts: Iterable[tuple[int, str]]) -> None:
        values = [(text, position) for position, text in texts]
        self._connection.executemany(f"UPDATE planned SET {column} = ? WHERE position = ?", values)  # noqa: S608

    def _pages(self, query: str, size: int) -> Iterator[list[Any]]:
        # Queried again for each page, because rows may change between pages.
        after = 0
        while page := self._connection.execute(f"{query} ORDER BY position LIMIT {size}", (after,)).fetchall():
            yield page
            after = page[-1][0]


def _planned_row(found: Sequence[Any]) -> PlannedRow:
    return planned_row(dict(zip(PLAN_COLUMNS, found[1:], strict=True)))
