"""Checking, even months later, whether the calls of an import are still in Gong."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field

from airflow_provider_gong._text import batches
from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.call_import.planned import require_plan
from airflow_provider_gong.call_import.verify import can_read_calls
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongNotFoundError
from airflow_provider_gong.client.resources.calls import MAX_CALL_IDS
from airflow_provider_gong.ledger.rows import RIGHT, CallState, ImportRow
from airflow_provider_gong.ledger.view import ImportView

_NOT_MISSED = RIGHT | {CallState.WITHDRAWN}


@dataclass(slots=True)
class Completeness:
    """
    How much of an import is still in Gong.

    :param in_gong: number of rows whose call was read in Gong
    :param gone: rows whose call was read in Gong earlier but is no longer found
    :param never: number of rows by state that were not read in Gong when the import was verified
    """

    in_gong: int = 0
    gone: list[ImportRow] = field(default_factory=list)
    never: dict[CallState, int] = field(default_factory=dict)

    @property
    def is_complete(self) -> bool:
        """Whether the call of each row that was not withdrawn is in Gong."""
        return not self.gone and not self.never


def expected_requests(ledger: ImportView) -> int:
    """Return the approximate number of requests for reading the calls of an import."""
    counts = ledger.counts()
    return math.ceil(sum(counts.get(state, 0) for state in RIGHT) / MAX_CALL_IDS)


def check_completeness(ledger: ImportView, client: GongClient) -> Completeness:
    """
    Read the calls of an import. Nothing is written, to the store or to Gong.

    :raises GongImportFailedError: if the import has no plan or has lost rows of it, or if the key sees no calls
    """
    require_plan(ledger)
    counts = ledger.counts().items()
    found = Completeness(never={state: count for state, count in counts if state not in _NOT_MISSED and count})
    for batch in batches(_right(ledger), MAX_CALL_IDS):
        gone = _gone(batch, client)
        found.gone += gone
        found.in_gong += len(batch) - len(gone)
    if found.gone and not found.in_gong and not can_read_calls(client):
        raise GongImportFailedError(
            "The access key does not see any call of the company, so the import cannot be checked. Ask a Gong "
            "administrator to let the key see all calls."
        )
    return found


def _right(ledger: ImportView) -> Iterator[ImportRow]:
    return (row for row in ledger.rows() if row.state in RIGHT)


def _gone(rows: list[ImportRow], client: GongClient) -> list[ImportRow]:
    listed = client.calls.list_extensive({"callIds": [row.call_id for row in rows]})
    calls = {call.id: call.client_unique_id for call in (found.meta_data for found in listed)}
    unseen = [row for row in rows if calls.get(row.call_id or "", "") not in (None, row.client_unique_id)]
    # Gong's lists lag behind.
    return [row for row in unseen if not _is_found(row, client)]


def _is_found(row: ImportRow, client: GongClient) -> bool:
    try:
        call = client.calls.get(row.call_id or "")
    except GongNotFoundError:
        return False
    return call.client_unique_id in (None, row.client_unique_id)
