"""Records in the store of what tasks are about to send."""

from __future__ import annotations

import json
from typing import Any

from sqlalchemy import and_, insert, select, update
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError

from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.intents import TOKEN_DIGITS, ContentTakenError, Intent, IntentState, fingerprint_of
from airflow_provider_gong.store.schema import db_now
from airflow_provider_gong.store.schema import intent_table as intents

# For records of the first version, Gong recognizes repeated calls, but not repeated meetings.
_UNIQUE_AT_FIRST = "addMeeting"


class IntentRecord:
    """
    The intent of one task of one DAG run, kept in the store.

    :param store: the store of the intent
    :param task_key: DAG, task, run and, at the end, map index
    :param unique: whether map indexes of the same task and run must not send the same content
    """

    def __init__(self, store: Store, task_key: str, *, unique: bool = False) -> None:
        self._store = store.quick
        self._task_key = task_key
        self._run_key = task_key.rpartition("/")[0]
        self._unique = unique

    def find(self) -> Intent | None:
        """Return the intent, None if there is none."""
        with self._store.begin() as connection:
            _upgrade(connection, self._run_key)
            found = connection.execute(select(intents).where(intents.c.key == self._task_key)).first()
        return None if found is None else _intent(found)

    def replace(self, found: Intent | None, by: Intent) -> bool:
        """
        Replace the intent that was found, unless another attempt has replaced it in the meantime.

        :raises ContentTakenError: if another map index has sent the same content, or is about to
        """
        values = self._values(by)
        try:
            with self._store.begin() as connection:
                if found is None:
                    connection.execute(insert(intents).values(key=self._task_key, created_at=db_now(), **values))
                    return True
                same = and_(intents.c.attempt == found.attempt, intents.c.state == found.state.value)
                this = and_(intents.c.key == self._task_key, same)
                return bool(connection.execute(update(intents).where(this).values(**values)).rowcount)
        except IntegrityError:
            if not by.state.may_send:
                self.check_content(by.content)
            return False

    def check_content(self, content: str) -> None:
        """
        Check that no other map index of the task and run has sent this content, or is about to.

        :raises ContentTakenError: if one has
        """
        if not self._unique:
            return
        same = and_(intents.c.sent == _sent_key(self._run_key, content), intents.c.key != self._task_key)
        with self._store.begin() as connection:
            _upgrade(connection, self._run_key)
            found = connection.execute(select(intents).where(same)).first()
        if found is not None:
            raise ContentTakenError(int(found.key.rpartition("/")[2]), _intent(found))

    def _values(self, intent: Intent) -> dict[str, Any]:
        outcome = None if intent.outcome is None else json.dumps(intent.outcome)
        values = {**intent.as_json(), "outcome": outcome, "fingerprint": intent.content}
        del values["content"]
        is_sent = self._unique and not intent.state.may_send
        return {**values, "sent": _sent_key(self._run_key, intent.content) if is_sent else None}


def _intent(row: Any) -> Intent:
    outcome = None if row.outcome is None else json.loads(row.outcome)
    return Intent.of_json({**row._mapping, "content": row.fingerprint, "outcome": outcome})


def _upgrade(connection: Connection, run_key: str) -> None:
    """Convert records of the first version of the store, with company and task as key, to the present form."""
    # Only the company, which comes first, can contain slashes.
    middle = f"/{run_key}/"
    old = select(intents).where(intents.c.state.is_(None), intents.c.key.contains(middle, autoescape=True))
    for row in connection.execute(old.order_by(intents.c.outcome.is_not(None), intents.c.key)).all():
        company, found, map_index = row.key.rpartition(middle)
        key = f"{run_key}/{map_index}"
        if not found or _is_there(connection, intents.c.key == key):
            continue
        state = IntentState.SENDING if row.outcome is None else IntentState.DONE
        token = fingerprint_of(row.key)[:TOKEN_DIGITS]
        sent = _sent_key(run_key, row.fingerprint) if row.operation == _UNIQUE_AT_FIRST else None
        if sent is not None and _is_there(connection, intents.c.sent == sent):
            sent = None
        values = {"key": key, "state": state.value, "company": company, "attempt": token, "try_number": 0, "sent": sent}
        connection.execute(update(intents).where(intents.c.key == row.key).values(**values))


def _is_there(connection: Connection, condition: Any) -> bool:
    return connection.execute(select(intents.c.key).where(condition)).first() is not None


def _sent_key(run_key: str, content: str) -> str:
    return fingerprint_of([run_key, content])
