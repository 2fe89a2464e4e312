"""What the design promises, judged over a whole history: a new kind of fault needs no new assertion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from tests.resilience.histories import promises_of_meetings as meetings
from tests.resilience.histories import promises_of_requests as requests
from tests.resilience.histories import promises_of_rows as rows
from tests.resilience.histories.history import History


def violations(history: History) -> list[str]:
    """Return which promises a history breaks, each with what broke it; nothing where it keeps them all."""
    return [f"{(promise.__doc__ or '').rstrip('.')}: {what}" for promise in PROMISES for what in promise(history)]


def nothing_crashes(history: History) -> Iterator[str]:
    """Every failure is an error of the package's tree."""
    yield from (f"{event.whom}: {event.where}" for event in history.events if event.what == "crashed")


PROMISES: tuple[Callable[[History], Iterable[str]], ...] = (
    requests.one_call_for_each_id,
    requests.one_recording_for_each_call,
    requests.bytes_again_only_after_a_look,
    requests.requests_go_to_gong_only,
    requests.rate_is_kept,
    requests.gates_are_kept,
    rows.right_rows_are_in_gong,
    rows.green_means_all_is_there,
    rows.rows_move_along_arrows,
    rows.calls_stay_with_their_rows,
    rows.burned_ids_are_not_sent,
    rows.own_calls_are_known,
    rows.conversations_of_others_are_no_rows,
    rows.folders_forget_nothing,
    rows.imports_end,
    meetings.one_meeting_for_each_content,
    meetings.results_are_the_meetings,
    meetings.meetings_end,
    meetings.nobody_is_asked_without_a_reason,
    meetings.nobody_is_refused_without_an_edit,
    nothing_crashes,
)
