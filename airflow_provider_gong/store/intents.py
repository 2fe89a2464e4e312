"""What was about to be sent that must not be sent twice."""

from __future__ import annotations

import contextlib
import enum
import hashlib
import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.schema import db_now, intent_table

_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True)


class IntentStatus(enum.Enum):
    """What the store knows of an intent."""

    NEW = "new"
    OUTCOME_UNKNOWN = "outcome unknown"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Intent:
    """
    An intent as it was found.

    :param status: whether it is new, was sent without a known outcome, or is done
    :param outcome: the result of a done one
    :param same_content: whether it was recorded for the same request
    """

    status: IntentStatus
    outcome: dict[str, Any] | None = None
    same_content: bool = True


class IntentLog:
    """
    Intents, keyed by who has them (such as one task of one DAG run).

    :param store: where they are kept
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, key: str, operation: str, request: dict[str, Any]) -> Intent:
        """Record the intent before the request is sent, or return what became of it when it was recorded before."""
        fingerprint = fingerprint_of(request)
        values = {"key": key, "operation": operation, "fingerprint": fingerprint}
        # Insert first: of two processes with one key, exactly one may find it new.
        with contextlib.suppress(IntegrityError), self._store.begin() as connection:
            connection.execute(insert(intent_table).values(**values, created_at=db_now()))
            return Intent(IntentStatus.NEW)
        with self._store.begin() as connection:
            found = connection.execute(
                select(intent_table.c.outcome, intent_table.c.fingerprint).where(intent_table.c.key == key)
            ).one()
        same_content = found.fingerprint == fingerprint
        if found.outcome is None:
            return Intent(IntentStatus.OUTCOME_UNKNOWN, same_content=same_content)
        return Intent(IntentStatus.DONE, json.loads(found.outcome), same_content)

    def complete(self, key: str, outcome: dict[str, Any]) -> None:
        """Record the outcome."""
        with self._store.begin() as connection:
            connection.execute(
                update(intent_table).where(intent_table.c.key == key).values(outcome=json.dumps(outcome))
            )

    def withdraw(self, key: str) -> None:
        """Forget an intent that is known to have had no effect, so that it may be sent again."""
        with self._store.begin() as connection:
            connection.execute(delete(intent_table).where(intent_table.c.key == key))


def fingerprint_of(content: Any) -> str:
    """Return a hash that is equal for equal JSON content."""
    return hashlib.sha256(_CANONICAL.encode(content).encode()).hexdigest()
