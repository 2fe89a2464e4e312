"""Synchronization between a private ledger's database and its journal."""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from sqlalchemy import Column, Integer, MetaData, String, Table, and_, delete, func, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import SQLAlchemyError

from airflow_provider_gong._text import batches
from airflow_provider_gong.ledger.folder.journal import Files, Journal
from airflow_provider_gong.ledger.folder.segments import DamageError, Entry, Segment
from airflow_provider_gong.ledger.queries import planned_row, problems_from_json
from airflow_provider_gong.ledger.rows import CallState
from airflow_provider_gong.ledger.tables import calls, existing, imports, rows
from airflow_provider_gong.store.database import Store

_WRITE_SECONDS = 10.0
_ENTRIES_OF_SEGMENT = 1000
# SQLite before 3.32 accepts up to 999 parameters (https://www.sqlite.org/limits.html).
_IDS_OF_QUERY = 900
_IDENTITY = ("company", "import_id")
# What a plan's entry says of its rows, which are in files of their own.
_PLAN: dict[str, type] = {"rows": int, "segments": int, "digest": str}
# The errors that reading something other than an entry raises.
_NOT_ENTRIES = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)

# What is not in the journal yet: calls by their ids, the import, or its plan. If something changes again, it gets a new
# number, which distinguishes it from what has already been written.
_changed = Table(
    "changed",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("what", String, unique=True, nullable=False),
    sqlite_autoincrement=True,
)
_IMPORT, _NEW_PLAN = "import", "plan"
_CALL, _EXISTING = "call ", "existing "
# The database records each change itself, whichever statement makes it, so no function of the ledger can forget it. Not
# INSERT OR REPLACE: an upsert's conflict rule would override the trigger's.
_TRIGGERS = tuple(
    f"CREATE TRIGGER note_{number} AFTER {event} BEGIN DELETE FROM changed WHERE what = {what}; "  # noqa: S608 - only names
    f"INSERT INTO changed (what) VALUES ({what}); END"
    for number, (event, what) in enumerate(
        (
            (f"INSERT ON {calls.name}", f"'{_CALL}' || NEW.client_unique_id"),
            (f"UPDATE ON {calls.name}", f"'{_CALL}' || NEW.client_unique_id"),
            (f"INSERT ON {existing.name}", f"'{_EXISTING}' || NEW.client_unique_id"),
            (f"UPDATE ON {existing.name}", f"'{_EXISTING}' || NEW.client_unique_id"),
            (f"UPDATE ON {imports.name}", f"'{_IMPORT}'"),
            (f"INSERT ON {imports.name}", f"'{_NEW_PLAN}'"),
            (f"UPDATE OF planned_at ON {imports.name}", f"'{_NEW_PLAN}'"),
        )
    )
)


class JournalSync:
    """
    Fills the database from the journal, and writes changes back to it.

    :param store: the private database
    :param company: name of the Gong company
    :param import_id: id of the import
    :param journal: the import's journal
    :param clock: monotonic seconds
    """

    def __init__(
        self, store: Store, company: str, import_id: str, journal: Journal, clock: Callable[[], float]
    ) -> None:
        self.store_id = ""
        # Empty if an earlier version wrote the plan.
        self.planned_as = ""
        self._store = store
        self._identity = {"company": company, "import_id": import_id}
        self._journal = journal
        self._clock = clock
        self._written_at = clock()
        self._lock = threading.Lock()
        # Where the rows of the plan are; None in a journal of the first format, whose segments hold them.
        self._plan: Entry | None = None
        self._load()
        with store.begin() as connection:
            _changed.create(connection)
            for trigger in _TRIGGERS:
                connection.exec_driver_sql(trigger)

    def write_if_due(self) -> None:
        """Write all changes, every few seconds."""
        if self._clock() - self._written_at >= _WRITE_SECONDS:
            self.write()

    def write(self) -> None:
        """Write all changes."""
        with self._lock:
            with self._store.read() as connection:
                last = connection.execute(select(func.max(_changed.c.number))).scalar()
                if last is not None:
                    self._write_changes(connection)
            if last is not None:
                with self._store.begin() as connection:
                    connection.execute(delete(_changed).where(_changed.c.number <= last))
            self._written_at = self._clock()

    def _write_changes(self, connection: Connection) -> None:
        changed = set(connection.execute(select(_changed.c.what)).scalars())
        if _NEW_PLAN in changed:
            self.store_id = str(uuid.uuid4())
        if _NEW_PLAN in changed or (self.store_id and self._plan is None):
            self._write_plan(connection)
        if self._journal.is_snapshot_due:
            self._journal.write_snapshot(batches(self._everything(connection), _ENTRIES_OF_SEGMENT))
        entries = [_call_entry(row) for row in _changed_rows(connection, changed, calls, _CALL)]
        entries += [_existing_entry(row) for row in _changed_rows(connection, changed, existing, _EXISTING)]
        if changed & {_IMPORT, _NEW_PLAN}:
            entries.append(self._plan_entry(connection))
        self._journal.append(entries)

    def _write_plan(self, connection: Connection) -> None:
        """Write the rows of the plan; they take effect once an entry refers to them."""
        number = 0

        def entries() -> Iterator[Entry]:
            nonlocal number
            for row in connection.execute(select(rows).where(self._is_mine(rows)).order_by(rows.c.position)):
                number += 1
                yield _columns(row, rows)

        files = self._journal.write_files(_plan_folder(self.store_id), batches(entries(), _ENTRIES_OF_SEGMENT))
        self._plan = {"rows": number, "segments": files.count, "digest": files.digest}

    def _everything(self, connection: Connection) -> Iterator[Entry]:
        if self.store_id:
            yield self._plan_entry(connection)
        yield from map(_call_entry, connection.execute(select(calls)))
        yield from map(_existing_entry, connection.execute(select(existing)))

    def _plan_entry(self, connection: Connection) -> Entry:
        found = connection.execute(select(imports).where(self._is_mine(imports))).one()
        # For people who see the folder only: its name may differ from the id.
        names = {"store_id": self.store_id, "import_id": found.import_id}
        return {"kind": "plan", **names, **(self._plan or {}), **_columns(found, imports)}

    def _load(self) -> None:
        for segment in self._journal.segments():
            with self._damage(segment.name):
                self._load_segment(segment)
        if self._plan is not None:
            self._load_plan(self._plan)

    def _load_segment(self, segment: Segment) -> None:
        by_kind: dict[str, list[Entry]] = {"row": [], "call": [], "existing": [], "plan": []}
        for entry in segment.entries:
            by_kind[entry["kind"]].append(entry)
        if not segment.digest:
            _check_unsigned(by_kind)
        # In the first format: under the plan's own id until it is known to be complete.
        self._replace(rows, [self._values(row, rows) | {"import_id": row["plan_id"]} for row in by_kind["row"]])
        # The latest entry of a call counts.
        latest = {entry["client_unique_id"]: self._values(entry, calls) for entry in by_kind["call"]}
        self._replace(calls, list(latest.values()))
        self._replace(existing, [self._values(entry, existing) for entry in by_kind["existing"]])
        for entry in by_kind["plan"]:
            self._replace(imports, [self._values(entry, imports)])
            self._use_plan(entry)

    def _use_plan(self, entry: Entry) -> None:
        self.planned_as = str(entry.get("import_id", ""))
        if "digest" in entry:
            self.store_id = entry["store_id"]
            self._plan = {name: _typed(entry, name, kind) for name, kind in _PLAN.items()}
        elif entry["plan_id"] != self.store_id:
            self.store_id = entry["plan_id"]
            its_rows = and_(rows.c.company == self._identity["company"], rows.c.import_id == self.store_id)
            with self._store.begin() as connection:
                connection.execute(delete(rows).where(self._is_mine(rows)))
                connection.execute(update(rows).where(its_rows).values(import_id=self._identity["import_id"]))

    def _load_plan(self, plan: Entry) -> None:
        folder, number = _plan_folder(self.store_id), 0
        with self._store.begin() as connection:
            connection.execute(delete(rows).where(self._is_mine(rows)))
        for segment in self._journal.files(folder, Files(plan["segments"], plan["digest"])):
            with self._damage(segment.name):
                self._replace(rows, [self._values(entry, rows) for entry in segment.entries])
            number += len(segment.entries)
        if number != plan["rows"]:
            raise self._journal.damaged(folder, f"holds {number} rows, and {plan['rows']} were planned")

    @contextlib.contextmanager
    def _damage(self, name: str) -> Iterator[None]:
        try:
            with self._journal.damage(name):
                yield
        except (*_NOT_ENTRIES, SQLAlchemyError) as error:
            raise self._journal.damaged(name, f"holds something else than entries ({type(error).__name__})") from error

    def _replace(self, table: Table, values: list[Entry]) -> None:
        if values:
            with self._store.begin() as connection:
                connection.execute(insert(table).prefix_with("OR REPLACE"), values)

    def _values(self, entry: Entry, table: Table) -> Entry:
        return {column.name: _value(entry, column) for column in table.c} | self._identity

    def _is_mine(self, table: Table) -> Any:
        return and_(*(table.c[name] == value for name, value in self._identity.items()))


def _check_unsigned(entries: dict[str, list[Entry]]) -> None:
    """Read entries without a digest in the same way as later, so damage is detected now."""
    for row in entries["row"]:
        planned_row({"is_pulled": None, "media_type": None, "media_mark": None, **row})
    for call in entries["call"]:
        CallState(call["state"])
        problems_from_json(call["problem"])


def _typed(entry: Entry, name: str, kind: type) -> Any:
    if not isinstance(entry[name], kind):
        raise DamageError(f"holds a plan whose {name} is of another type")
    return entry[name]


def _value(entry: Entry, column: Column[Any]) -> Any:
    value = entry.get(column.name, entry.get(column.info.get("was", "")))
    # An integer is accepted as a float.
    if value is not None and not isinstance(value, (column.type.python_type, int)):
        raise DamageError(f"holds an entry whose {column.name} is of another type")
    return value


def _columns(found: Any, table: Table) -> Entry:
    return {column.name: getattr(found, column.name) for column in table.c if column.name not in _IDENTITY}


def _call_entry(found: Any) -> Entry:
    values = _columns(found, calls)
    if values["lease_until"] is not None:
        # From now on, the call and its recording can be sent at any time before anything else is written.
        values["media_sent_at"] = values["media_sent_at"] or values["intended_at"]
    return {"kind": "call", **values, "lease_until": None}


def _existing_entry(found: Any) -> Entry:
    return {"kind": "existing", **_columns(found, existing)}


def _changed_rows(connection: Connection, changed: Iterable[str], table: Table, prefix: str) -> Iterator[Any]:
    idents = sorted(what.removeprefix(prefix) for what in changed if what.startswith(prefix))
    for batch in batches(idents, _IDS_OF_QUERY):
        yield from connection.execute(select(table).where(table.c.client_unique_id.in_(batch)))


def _plan_folder(store_id: str) -> str:
    return f"plans/{store_id}"
