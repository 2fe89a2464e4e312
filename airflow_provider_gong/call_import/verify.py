"""Verification: reading calls back from Gong until each is known to be there, or time is up."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_gong._text import batches
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongCallNotReadyError, GongNotFoundError, GongPermissionError
from airflow_provider_gong.client.models import Call
from airflow_provider_gong.client.resources.calls import MAX_CALL_IDS
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import Actor, CallState, Problem, problems_as_json

log = logging.getLogger(__name__)

_FIRST_WAIT = 15.0
_LONGEST_WAIT = 600.0
# Later looks are this part of the time that has gone by, so that a few requests cover minutes and hours alike.
_WAIT_SHARE = 0.5
_READABLE_DAYS = 90
_PROBED_CALLS = 10


class ImportVerification:
    """
    Reads the calls of an import back.

    :param ledger: the rows
    :param client: the way to Gong
    :param timeout: seconds after the first look when verification ends
    """

    def __init__(self, ledger: Ledger, client: GongClient, *, timeout: float) -> None:
        self._ledger = ledger
        self._client = client
        self._timeout = timeout

    def look(self) -> float | None:
        """
        Read all calls that were not seen yet; return the seconds until the next look, None when all rows have ended.

        :raises GongError: if Gong does not let the key read at all, or cannot be reached
        """
        left = self._ledger.verify_time_left(self._timeout)
        unseen = self._ledger.unseen()
        seen = self._read(unseen)
        missing = {call_id: ident for call_id, ident in unseen.items() if call_id not in seen}
        log.info("Verified %d calls now, %d are not seen yet, %.0f s are left.", len(seen), len(missing), left)
        if not missing:
            return None
        if left > 0:
            return min(max((self._timeout - left) * _WAIT_SHARE, _FIRST_WAIT), _LONGEST_WAIT, max(left, 1.0))
        self._judge(missing)
        return None

    def _read(self, unseen: Mapping[str, str]) -> set[str]:
        """Record the calls that Gong lists, page by page, and return their ids."""
        seen: set[str] = set()
        for ids in batches(unseen, MAX_CALL_IDS):
            listed = self._client.calls.list_extensive({"callIds": ids})
            found = {call.id: _verified(call) for call in (row.meta_data for row in listed) if call.id in unseen}
            self._ledger.record_reading({unseen[call_id]: values for call_id, values in found.items()})
            seen |= found.keys()
        return seen

    def _judge(self, missing: Mapping[str, str]) -> None:
        """Record at the deadline what is known of calls that could not be read."""
        blind = self._is_blind(list(missing))
        for call_id, ident in missing.items():
            state = CallState.UNVERIFIABLE if blind else self._last_state(call_id)
            problem = problems_as_json((_PROBLEMS[state](call_id),))
            self._ledger.record_reading({ident: {"state": state.value, "problem": problem}})

    def _is_blind(self, call_ids: Sequence[str]) -> bool:
        """Tell whether calls are missing because the key sees none; a few of them show it as well as all would."""
        if self._ledger.counts().get(CallState.VERIFIED) or can_read_calls(self._client):
            return False
        return all(self._last_state(call_id) is CallState.NOT_VISIBLE for call_id in call_ids[:_PROBED_CALLS])

    def _last_state(self, call_id: str) -> CallState:
        try:
            self._client.calls.get(call_id)
        except GongCallNotReadyError:
            return CallState.PROCESSING
        except GongNotFoundError:
            return CallState.NOT_VISIBLE
        # Readable alone and not in the list: Gong's lists lag behind while a call is analysed.
        return CallState.PROCESSING


def can_read_calls(client: GongClient, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> bool:
    """
    Tell whether the key sees any call of the last months.

    Gong answers a key without call visibility exactly like an empty company, so False may mean either.
    """
    until = now()
    window = {"fromDateTime": until - timedelta(days=_READABLE_DAYS), "toDateTime": until}
    try:
        return next(client.calls.list(window), None) is not None
    except GongPermissionError:
        return False


def _verified(call: Call) -> dict[str, Any]:
    return {"state": CallState.VERIFIED.value, "url": call.url, "duration": call.duration, "problem": None}


def _processing(call_id: str) -> Problem:
    rule = "was still being processed by Gong when the verification's time was up"
    return Problem("call", call_id, rule, "Clear the verify task later to look again.", Actor.SUPPORT)


def _not_visible(call_id: str) -> Problem:
    rule = (
        "was accepted by Gong and never appeared. Likely, in this order: the recording has less than 60 s left after "
        "Gong trimmed it; it has no speech; the same recording is known to Gong; import was switched off for the host"
    )
    return Problem(
        "call", call_id, rule, "Look at the call in Gong; its upload status names the reason.", Actor.RECORDING
    )


def _unverifiable(call_id: str) -> Problem:
    rule = "cannot be told from the others: the access key does not see any call of the company"
    remedy = "Let a Gong administrator give the access key visibility of all calls, then clear the verify task."
    return Problem("call", call_id, rule, remedy, Actor.ADMINISTRATOR)


_PROBLEMS: Mapping[CallState, Callable[[str], Problem]] = {
    CallState.PROCESSING: _processing,
    CallState.NOT_VISIBLE: _not_visible,
    CallState.UNVERIFIABLE: _unverifiable,
}
