"""Comparing rows with existing calls that have their ids but may not be their own, one row with one call."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from airflow_provider_gong._text import batches, shown
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.client.errors import GongCallNotReadyError, GongNotFoundError
from airflow_provider_gong.client.models import Call
from airflow_provider_gong.client.resources.calls import MAX_CALL_IDS
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import Actor, CallState, ExistingCall, Problem, Reading

# Gong does not find a call without a recording, or for a while after accepting one. Someone else may also have created
# a call and not sent its recording yet.
BETWEEN_LOOKS = 600.0
_SAME_START = 1.0


class ExistingCalls:
    """
    The rows of an import whose ids have a call in Gong that may not be their own.

    :param ledger: the rows
    :param client: client for Gong
    :param sees_calls: returns whether the key sees any call of the company
    :param between_looks: seconds after which a call that is still not found has no recording
    """

    def __init__(
        self, ledger: Ledger, client: GongClient, sees_calls: Callable[[], bool], *, between_looks: float
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._sees_calls = sees_calls
        self._between_looks = between_looks

    def judge(self, *, is_last: bool) -> tuple[int, float]:
        """
        Read the calls and record the results; return how many rows are open, and in how many seconds to check again.

        :param is_last: whether time is up for what Gong is still processing
        """
        rows = self._ledger.existing()
        hidden = [row for batch in batches(rows, MAX_CALL_IDS) for row in self._compare(batch)]
        if not hidden:
            return 0, 0.0
        if not self._sees_calls():
            if not is_last:
                return len(hidden), self._between_looks
            self._end(hidden, CallState.UNVERIFIABLE)
            return 0, 0.0
        pauses = [pause for row in hidden if (pause := self._look_for(row, is_last=is_last)) is not None]
        return len(pauses), min(pauses, default=0.0)

    def _compare(self, rows: list[ExistingCall]) -> list[ExistingCall]:
        """Decide about the rows whose calls Gong lists, and return the others."""
        listed = self._client.calls.list_extensive({"callIds": list(dict.fromkeys(row.call_id for row in rows))})
        calls = {call.id: call for call in (found.meta_data for found in listed)}
        self._ledger.judged((row, compared(row, calls[row.call_id])) for row in rows if row.call_id in calls)
        return [row for row in rows if row.call_id not in calls]

    def _look_for(self, row: ExistingCall, *, is_last: bool) -> float | None:
        """Read a call that is not listed; return the seconds until the next read, None if the row is decided."""
        if row.missing_for is not None and row.missing_for < self._between_looks:
            return self._between_looks - row.missing_for
        try:
            call = self._client.calls.get(row.call_id)
        except GongCallNotReadyError:
            self._ledger.looked_for(row, is_missing=False)
            if not is_last:
                return 0.0
            self._end([row], CallState.PROCESSING)
        except GongNotFoundError:
            if row.missing_for is None and self._between_looks > 0:
                self._ledger.looked_for(row, is_missing=True)
                return self._between_looks
            self._end([row], CallState.INCOMPLETE)
        else:
            self._ledger.judged([(row, compared(row, call))])
        return None

    def _end(self, rows: Iterable[ExistingCall], state: CallState) -> None:
        self._ledger.judged((row, _reading(row, state)) for row in rows)


def is_call_of(row: ExistingCall, call: Call) -> bool:
    """Return whether a readable call is the row's, with the same id, start and host."""
    return not _differences(row, call)


def compared(row: ExistingCall, call: Call) -> Reading:
    """Compare a readable call with a row that has its id, and return the result."""
    wrong = _differences(row, call)
    if not wrong:
        return Reading(row.client_unique_id, CallState.EXISTS, call.url, call.duration)
    remedy = "Give the row a unique id. If the call in Gong is wrong, it cannot be changed over the API."
    problem = _problem(row, f", which is another one: it {' and '.join(wrong)}", remedy, Actor.MANIFEST)
    return Reading(row.client_unique_id, CallState.CONFLICT, call.url, call.duration, problem)


def _differences(row: ExistingCall, call: Call) -> list[str]:
    return list(differences(call, row.client_unique_id, row.actual_start, row.primary_user))


def is_same_call(call: Call, payload: Mapping[str, Any]) -> bool:
    """Return whether a readable call is the one in a request, with the same id, start and host."""
    names = ("clientUniqueId", "actualStart", "primaryUser")
    return next(differences(call, *(str(payload[name]) for name in names)), None) is None


def differences(call: Call, client_unique_id: str, actual_start: str, primary_user: str) -> Iterator[str]:
    """Yield the differences between a call in Gong and a row's call; values that Gong does not return are ignored."""
    if call.client_unique_id not in (None, client_unique_id):
        yield f"has the id {shown(call.client_unique_id or '')}"
    start = datetime.fromisoformat(actual_start)
    if call.started is not None and abs((call.started - start).total_seconds()) >= _SAME_START:
        yield f"started at {call.started.isoformat()} and not at {shown(actual_start)}"
    if call.primary_user_id not in (None, primary_user):
        yield f"is hosted by user {shown(call.primary_user_id or '')} and not by {shown(primary_user)}"


def _reading(row: ExistingCall, state: CallState) -> Reading:
    return Reading(row.client_unique_id, state, problem=_problem(row, *_PROBLEMS[state]))


def _problem(row: ExistingCall, rule: str, remedy: str, who: Actor) -> Problem:
    return Problem("client_unique_id", row.client_unique_id, f"belongs to call {row.call_id}{rule}", remedy, who)


# What to do about calls that Gong was still processing at the timeout, and if the key sees no calls at all; and who.
STILL_PROCESSED = ("Clear the verify task later to check again.", Actor.SUPPORT)
UNSEEN_BY_KEY = (
    "Ask a Gong administrator to let the access key see all calls, then clear the verify task.",
    Actor.ADMINISTRATOR,
)
_PROBLEMS = {
    CallState.INCOMPLETE: (
        ", which has no recording and may not be from this import",
        "If these ids never repeat, set on_existing='complete' and clear the upload task, which uploads the "
        "recording. Otherwise, give the row a unique id.",
        Actor.MANIFEST,
    ),
    CallState.PROCESSING: (", which Gong was still processing when verify_timeout expired", *STILL_PROCESSED),
    CallState.UNVERIFIABLE: (", and the access key does not see any call of the company", *UNSEEN_BY_KEY),
}
