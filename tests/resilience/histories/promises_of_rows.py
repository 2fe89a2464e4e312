"""What the design promises of rows and reports: what is right is in Gong, and nothing else is green."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from tests.resilience.histories.history import Change, History, Report

RIGHT = frozenset({"verified", "exists"})
_LOSSES = frozenset(
    f"{loss} {place}" for loss in ("lost", "restored", "pruned", "damaged") for place in ("store", "folder")
)
_UNSENT = frozenset({"planned", "rejected", "withdrawn"})
_UNSEEN = frozenset({"uploaded", "processing", "not_visible", "unverifiable"})
_OTHERS = frozenset({"duplicate", "conflict", "incomplete"})
_SENT = frozenset({"created", "failed", "changed_after_send"}) | _OTHERS
_NOT_OURS = _OTHERS | RIGHT | {"changed_after_send", "processing", "unverifiable"}
# By ledger and import: a change by client unique id.
_Rows = dict[tuple[str, str], dict[str, Change]]
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
    "uploaded": _UNSEEN | RIGHT | {"changed_after_send", "duplicate", "conflict"},
    "processing": _UNSEEN | _NOT_OURS,
    "not_visible": _UNSEEN | RIGHT | {"changed_after_send", "duplicate", "conflict"},
    "unverifiable": _UNSEEN | _NOT_OURS,
    "verified": frozenset({"verified", "changed_after_send"}),
    "exists": frozenset({"exists", "changed_after_send"}),
}


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
            burned.setdefault((change.ledger, change.client_unique_id), change.time)
    ends = _ends_of_stores(history)
    for (ledger, ident), since in burned.items():
        place, _, only_known_to = ledger.partition("/")
        for request in history.requests:
            is_later = since < request.sent < ends.get(place, 1e99)
            may_know = request.sent_by.startswith(only_known_to)
            if is_later and may_know and request.client_unique_id == ident:
                yield f"{ident} was burned in {ledger} at {since:.1f}; {request.sent_by} sent it at {request.sent:.1f}"


def _ends_of_stores(history: History) -> dict[str, float]:
    return {event.whom: event.time for event in history.events if event.what in _LOSSES}


def own_calls_are_known(history: History) -> Iterator[str]:
    """A call of our own is never taken for somebody else's, unless a store was lost."""
    if any(event.what in _LOSSES for event in history.events) or _shares_rows_in_folders(history):
        return
    for change in history.changes:
        if change.after.state == "incomplete" and change.client_unique_id not in history.others:
            yield f"{change.client_unique_id} of {change.import_id} at {change.time:.1f}"


def _shares_rows_in_folders(history: History) -> bool:
    # Another host may be between create and upload for longer than anybody waits.
    return len(history.manifests) > 1 and history.is_in_folders


def conversations_of_others_are_no_rows(history: History) -> Iterator[str]:
    """A row is never taken for another conversation that has its id."""
    for change in history.changes:
        if change.after.state in RIGHT and not history.others.get(change.client_unique_id, True):
            yield f"{change.client_unique_id} of {change.import_id} is {change.after.state} at {change.time:.1f}"


def folders_forget_nothing(history: History) -> Iterator[str]:
    """What an attempt that ended well has left in a folder is what the next one finds there."""
    found, left = _loaded_and_left(history)
    lost = [event.time for event in history.events if event.what in _LOSSES]
    cut_short = {event.whom for event in history.events if event.what in ("killed", "given up", "failed", "crashed")}
    for import_id in history.manifests:
        attempts = [ledger for ledger, mine in found if mine == import_id]
        for earlier, later in pairwise(attempts):
            before, after = left[earlier, import_id], found[later, import_id]
            until = max((change.time for change in after.values()), default=0.0)
            since = max((change.time for change in before.values()), default=0.0)
            if earlier.partition("/")[2] in cut_short or any(since <= time <= until for time in lost):
                continue
            for ident, change in before.items():
                if _known(after.get(ident)) != _known(change):
                    yield f"{ident} of {import_id} was {_known(change)} in {earlier}, and is {_known(after.get(ident))}"


def _loaded_and_left(history: History) -> tuple[_Rows, _Rows]:
    """Return what was the first and the last change of each row in each ledger that was filled from a folder."""
    found: _Rows = {}
    left: _Rows = {}
    for change in history.changes:
        if change.ledger.startswith("folder"):
            key = (change.ledger, change.import_id)
            if change.before is None:
                found.setdefault(key, {}).setdefault(change.client_unique_id, change)
            left.setdefault(key, {})[change.client_unique_id] = change
    return found, left


def _known(change: Change | None) -> tuple[str, str | None, bool] | None:
    return change and (change.after.state, change.after.call_id, change.after.is_burned)


def imports_end(history: History) -> Iterator[str]:
    """Whatever happened, an import that is started again ends with all of its rows right."""
    # One that was planned again under another name counts as the same.
    last = {report.import_id.rstrip("+"): report for report in history.reports}
    for import_id, manifest in history.manifests.items():
        report = last.get(import_id.rstrip("+"))
        rows = {} if report is None else report.rows
        rights = {ident: RIGHT if history.others.get(ident, True) else {"conflict"} for ident in manifest.rows}
        wrong = {ident: rows.get(ident) for ident, right in rights.items() if rows.get(ident) not in right}
        if wrong:
            yield f"{import_id} has {wrong}"
