"""The upload of an import: turns leased rows into calls with recordings, several at a time; safe to kill anytime."""

from __future__ import annotations

import asyncio
import logging

from airflow_provider_gong._text import counted
from airflow_provider_gong.call_import.choices import OnExisting
from airflow_provider_gong.call_import.media import MediaStorage
from airflow_provider_gong.call_import.planned import require_whole
from airflow_provider_gong.call_import.progress import Progress, by_state, counted_requests
from airflow_provider_gong.call_import.upload.sending import ROW_BACKOFF, RowSender
from airflow_provider_gong.client.clients import AsyncGongClient
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, LeasedRow
from airflow_provider_gong.store.errors import GongStoreError, LeaseLostError

log = logging.getLogger(__name__)

_LEASE_SECONDS = 300.0
# A lease survives several late heartbeats.
_HEARTBEATS_PER_LEASE = 5
_SHORTEST_POLL = 0.02
_LONGEST_POLL = 5.0


class ImportUpload:
    """
    Sends all rows of an import that are not sent yet.

    :param ledger: the rows
    :param client: client for Gong
    :param storage: storage of the recordings
    :param owner: identity of the worker, the same for each of its attempts
    :param on_existing: handling of a row whose id already has a call in Gong: ``resume`` continues a call that an
        earlier attempt created from the same content, and leaves others to verification; ``complete`` also sends
        the recordings of others that have none; ``skip`` leaves all to verification; ``fail`` ends all as ``failed``
    :param in_flight: number of rows that are sent at the same time
    :param lease_seconds: how long a row stays claimed if this process dies
    :param row_backoff: seconds before a row on which Gong failed is retried; doubles each time
    :param reopen: whether failed rows are retried; one of several workers does this
    """

    def __init__(
        self,
        ledger: Ledger,
        client: AsyncGongClient,
        storage: MediaStorage,
        *,
        owner: str,
        on_existing: str = OnExisting.RESUME,
        in_flight: int = 4,
        lease_seconds: float = _LEASE_SECONDS,
        row_backoff: float = ROW_BACKOFF,
        reopen: bool = True,
    ) -> None:
        self._ledger = ledger
        self._owner = owner
        self._in_flight = in_flight
        self._reopen = reopen
        self._lease_seconds = lease_seconds
        self._heartbeat = lease_seconds / _HEARTBEATS_PER_LEASE
        self._client = client
        self._existing = OnExisting.of("on_existing", on_existing)
        self._sender = RowSender(ledger, client, storage, on_existing=self._existing, row_backoff=row_backoff)
        self._held: dict[tuple[str, int], LeasedRow] = {}
        self._is_ending = False
        self._progress: Progress | None = None

    async def run(self) -> dict[str, int]:
        """
        Upload until no row is left, and return the number of rows by state.

        :raises GongImportFailedError: if rows of the plan are lost
        :raises GongError: if no row can be sent, for example because of wrong credentials or a spent budget; unsent
            rows stay as they are
        """
        with counted_requests(self._ledger, self._client):
            await asyncio.to_thread(require_whole, self._ledger)
            await asyncio.to_thread(self._ledger.resume, self._owner)
            if self._reopen:
                await asyncio.to_thread(self._ledger.reopen, complete=self._existing is OnExisting.COMPLETE)
            await self._show_progress(now=True)
            heartbeat = asyncio.create_task(self._renew_leases())
            try:
                await self._drain()
            finally:
                heartbeat.cancel()
            return await self._show_progress(now=True)

    async def _drain(self) -> None:
        while True:
            # If one fails, the others finish their current row, so nothing that was begun is sent again.
            ends = await asyncio.gather(*(self._work() for _ in range(self._in_flight)), return_exceptions=True)
            for failure in filter(None, ends):
                raise failure
            # Counts rows rather than leases, because a lease may end between two queries.
            unsent, free_in = await asyncio.to_thread(self._ledger.unsent)
            if not unsent:
                return
            waiting = f"{counted(unsent, 'row')} held by other workers or waiting for another attempt"
            await self._show_progress(waiting=waiting)
            await asyncio.sleep(min(max(free_in, _SHORTEST_POLL), self._heartbeat, _LONGEST_POLL))

    async def _work(self) -> None:
        try:
            while not self._is_ending:
                leases = await asyncio.to_thread(self._ledger.lease, self._owner, limit=1, seconds=self._lease_seconds)
                if not leases:
                    return
                await self._send(leases[0])
                if self._progress is not None and self._progress.is_due:
                    await self._show_progress()
        except BaseException:
            self._is_ending = True
            raise

    async def _send(self, lease: LeasedRow) -> None:
        # A row whose lease has ended may already be leased again, even by this process.
        key = (lease.client_unique_id, lease.lease_number)
        self._held[key] = lease
        try:
            await self._sender.send(lease)
        except LeaseLostError as lost:
            log.warning("%s", lost)
        finally:
            del self._held[key]

    async def _renew_leases(self) -> None:
        while True:
            await asyncio.sleep(self._heartbeat)
            try:
                await asyncio.to_thread(self._ledger.renew, list(self._held.values()), seconds=self._lease_seconds)
            except GongStoreError as error:
                log.warning("Leases could not be renewed; trying again in %.0f s: %s", self._heartbeat, error)

    async def _show_progress(self, *, waiting: str = "", now: bool = False) -> dict[str, int]:
        counts = await asyncio.to_thread(self._ledger.counts)
        waiting_rows = counts.get(CallState.PLANNED, 0) + counts.get(CallState.CREATED, 0)
        total = sum(counts.values()) - counts.get(CallState.REJECTED, 0) - counts.get(CallState.WITHDRAWN, 0)
        if self._progress is None:
            self._progress = Progress("Uploaded", total)
        states = by_state(counts)
        self._progress.show(
            total - waiting_rows,
            states,
            sent_bytes=self._sender.meter.count,
            requests_left=self._client.requests_left,
            waiting=waiting,
            now=now,
        )
        return states
