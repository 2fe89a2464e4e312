"""A private ledger's database on one side, its journal on the other, and what the journal does not hold yet."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import and_, delete, insert, select, update

from airflow_provider_gong._text import batches
from airflow_provider_gong.ledger.journal import Entry, Journal
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import call_table as calls
from airflow_provider_gong.store.schema import import_table as imports
from airflow_provider_gong.store.schema import row_table as rows

_WRITE_SECONDS = 10.0
_ROWS_OF_SEGMENT = 1000
_IDENTITY = ("company", "import_id")


class LedgerFiles:
    """
    Fills the database from the journal, and writes what changes back to it.

    :param store: the private database
    :param company: name of the Gong company
    :param import_id: identity of the import
    :param journal: where the import is kept
    :param clock: seconds that only go forward
    """

    def __init__(
        self, store: Store, company: str, import_id: str, journal: Journal, clock: Callable[[], float]
    ) -> None:
        self.lock = threading.RLock()
        self.plan_id = ""
        self._store = store
        self._identity = {"company": company, "import_id": import_id}
        self._journal = journal
        self._clock = clock
        self._written_at = clock()
        self._changed: set[str] = set()
        self._import_has_changed = False

    def load(self) -> None:
        """Fill the database."""
        readers = {"row": self._load_rows, "call": self._load_calls, "plan": self._load_plans}
        for kind, entries in itertools.groupby(self._journal.entries(), key=lambda entry: str(entry["kind"])):
            for batch in batches(entries, _ROWS_OF_SEGMENT):
                readers[kind](batch)

    def note(self, client_unique_ids: Iterable[str]) -> None:
        """Remember calls that have changed."""
        with self.lock:
            self._changed.update(client_unique_ids)

    def note_import(self) -> None:
        """Remember that the import itself has changed."""
        with self.lock:
            self._import_has_changed = True

    def write_if_due(self) -> None:
        """Write what has changed, every few seconds."""
        with self.lock:
            if self._clock() - self._written_at >= _WRITE_SECONDS:
                self.write()

    def write(self) -> None:
        """Write what has changed."""
        with self.lock:
            entries = [*self._changed_calls(), *self._changed_import()]
            if entries:
                self._journal.append(entries)
            self._changed.clear()
            self._import_has_changed = False
            self._written_at = self._clock()

    def write_plan(self) -> None:
        """Write all rows; they count from the moment at which the plan's own entry stands behind them."""
        plan_id = str(uuid.uuid4())
        query = select(rows).where(self._is_mine(rows)).order_by(rows.c.position)
        with self.lock, self._store.read() as connection:
            for batch in batches(connection.execute(query), _ROWS_OF_SEGMENT):
                self._journal.append([{"kind": "row", "plan_id": plan_id, **_columns(row, rows)} for row in batch])
            self.plan_id = plan_id
            self._import_has_changed = True
        self.write()

    def _changed_calls(self) -> Iterator[Entry]:
        for batch in batches(sorted(self._changed), _ROWS_OF_SEGMENT):
            query = select(calls).where(calls.c.client_unique_id.in_(batch))
            with self._store.read() as connection:
                found = connection.execute(query).all()
            yield from ({"kind": "call", **_call_values(row)} for row in found)

    def _changed_import(self) -> Iterator[Entry]:
        if not self._import_has_changed:
            return
        with self._store.read() as connection:
            found = connection.execute(select(imports).where(self._is_mine(imports))).first()
        if found is not None:
            yield {"kind": "plan", "plan_id": self.plan_id, **_columns(found, imports)}

    def _load_rows(self, entries: Sequence[Entry]) -> None:
        # Under the plan's own id for as long as it is not known to be complete.
        values = [self._values(entry, rows) | {"import_id": entry["plan_id"]} for entry in entries]
        self._replace(rows, values)

    def _load_calls(self, entries: Sequence[Entry]) -> None:
        # The latest entry of a call counts.
        latest = {entry["client_unique_id"]: self._values(entry, calls) for entry in entries}
        self._replace(calls, list(latest.values()))

    def _load_plans(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._replace(imports, [self._values(entry, imports)])
            self._use_rows(entry["plan_id"])

    def _use_rows(self, plan_id: str) -> None:
        if plan_id == self.plan_id:
            return
        its_rows = and_(rows.c.company == self._identity["company"], rows.c.import_id == plan_id)
        with self._store.begin() as connection:
            connection.execute(delete(rows).where(self._is_mine(rows)))
            connection.execute(update(rows).where(its_rows).values(import_id=self._identity["import_id"]))
        self.plan_id = plan_id

    def _replace(self, table: Any, values: list[dict[str, Any]]) -> None:
        with self._store.begin() as connection:
            connection.execute(insert(table).prefix_with("OR REPLACE"), values)

    def _values(self, entry: Entry, table: Any) -> dict[str, Any]:
        return {column.name: entry.get(column.name) for column in table.c} | self._identity

    def _is_mine(self, table: Any) -> Any:
        return and_(*(table.c[name] == value for name, value in self._identity.items()))


def _columns(found: Any, table: Any) -> Entry:
    return {column.name: getattr(found, column.name) for column in table.c if column.name not in _IDENTITY}


def _call_values(found: Any) -> Entry:
    values = _columns(found, calls)
    if values["lease_until"] is not None:
        # It may be sent at any moment from now on, and its recording as well, before anything is written again.
        values["media_sent_at"] = values["media_sent_at"] or values["intended_at"]
    return values | {"lease_until": None}
