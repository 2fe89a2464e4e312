"""What the design promises, judged over a whole history: a new kind of fault needs no new assertion."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from itertools import pairwise

from tests.resilience.histories.history import Change, History, Report, Request

RIGHT = frozenset({"verified", "exists"})
_DAY = 86_400.0
_LOSSES = frozenset(
    f"{loss} {place}" for loss in ("lost", "restored", "pruned", "damaged") for place in ("store", "folder")
)
_LATE = frozenset({"resumed", "clock moves", "lost store", "restored store"})
# What a worker may have on its way when a gate closes or a clock moves.
_IN_FLIGHT = 4

_UNSENT = frozenset({"planned", "rejected", "withdrawn"})
_UNSEEN = frozenset({"uploaded", "processing", "not_visible", "unverifiable"})
_OTHERS = frozenset({"duplicate", "conflict", "incomplete"})
_SENT = frozenset({"created", "failed", "changed_after_send"}) | _OTHERS
_NOT_OURS = _OTHERS | RIGHT | {"changed_after_send", "processing", "unverifiable"}
# Where a row may go from where it is. What is right stays right; what was seen in Gong is not unseen again.
_ARROWS: dict[str, frozenset[str]] = {
    "planned": _UNSENT | _UNSEEN | _SENT | RIGHT,
    "rejected": _UNSENT | _UNSEEN | _SENT | RIGHT,
    "withdrawn": _UNSENT | _UNSEEN | _SENT | RIGHT,
    "created": _SENT | _UNSEEN | RIGHT,
    "failed": _SENT | _UNSENT | _UNSEEN | RIGHT,
    "duplicate": _NOT_OURS | _UNSEEN | {"created", "failed"},
    "conflict": _NOT_OURS,
    "incomplete": _NOT_OURS | _UNSEEN | {"created", "failed"},
    "changed_after_send": _SENT | _UNSEEN | RIGHT,
    "uploaded": _UNSEEN | RIGHT | {"changed_after_send"},
    "processing": _UNSEEN | _NOT_OURS,
    "not_visible": _UNSEEN | RIGHT | {"changed_after_send"},
    "unverifiable": _UNSEEN | _NOT_OURS,
    "verified": frozenset({"verified", "changed_after_send"}),
    "exists": frozenset({"exists", "changed_after_send"}),
}


def violations(history: History) -> list[str]:
    """Return which promises a history breaks, each with what broke it; nothing where it keeps them all."""
    return [f"{(promise.__doc__ or '').rstrip('.')}: {what}" for promise in PROMISES for what in promise(history)]


def one_call_for_each_id(history: History) -> Iterator[str]:
    """Gong has each call once."""
    made = Counter(
        effect["clientUniqueId"]
        for request in history.requests
        for effect in request.effects
        if (effect["action"], effect["kind"]) == ("created", "call")
    )
    yield from (f"{ident} was created {number} times" for ident, number in made.items() if number > 1)


def one_recording_for_each_call(history: History) -> Iterator[str]:
    """Each recording is stored once."""
    stored = Counter(
        effect["id"]
        for request in history.requests
        for effect in request.effects
        if (effect["action"], effect["kind"]) == ("stored", "recording")
    )
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


def right_rows_are_in_gong(history: History) -> Iterator[str]:
    """What ended right is in Gong with its recording."""
    for change in history.changes:
        if change.after.state in RIGHT and (change.before is None or change.before.state not in RIGHT):
            missing = _missing_in_gong(history, change)
            if missing:
                row = f"{change.client_unique_id} of {change.import_id}"
                yield f"{row} is {change.after.state} at {change.time:.1f}: {missing}"


def _missing_in_gong(history: History, change: Change) -> str:
    call = history.calls.get(change.after.call_id or "")
    if call is None:
        return f"there is no call {change.after.call_id}"
    if call["clientUniqueId"] != change.client_unique_id:
        return f"call {change.after.call_id} has the id {call['clientUniqueId']}"
    if call["sha256"] is None or not call["readable"]:
        return f"call {change.after.call_id} cannot be read, recording {call['sha256']}"
    own = history.manifests[change.import_id].rows.get(change.client_unique_id)
    is_own = change.after.call_id in _made_by_imports(history)
    return f"call {change.after.call_id} has another recording" if is_own and call["sha256"] != own else ""


def _made_by_imports(history: History) -> set[str]:
    return {effect["id"] for request in history.requests for effect in request.effects if effect["kind"] == "call"}


def green_means_all_is_there(history: History) -> Iterator[str]:
    """A green report has a row for each of the manifest, read in Gong with its recording."""
    for report in history.reports:
        if report.is_green:
            wrong = list(_wrong_rows(history, report))
            yield from (f"at {report.time:.1f} in {report.import_id}: {what}" for what in wrong)


def _wrong_rows(history: History, report: Report) -> Iterator[str]:
    seen = {
        call_id for request in history.requests if (request.ended or 1e99) <= report.time for call_id in request.seen
    }
    for ident in history.manifests[report.import_id].rows:
        state, call_id = report.rows.get(ident), report.call_ids.get(ident)
        if state is None:
            yield f"{ident} is not in it"
        elif state not in RIGHT:
            yield f"{ident} is {state}"
        elif call_id not in seen:
            yield f"{ident} is {state}, and nobody has read call {call_id}"
        elif not history.calls[call_id]["readable"] or not history.calls[call_id]["sha256"]:
            yield f"{ident} is {state}, and call {call_id} has no recording"


def rows_move_along_arrows(history: History) -> Iterator[str]:
    """Rows move along the arrows only."""
    for change in history.changes:
        if change.before is not None and change.after.state not in _ARROWS[change.before.state] | {change.before.state}:
            yield (
                f"{change.client_unique_id} of {change.ledger} from {change.before.state} to {change.after.state} at "
                f"{change.time:.1f} by {change.by}"
            )


def calls_stay_with_their_rows(history: History) -> Iterator[str]:
    """A row that has a call keeps it."""
    for change in history.changes:
        before = change.before and change.before.call_id
        if before and change.after.call_id not in (before, None):
            yield f"{change.client_unique_id} of {change.ledger} went from call {before} to {change.after.call_id}"


def burned_ids_are_not_sent(history: History) -> Iterator[str]:
    """A burned id is never sent again."""
    burned: dict[tuple[str, str], float] = {}
    for change in history.changes:
        if change.after.is_burned:
            burned.setdefault((change.store, change.client_unique_id), change.time)
    ends = _ends_of_stores(history)
    for (store, ident), since in burned.items():
        for request in history.requests:
            is_later = since < request.sent < ends.get(store.split("/")[0], 1e99)
            # What is in a folder is known to its own import only.
            may_know = "/" not in store or request.sent_by.startswith(store.partition("/")[2])
            if is_later and may_know and request.client_unique_id == ident:
                yield f"{ident} was burned in {store} at {since:.1f}; {request.sent_by} sent it at {request.sent:.1f}"


def _ends_of_stores(history: History) -> dict[str, float]:
    return {event.whom: event.time for event in history.events if event.what in _LOSSES}


def requests_go_to_gong_only(history: History) -> Iterator[str]:
    """Requests go to Gong and nowhere else."""
    elsewhere = (request for request in history.requests if request.host != history.host)
    yield from (f"{request.sent_by} sent one to {request.host}" for request in elsewhere)


def rate_is_kept(history: History) -> Iterator[str]:
    """The company's limit is never exceeded, but for what was in flight."""
    late = sorted(event.time for event in history.events if event.what in _LATE)
    arrivals = sorted(request.arrived for request in history.requests if request.arrived is not None)
    for length, limit in ((1.0, history.per_second), (_DAY, history.per_day)):
        for first, arrived in enumerate(arrivals):
            number = bisect_left(arrivals, arrived + length) - first
            # What stood still, or was told another time, is sent at once.
            allowed = limit + _IN_FLIGHT * _count_between(late, arrived - 60.0, arrived + length)
            if number > allowed:
                yield f"{number} requests in the {length:.0f} s from {arrived:.3f}, and {allowed} are allowed"
                break


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
        sent = [request for request in history.requests if start < request.sent < end]
        if len(sent) > _IN_FLIGHT * _count_between(late, refusal.sent - 60.0, end):
            yield f"{len(sent)} requests between {start:.1f} and {end:.1f}, the first by {sent[0].sent_by}"


def _is_told(history: History, refusal: Request) -> bool:
    """Tell whether the process has lived to tell the others."""
    ended = refusal.ended or 0.0
    killed = (event.time for event in history.events if event.whom == refusal.sent_by and event.what == "killed")
    return not history.stood_still(refusal.sent_by, ended, ended) and all(time > ended + 0.01 for time in killed)


def nothing_crashes(history: History) -> Iterator[str]:
    """Every failure is an error of the package's tree."""
    yield from (f"{event.whom}: {event.where}" for event in history.events if event.what == "crashed")


def own_calls_are_known(history: History) -> Iterator[str]:
    """A call of our own is never taken for somebody else's, unless a store was lost."""
    if any(event.what in _LOSSES for event in history.events) or _shares_rows_in_folders(history):
        return
    for change in history.changes:
        if change.after.state == "incomplete":
            yield f"{change.client_unique_id} of {change.import_id} at {change.time:.1f}"


def _shares_rows_in_folders(history: History) -> bool:
    # Another host may be between create and upload for longer than anybody waits.
    return len(history.manifests) > 1 and any(change.ledger.startswith("folder") for change in history.changes)


def imports_end(history: History) -> Iterator[str]:
    """Whatever happened, an import that is started again ends with all of its rows right."""
    # One that was planned again under another name counts as the same.
    last = {report.import_id.rstrip("+"): report for report in history.reports}
    for import_id, manifest in history.manifests.items():
        report = last.get(import_id.rstrip("+"))
        rows = {} if report is None else report.rows
        wrong = {ident: rows.get(ident) for ident in manifest.rows if rows.get(ident) not in RIGHT}
        if wrong:
            yield f"{import_id} has {wrong}"


PROMISES: tuple[Callable[[History], Iterable[str]], ...] = (
    one_call_for_each_id,
    one_recording_for_each_call,
    bytes_again_only_after_a_look,
    right_rows_are_in_gong,
    green_means_all_is_there,
    rows_move_along_arrows,
    calls_stay_with_their_rows,
    burned_ids_are_not_sent,
    requests_go_to_gong_only,
    rate_is_kept,
    gates_are_kept,
    own_calls_are_known,
    nothing_crashes,
    imports_end,
)
