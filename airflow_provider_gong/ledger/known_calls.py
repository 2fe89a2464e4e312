"""The calls that the imports of a company have sent so far."""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any

from sqlalchemy import ARRAY, Column, func, literal, select
from sqlalchemy.sql import ColumnElement

from airflow_provider_gong.ledger.rows import UNFINISHED, CallState, KnownRecording
from airflow_provider_gong.ledger.tables import calls
from airflow_provider_gong.store.database import Store

_WAITING = [state.value for state in (*UNFINISHED, CallState.FAILED)]


class KnownCalls:
    """
    The calls that any import of a company has claimed. Each method accepts a few hundred values at most.

    :param store: the store of the imports
    :param company: name of the Gong company
    """

    def __init__(self, store: Store, company: str) -> None:
        self._store = store
        self._company = company

    def is_empty(self) -> bool:
        """Return whether no import has claimed any call."""
        return not self._store.fetch(select(calls.c.state).where(calls.c.company == self._company).limit(1))

    def finished(self, client_unique_ids: Collection[str]) -> set[str]:
        """Return those of these ids whose calls are finished."""
        wanted = (self._is_among(calls.c.client_unique_id, client_unique_ids), calls.c.state.not_in(_WAITING))
        return {found.client_unique_id for found in self._find(calls.c.client_unique_id, where=wanted)}

    def recorded_sizes(self, sizes: Collection[int]) -> set[int]:
        """Return those of these lengths that an uploaded recording has."""
        wanted = (self._is_among(calls.c.media_bytes, sizes), calls.c.media_sha256.is_not(None))
        return {found.media_bytes for found in self._find(calls.c.media_bytes, where=wanted)}

    def recorded_samples(self, sizes: Collection[int]) -> set[tuple[int, str | None]]:
        """Return length and sample of the uploaded recordings with these lengths; None for a sample that is unknown."""
        columns = (calls.c.media_bytes, calls.c.media_sample)
        wanted = (self._is_among(calls.c.media_bytes, sizes), calls.c.media_sha256.is_not(None))
        return {(found.media_bytes, found.media_sample) for found in self._find(*columns, where=wanted)}

    def recordings(self, sizes: Collection[int], hashes: Collection[str]) -> list[KnownRecording]:
        """Return the uploaded recordings with these lengths and contents."""
        columns = (calls.c.media_sha256, calls.c.client_unique_id, calls.c.call_id)
        wanted = (self._is_among(calls.c.media_bytes, sizes), self._is_among(calls.c.media_sha256, hashes))
        return [KnownRecording(*found) for found in self._find(*columns, where=wanted)]

    def _is_among(self, column: Column[Any], values: Collection[Any]) -> ColumnElement[bool]:
        """Compare a column with values, given as one parameter: SQLAlchemy looks at each of many."""
        if self._store.is_server:
            return column.in_(select(func.unnest(literal(list(values), ARRAY(column.type)))))
        return column.in_(select(func.json_each(json.dumps(list(values))).table_valued("value").c.value))

    def _find(self, *columns: Any, where: tuple[Any, ...]) -> list[Any]:
        return self._store.fetch(select(*columns).where(calls.c.company == self._company, *where).distinct())
