"""Verification: reads calls back from Gong until each is known to be there, or time is up."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import NoReturn

from airflow_provider_gong._text import batches, counted, shown
from airflow_provider_gong.call_import.errors import GongImportFailedError, GongImportUnfinishedError
from airflow_provider_gong.call_import.existing import (
    BETWEEN_LOOKS,
    STILL_PROCESSED,
    UNSEEN_BY_KEY,
    ExistingCalls,
    is_call_of,
)
from airflow_provider_gong.call_import.planned import require_plan
from airflow_provider_gong.call_import.progress import by_state, counted_requests
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongCallNotReadyError, GongNotFoundError, GongPermissionError
from airflow_provider_gong.client.models import Call
from airflow_provider_gong.client.resources.calls import MAX_CALL_IDS
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import RIGHT, UNFINISHED, WRONG, Actor, CallState, ExistingCall, Problem, Reading

log = logging.getLogger(__name__)

_FIRST_WAIT = 15.0
_LONGEST_WAIT = 600.0
# Reads get rarer in proportion to the elapsed time, so a few requests cover both minutes and hours.
_WAIT_SHARE = 0.5
_READABLE_DAYS = 90
_PROBED_CALLS = 10
_DISCARDED = "too short after trimming, no speech, or already known"


class ImportVerification:
    """
    Reads the calls of an import back.

    :param ledger: the rows
    :param client: client for Gong
    :param timeout: seconds from the first read until verification ends
    :param is_canary: whether all rows must be there before other rows follow
    :param between_looks: seconds after which a call that is still not found probably has no recording: this is the
        result for another's call, but only a warning for a call of the import
    """

    def __init__(
        self,
        ledger: Ledger,
        client: GongClient,
        *,
        timeout: float,
        is_canary: bool = False,
        between_looks: float = BETWEEN_LOOKS,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._timeout = timeout
        self._is_canary = is_canary
        self._between_looks = between_looks
        self._existing = ExistingCalls(ledger, client, self._sees_calls, between_looks=between_looks)
        # Gong's answer to this read; None before the request.
        self._is_readable: bool | None = None

    def run(self) -> dict[str, int]:
        """
        Read all calls that were not seen yet, and return the number of rows by state when all have ended.

        :raises GongImportUnfinishedError: while recordings may still appear; run it again after ``retry_after``
        :raises GongImportFailedError: if the import has no plan or has lost rows of it, or rows of a canary went wrong
        :raises GongError: if the key may not read calls, or Gong cannot be reached
        """
        require_plan(self._ledger)
        self._is_readable = None
        with counted_requests(self._ledger, self._client):
            left = self._ledger.verify_time_left(self._timeout)
            unseen = self._ledger.unseen()
            seen = self._read(unseen)
            missing = {call_id: row.client_unique_id for call_id, row in unseen.items() if call_id not in seen}
            read = counted(len(seen), "call")
            log.info("%s read in Gong now, %d not seen yet, %.0f s left.", read, len(missing), left)
            waiting, pause = self._existing.judge(is_last=left <= 0)
            if waiting or (missing and left > 0):
                self._wait(missing, waiting, left, pause)
            if missing:
                self._judge(missing)
        counts = self._ledger.counts()
        if self._is_canary:
            _require_canary(self._ledger.import_id, counts)
        return by_state(counts)

    def _read(self, unseen: Mapping[str, ExistingCall]) -> set[str]:
        """Record the calls that Gong lists, page by page, and return their ids; another's calls are judged later."""
        seen: set[str] = set()
        for ids in batches(unseen, MAX_CALL_IDS):
            listed = self._client.calls.list_extensive({"callIds": ids})
            found = {call.id: call for call in (row.meta_data for row in listed) if call.id in unseen}
            own = {call_id: call for call_id, call in found.items() if is_call_of(unseen[call_id], call)}
            self._ledger.read_back(_verified(unseen[call_id], call) for call_id, call in own.items())
            if others := found.keys() - own.keys():
                self._ledger.belong_to_others(unseen[call_id] for call_id in others)
            seen |= found.keys()
        return seen

    def _wait(self, missing: Mapping[str, str], waiting: int, left: float, pause: float) -> NoReturn:
        gone_by = self._timeout - left
        if left > 0:
            usual = min(max(gone_by * _WAIT_SHARE, _FIRST_WAIT), _LONGEST_WAIT, max(left, 1.0))
            pause = usual if missing else max(usual, pause)
        what = counted(len(missing) + waiting, "recording")
        asked = self._asked(missing) if gone_by >= self._between_looks else {}
        text = _what_gong_says(what, asked) if asked else _what_may_be(what)
        raise GongImportUnfinishedError(f"{text} A retry looks again.", retry_after=max(pause, 1.0))

    def _asked(self, missing: Mapping[str, str]) -> dict[str, CallState]:
        """Return what Gong says of some of the calls, by their client unique ids; nothing if the key sees no calls."""
        try:
            if not self._sees_calls():
                return {}
            return {missing[call_id]: self._last_state(call_id) for call_id in list(missing)[:_PROBED_CALLS]}
        except GongPermissionError:
            return {}

    def _judge(self, missing: Mapping[str, str]) -> None:
        """Record at the deadline what is known about calls that could not be read."""
        blind = self._is_blind(list(missing))
        for call_id, ident in missing.items():
            state = CallState.UNVERIFIABLE if blind else self._last_state(call_id)
            self._ledger.read_back([Reading(ident, state, problem=_problem(call_id, state))])

    def _is_blind(self, call_ids: Sequence[str]) -> bool:
        """Return whether calls are missing because the key sees none, judged by a few of them."""
        if self._sees_calls():
            return False
        return all(self._last_state(call_id) is CallState.NOT_VISIBLE for call_id in call_ids[:_PROBED_CALLS])

    def _sees_calls(self) -> bool:
        counts = self._ledger.counts()
        if any(counts.get(state) for state in RIGHT):
            return True
        if self._is_readable is None:
            self._is_readable = can_read_calls(self._client)
        return self._is_readable

    def _last_state(self, call_id: str) -> CallState:
        try:
            self._client.calls.get(call_id)
        except GongCallNotReadyError:
            return CallState.PROCESSING
        except GongNotFoundError:
            return CallState.NOT_VISIBLE
        # Readable by id but not listed: Gong's lists lag behind while it analyzes a call.
        return CallState.PROCESSING


def can_read_calls(client: GongClient) -> bool:
    """
    Return whether the key sees any call of the last months.

    Gong answers a key that may not see calls exactly like an empty company, so False may mean either.
    """
    until = datetime.now(UTC)
    window = {"fromDateTime": until - timedelta(days=_READABLE_DAYS), "toDateTime": until}
    try:
        return next(client.calls.list(window), None) is not None
    except GongPermissionError:
        return False


def _what_may_be(recordings: str) -> str:
    return (
        f"Gong is still processing {recordings} of the import, or has discarded some without saying so ({_DISCARDED})."
    )


def _what_gong_says(recordings: str, asked: Mapping[str, CallState]) -> str:
    lost = [shown(name) for name, state in asked.items() if state is CallState.NOT_VISIBLE]
    said = (
        f"Of {counted(len(asked), 'call')} that it was asked about, Gong is still processing {len(asked) - len(lost)}"
    )
    text = f"{recordings} of the import cannot be read yet. {said}"
    if not lost:
        return f"{text}."
    return (
        f"{text} and does not find {len(lost)}: {', '.join(lost)}. It has probably discarded their recordings without "
        f"saying so ({_DISCARDED}), but sometimes it does not find a call for a while before the call appears, so they "
        "are read until verify_timeout."
    )


def _verified(row: ExistingCall, call: Call) -> Reading:
    return Reading(row.client_unique_id, CallState.VERIFIED, call.url, call.duration)


def _require_canary(import_id: str, counts: Mapping[CallState, int]) -> None:
    """Check that the canary's rows have all arrived, so the others may follow."""
    sent = {state: count for state, count in counts.items() if state is not CallState.REJECTED}
    wrong = {state: count for state, count in sent.items() if state in WRONG | UNFINISHED}
    if wrong:
        states = ", ".join(f"{count} {state.value}" for state, count in wrong.items())
        raise GongImportFailedError(
            f"Of the first {counted(sum(sent.values()), 'row')} of import {import_id}, {states}: the other rows are "
            "not sent. The report shows the problems. Fix them, then clear the first task of the canary."
        )


def _problem(call_id: str, state: CallState) -> Problem:
    return Problem("call", call_id, *_PROBLEMS[state])


_PROBLEMS = {
    CallState.PROCESSING: ("was still being processed by Gong when verify_timeout expired", *STILL_PROCESSED),
    CallState.NOT_VISIBLE: (
        "was accepted by Gong but never appeared. Likely reasons, most frequent first: the recording is shorter than "
        "60 s after Gong trimmed it; it has no speech; Gong already has the same recording; call import was turned "
        "off for the host",
        "Check the call in Gong; its upload status shows the reason.",
        Actor.RECORDING,
    ),
    CallState.UNVERIFIABLE: (
        "cannot be verified: the access key does not see any call of the company",
        *UNSEEN_BY_KEY,
    ),
}
