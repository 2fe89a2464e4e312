"""A private ledger's database on one side, its journal on the other, and what the journal does not hold yet."""

from __future__ import annotations

import itertools
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, and_, delete, func, insert, select, update
from sqlalchemy.engine import Connection

from airflow_provider_gong._text import batches
from airflow_provider_gong.ledger.journal import Entry, Journal
from airflow_provider_gong.ledger.tables import call_table as calls
from airflow_provider_gong.ledger.tables import import_table as imports
from airflow_provider_gong.ledger.tables import row_table as rows
from airflow_provider_gong.store.database import Store

_WRITE_SECONDS = 10.0
_ROWS_OF_SEGMENT = 1000
_IDENTITY = ("company", "import_id")

# What the journal does not hold yet: a call by its id, the import by nothing, its plan by NEW_PLAN. A change that is
# noted again gets another number, so what was written can be told from what has changed meanwhile.
_changed = Table(
    "changed",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("what", String, unique=True, nullable=False),
    sqlite_autoincrement=True,
)
_IMPORT, _NEW_PLAN = "import", "plan"
_CALL = "call "
# The database notes each change itself, whichever statement makes it: no verb of the ledger can forget to.
_TRIGGERS = tuple(
    f"CREATE TRIGGER note_{number} AFTER {event} BEGIN INSERT OR REPLACE INTO changed (what) VALUES ({what}); END"  # noqa: S608 - only names
    for number, (event, what) in enumerate(
        (
            (f"INSERT ON {calls.name}", f"'{_CALL}' || NEW.client_unique_id"),
            (f"UPDATE ON {calls.name}", f"'{_CALL}' || NEW.client_unique_id"),
            (f"UPDATE ON {imports.name}", f"'{_IMPORT}'"),
            (f"INSERT ON {imports.name}", f"'{_NEW_PLAN}'"),
            (f"UPDATE OF planned_at ON {imports.name}", f"'{_NEW_PLAN}'"),
        )
    )
)


class JournalSync:
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
        self.store_id = ""
        self._store = store
        self._identity = {"company": company, "import_id": import_id}
        self._journal = journal
        self._clock = clock
        self._written_at = clock()
        self._lock = threading.Lock()
        self._load()
        with store.begin() as connection:
            _changed.create(connection)
            for trigger in _TRIGGERS:
                connection.exec_driver_sql(trigger)

    def write_if_due(self) -> None:
        """Write what has changed, every few seconds."""
        if self._clock() - self._written_at >= _WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write what has changed."""
        with self._lock:
            with self._store.read() as connection:
                last = connection.execute(select(func.max(_changed.c.number))).scalar()
                entries = [*self._entries(connection)] if last else []
            if entries:
                self._journal.append(entries)
                with self._store.begin() as connection:
                    connection.execute(delete(_changed).where(_changed.c.number <= last))
            self._written_at = self._clock()

    def _entries(self, connection: Connection) -> Iterator[Entry]:
        changed = set(connection.execute(select(_changed.c.what)).scalars())
        if _NEW_PLAN in changed:
            self._write_rows(connection)
        idents = sorted(what.removeprefix(_CALL) for what in changed if what.startswith(_CALL))
        for batch in batches(idents, _ROWS_OF_SEGMENT):
            found = connection.execute(select(calls).where(calls.c.client_unique_id.in_(batch)))
            yield from ({"kind": "call", **_call_values(row)} for row in found)
        if changed & {_IMPORT, _NEW_PLAN}:
            row = connection.execute(select(imports).where(self._is_mine(imports))).one()
            yield {"kind": "plan", "plan_id": self.store_id, **_columns(row, imports)}

    def _write_rows(self, connection: Connection) -> None:
        """Write the rows of a plan; they take effect once the plan's entry follows them."""
        self.store_id = str(uuid.uuid4())
        found = connection.execute(select(rows).where(self._is_mine(rows)).order_by(rows.c.position))
        for batch in batches(found, _ROWS_OF_SEGMENT):
            self._journal.append([{"kind": "row", "plan_id": self.store_id, **_columns(row, rows)} for row in batch])

    def _load(self) -> None:
        readers = {"row": self._load_rows, "call": self._load_calls, "plan": self._load_plans}
        for kind, entries in itertools.groupby(self._journal.entries(), key=lambda entry: str(entry["kind"])):
            for batch in batches(entries, _ROWS_OF_SEGMENT):
                readers[kind](batch)

    def _load_rows(self, entries: Sequence[Entry]) -> None:
        # Under the plan's own id for as long as it is not known to be complete.
        self._replace(rows, [self._values(entry, rows) | {"import_id": entry["plan_id"]} for entry in entries])

    def _load_calls(self, entries: Sequence[Entry]) -> None:
        # The latest entry of a call counts.
        latest = {entry["client_unique_id"]: self._values(entry, calls) for entry in entries}
        self._replace(calls, latest.values())

    def _load_plans(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            self._replace(imports, [self._values(entry, imports)])
            self._use_rows(entry["plan_id"])

    def _use_rows(self, plan_id: str) -> None:
        if plan_id == self.store_id:
            return
        its_rows = and_(rows.c.company == self._identity["company"], rows.c.import_id == plan_id)
        with self._store.begin() as connection:
            connection.execute(delete(rows).where(self._is_mine(rows)))
            connection.execute(update(rows).where(its_rows).values(import_id=self._identity["import_id"]))
        self.store_id = plan_id

    def _replace(self, table: Table, values: Iterable[Entry]) -> None:
        with self._store.begin() as connection:
            connection.execute(insert(table).prefix_with("OR REPLACE"), list(values))

    def _values(self, entry: Entry, table: Table) -> Entry:
        return {column.name: _value(entry, column) for column in table.c} | self._identity

    def _is_mine(self, table: Table) -> Any:
        return and_(*(table.c[name] == value for name, value in self._identity.items()))


def _value(entry: Entry, column: Column[Any]) -> Any:
    return entry.get(column.name, entry.get(column.info.get("was", "")))


def _columns(found: Any, table: Table) -> Entry:
    return {column.name: getattr(found, column.name) for column in table.c if column.name not in _IDENTITY}


def _call_values(found: Any) -> Entry:
    values = _columns(found, calls)
    if values["lease_until"] is not None:
        # It may be sent at any moment from now on, and its recording as well, before anything is written again.
        values["media_sent_at"] = values["media_sent_at"] or values["intended_at"]
    return values | {"lease_until": None}
