"""What the design promises of requests: to whom they go, how often bytes are sent, and how fast."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from tests.resilience.histories.history import History, Request

_DAY = 86_400.0
_LATE = frozenset({"resumed", "clock moves", "lost store", "restored store"})
# What a worker may have on its way when a gate closes or a clock moves.
_IN_FLIGHT = 4


def one_call_for_each_id(history: History) -> Iterator[str]:
    """Gong has each call once."""
    made = _effects(history, "created", "call", by="clientUniqueId")
    yield from (f"{ident} was created {number} times" for ident, number in made.items() if number > 1)


def one_recording_for_each_call(history: History) -> Iterator[str]:
    """Each recording is stored once."""
    stored = _effects(history, "stored", "recording", by="id")
    yield from (f"that of call {call_id} was stored {number} times" for call_id, number in stored.items() if number > 1)


def bytes_again_only_after_a_look(history: History) -> Iterator[str]:
    """Bytes are sent again only after Gong has said that nothing arrived."""
    by_call: dict[str, list[Request]] = defaultdict(list)
    for request in history.requests:
        if request.call_id is not None and request.arrived is not None:
            by_call[request.call_id].append(request)
    for call_id, about in by_call.items():
        sent = [request for request in about if request.operation == "addCallRecording"]
        for earlier, later in pairwise(sent):
            if earlier.retry_after is not None and earlier.ended is not None:
                # Gong itself said 429, which means that it has taken nothing.
                continue
            looks = (request for request in about if _says_nothing_arrived(request))
            if any((earlier.arrived or 0) < (look.arrived or 0) and (look.ended or 0) <= later.sent for look in looks):
                continue
            # What was decided before its process stood still was on its way already.
            if not history.stood_still(later.sent_by, _decided(history, later), later.arrived or 0.0):
                yield f"{later.sent_by} sent those of call {call_id} at {later.sent:.1f}, after {earlier.sent_by} had"


def _effects(history: History, action: str, kind: str, *, by: str) -> Counter[str]:
    """Return how often requests have had an effect on each thing."""
    return Counter(
        effect[by]
        for request in history.requests
        for effect in request.effects
        if (effect["action"], effect["kind"]) == (action, kind)
    )


def _decided(history: History, sent: Request) -> float:
    """Return when the ledger learned that a recording is to be sent."""
    times = (
        change.time
        for change in history.changes
        if change.by == sent.sent_by and change.after.call_id == sent.call_id and change.time <= sent.sent
    )
    return max(times, default=sent.sent)


def _says_nothing_arrived(request: Request) -> bool:
    is_gongs = request.ended is not None and request.status == request.gong_status and not request.faults
    return is_gongs and request.operation == "getCall" and request.status == 404


def requests_go_to_gong_only(history: History) -> Iterator[str]:
    """Requests go to Gong and nowhere else."""
    elsewhere = (request for request in history.requests if request.host != history.host)
    yield from (f"{request.sent_by} sent one to {request.host}" for request in elsewhere)


def rate_is_kept(history: History) -> Iterator[str]:
    """The company's limit is never exceeded, but for what was in flight."""
    late = sorted(event.time for event in history.events if event.what in _LATE)
    arrivals = sorted(request.arrived for request in history.requests if request.arrived is not None)
    # What others have used of the day is known only when Gong refuses a request.
    refused = sorted(
        request.arrived or 0.0 for request in history.requests if history.others and _is_for_the_day(request)
    )
    for length, limit in ((1.0, history.per_second), (_DAY, history.per_day)):
        for first, arrived in enumerate(arrivals):
            number = bisect_left(arrivals, arrived + length) - first
            # What stood still, or was told another time, is sent at once. A store that is lost forgets the day so far.
            allowed = limit + _IN_FLIGHT * _count_between(late, arrived - max(60.0, length), arrived + length)
            allowed += _count_between(refused, arrived, arrived + length)
            if number > allowed:
                yield f"{number} requests in the {length:.0f} s from {arrived:.3f}, and {allowed} are allowed"
                break


def _is_for_the_day(request: Request) -> bool:
    return request.arrived is not None and request.retry_after is not None and request.retry_after > 60


def _count_between(moments: list[float], start: float, end: float) -> int:
    return bisect_left(moments, end) - bisect_left(moments, start)


def gates_are_kept(history: History) -> Iterator[str]:
    """While Gong wants no requests, none is sent but what was in flight."""
    late = sorted(event.time for event in history.events if event.what in _LATE)
    for refusal in history.requests:
        if refusal.retry_after is None or refusal.ended is None or not _is_told(history, refusal):
            continue
        # The answer is on its way for a while, and those who have booked a slot may send.
        start, end = refusal.ended + 0.01, (refusal.arrived or 0.0) + refusal.retry_after
        told = [request for request in history.requests if _shares_budget(history, request, refusal)]
        sent = [request for request in told if start < request.sent < end]
        if len(sent) > _IN_FLIGHT * _count_between(late, refusal.sent - 60.0, end):
            yield f"{len(sent)} requests between {start:.1f} and {end:.1f}, the first by {sent[0].sent_by}"


def _shares_budget(history: History, one: Request, other: Request) -> bool:
    # Imports that are kept in folders run on hosts of their own.
    hosts = [request.sent_by.split("/")[0].rstrip("+") for request in (one, other)]
    return hosts[0] == hosts[1] or not history.is_in_folders


def _is_told(history: History, refusal: Request) -> bool:
    """Return whether the process has lived to tell the others, and they could know how long it counts."""
    ended = refusal.ended or 0.0
    killed = (event.time for event in history.events if event.whom == refusal.sent_by and event.what == "killed")
    is_alive = not history.stood_still(refusal.sent_by, ended, ended) and all(time > ended + 0.01 for time in killed)
    # A clock that jumps ahead opens the gate; Gong closes it again.
    return is_alive and all(event.what != "clock moves" or event.time < ended for event in history.events)
