"""All imports of a store: list them, retry rows, forget imports, and adopt calls that another tool has imported."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from sqlalchemy import Table, and_, delete, exists, or_, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.sql import ColumnElement

from airflow_provider_gong._text import counted, shown
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.queries import count_by_state
from airflow_provider_gong.ledger.rows import UNFINISHED, CallState
from airflow_provider_gong.ledger.tables import calls, existing, imports, rows
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongImportInUseError, GongStoreError
from airflow_provider_gong.store.schema import db_now, new_row
from airflow_provider_gong.store.user_lists import forget_user_lists

ADOPTED = "adopted"


@dataclass(frozen=True, slots=True)
class ImportInfo:
    """
    An import, as shown in a list.

    :param planned_at: when it was last planned, in seconds since 1970
    :param age: seconds since then
    """

    company: str
    import_id: str
    manifest: str
    planned_at: float
    age: float


@dataclass(frozen=True, slots=True)
class Adoption:
    """
    The result of adopting calls.

    :param adopted: number of adopted calls
    :param known: number of calls that were already known with the same call id
    :param conflicts: client unique ids of calls that imports of this store have sent or know with another call id
    """

    adopted: int
    known: int
    conflicts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Purged:
    """
    The result for an import that is old enough to be forgotten.

    :param rows: number of its rows; None if it was kept because it is unfinished or in use
    :param reason: why it was kept
    """

    info: ImportInfo
    rows: int | None
    reason: str = ""


class Imports:
    """
    The imports of a store.

    :param store: the store of the imports
    :param company: only the imports of this company; None for all
    """

    def __init__(self, store: Store, company: str | None = None) -> None:
        self._store = store
        self._company = company

    def all(self) -> list[ImportInfo]:
        """Return the imports, oldest first."""
        columns = (imports.c.company, imports.c.import_id, imports.c.manifest, imports.c.planned_at)
        query = select(*columns, (db_now() - imports.c.planned_at).label("age")).order_by(imports.c.planned_at)
        if self._company is not None:
            query = query.where(imports.c.company == self._company)
        return [ImportInfo(*found) for found in self._store.fetch(query)]

    def ledger(self, import_id: str) -> Ledger:
        """
        Return the ledger of an import.

        :raises GongStoreError: if there is none, or several companies have one with this name
        """
        found = [info for info in self.all() if info.import_id == import_id]
        if not found:
            raise GongStoreError(f"There is no import {shown(import_id)!r}. List the imports to see their ids.")
        if len(found) > 1:
            companies = ", ".join(info.company for info in found)
            raise GongStoreError(f"Several companies have an import {shown(import_id)!r}: {companies}. Name one.")
        return self.ledger_of(found[0])

    def ledger_of(self, info: ImportInfo) -> Ledger:
        """Return the ledger of an import that was listed."""
        return Ledger(self._store, info.company, info.import_id)

    def forget(self, ledger: Ledger, *, planned_at: float | None = None, dry_run: bool = False) -> int:
        """
        Delete the rows of an import, which contain personal data, and return their number.

        The ids of sent calls are kept, so they are never sent again.

        :param planned_at: only the import that was planned at this time; None for any time
        :param dry_run: only count the rows
        :raises GongImportInUseError: if rows are unfinished, or a task is planning the import
        """
        with self._store.begin() as connection:
            _lock_import(connection, ledger.company, ledger.import_id, planned_at)
            number = _count_finished(connection, ledger.company, ledger.import_id)
            if not dry_run:
                _delete_import(connection, ledger.company, ledger.import_id)
            return number

    def purge(self, min_age: float, *, dry_run: bool = False) -> Iterator[Purged]:
        """
        Forget all finished imports of a minimum age, yielding each, and lists of users of the same age.

        :param min_age: seconds since the imports were planned
        :param dry_run: do not forget anything
        """
        for info in self.all():
            if info.age < min_age:
                continue
            try:
                number = self.forget(self.ledger_of(info), planned_at=info.planned_at, dry_run=dry_run)
            except GongImportInUseError as reason:
                yield Purged(info, None, str(reason))
            else:
                yield Purged(info, number)
        if not dry_run:
            forget_user_lists(self._store, min_age, self._company)

    def adopt(self, company: str, call_ids: Mapping[str, str]) -> Adoption:
        """
        Adopt calls that another tool has imported: rows with their ids end as ``exists`` and are not sent.

        :param call_ids: Gong's call id by client unique id
        """
        adopted = known = 0
        conflicts = []
        with self._store.begin() as connection:
            for client_unique_id, call_id in sorted(call_ids.items()):
                done = _adopt(connection, company, client_unique_id, call_id)
                adopted += done is True
                known += done is None
                conflicts += [client_unique_id] if done is False else []
        return Adoption(adopted, known, tuple(conflicts))


def _lock_import(connection: Connection, company: str, import_id: str, planned_at: float | None) -> None:
    """Lock an import that was planned at this time (None for any time) against planning, until the transaction ends."""
    this = and_(imports.c.company == company, imports.c.import_id == import_id)
    if planned_at is not None:
        this = and_(this, imports.c.planned_at == planned_at)
    # Without waiting: a task that plans the import locks its row, for minutes if the manifest is long.
    locked = select(imports.c.import_id).where(this).with_for_update(skip_locked=True)
    if connection.execute(locked).first() is None:
        raise GongImportInUseError(
            f"Import {shown(import_id)!r} was planned again or forgotten meanwhile, or is in use."
        )


def _count_finished(connection: Connection, company: str, import_id: str) -> int:
    mine = and_(rows.c.company == company, rows.c.import_id == import_id)
    counts = {CallState(row.effective): row.number for row in connection.execute(count_by_state(mine))}
    # For a call that someone else created, nothing is left to send.
    unfinished = sum(count for state, count in counts.items() if state in UNFINISHED - {CallState.DUPLICATE})
    if unfinished:
        raise GongImportInUseError(
            f"Import {shown(import_id)!r} has {counted(unfinished, 'unfinished row')}. Before you forget it, let its "
            "tasks finish, or plan it again with an empty manifest."
        )
    return sum(counts.values())


def _delete_import(connection: Connection, company: str, import_id: str) -> None:
    mine = and_(rows.c.company == company, rows.c.import_id == import_id)
    own_calls = and_(calls.c.company == company, calls.c.import_id == import_id)
    unsent = and_(calls.c.intended_at.is_(None), calls.c.call_id.is_(None))
    connection.execute(delete(calls).where(own_calls, unsent))
    connection.execute(delete(rows).where(mine))
    connection.execute(update(calls).where(own_calls, _is_of_no_row(calls)).values(problem=None, url=None))
    connection.execute(delete(existing).where(existing.c.company == company, _is_of_no_row(existing)))
    this = and_(imports.c.company == company, imports.c.import_id == import_id)
    connection.execute(delete(imports).where(this))


def _is_of_no_row(table: Table) -> ColumnElement[bool]:
    """Return the condition that no import has a row with the id of a call."""
    same_id = and_(rows.c.company == table.c.company, rows.c.client_unique_id == table.c.client_unique_id)
    return ~exists(select(rows.c.position).where(same_id).correlate(table))


def _adopt(connection: Connection, company: str, client_unique_id: str, call_id: str) -> bool | None:
    """Return True for an adopted call, None for a known call, and False for a call that conflicts with a known one."""
    values = {"import_id": ADOPTED, "state": CallState.EXISTS.value, "call_id": call_id, "updated_at": db_now()}
    identity = {"company": company, "client_unique_id": client_unique_id}
    this = and_(calls.c.company == company, calls.c.client_unique_id == client_unique_id)
    new = new_row(connection, calls).values(**identity, **values, fingerprint="", burned=1)
    if connection.execute(new.on_conflict_do_nothing()).rowcount == 1:
        return True
    known = connection.execute(select(calls.c.call_id).where(this)).scalar()
    if known is not None:
        return None if known == call_id else False
    free = or_(calls.c.lease_until.is_(None), calls.c.lease_until < db_now())
    unsent = and_(this, free, calls.c.intended_at.is_(None))
    fenced = {"lease_number": calls.c.lease_number + 1, "burned": 1, "problem": None}
    return bool(connection.execute(update(calls).where(unsent).values(**values, **fenced)).rowcount == 1)
