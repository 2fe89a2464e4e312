"""What the design promises of meetings: each is created once, and people are asked only where they have to be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from tests.resilience.histories.history import Attempt, History, Request

_EDITS = frozenset({"order changed", "company added", "fields corrected"})


def one_meeting_for_each_content(history: History) -> Iterator[str]:
    """Gong has each meeting once."""
    made = Counter(
        effect["externalId"]
        for request in history.requests
        for effect in request.effects
        if (effect["action"], effect["kind"]) == ("created", "meeting")
    )
    yield from (f"{content} was created {number} times" for content, number in made.items() if number > 1)


def results_are_the_meetings(history: History) -> Iterator[str]:
    """A task returns the meeting that it was asked to create."""
    for result in history.results:
        if history.meetings.get(result.meeting_id) != result.content:
            yield f"{result.task} returned {result.meeting_id} for {result.content} at {result.time:.1f}"


def meetings_end(history: History) -> Iterator[str]:
    """Whatever happened, tasks that are cleared end with all of their meetings in Gong."""
    returned = {result.content for result in history.results}
    for content in sorted(history.contents):
        if content not in returned or content not in history.meetings.values():
            yield f"{content} was {'returned' if content in returned else 'never returned'}"


def nobody_is_asked_without_a_reason(history: History) -> Iterator[str]:
    """A person is asked only if an earlier attempt may have sent the meeting, or its record is not seen or is old."""
    attempts = {attempt.process: attempt for attempt in history.attempts}
    restored = min((event.time for event in history.events if event.what == "restored disk"), default=float("inf"))
    for event in history.events:
        if event.what == "asked" and event.time < restored:
            asked = attempts[event.whom]
            earlier = [one for one in history.attempts if one.task == asked.task and one.number <= asked.number]
            if _sees_all(history, asked, event.time) and not any(_may_have_sent(history, one) for one in earlier):
                yield f"{asked.process} asked at {event.time:.1f}"


def nobody_is_refused_without_an_edit(history: History) -> Iterator[str]:
    """A task that nobody has edited is not told that it has created another meeting."""
    edits = [event.time for event in history.events if event.what in _EDITS]
    for event in history.events:
        if event.what == "refused" and not any(time <= event.time for time in edits):
            yield f"{event.whom} at {event.time:.1f}: {event.where}"


def _sees_all(history: History, asked: Attempt, until: float) -> bool:
    """Return whether the record shows an attempt all that earlier ones may have sent."""
    if asked.is_sure:
        return True
    found = {
        noted.place: noted
        for noted in history.noted
        if noted.task == asked.task and noted.place in asked.places and noted.time < until and noted.by != asked.process
    }
    return any(
        place in asked.shared or (last.number >= asked.number - 1 and last.state != "parked")
        for place, last in found.items()
    )


def _may_have_sent(history: History, attempt: Attempt) -> bool:
    """Return whether an attempt has recorded that it sends, and has not come to know for certain what became of it."""
    began = [noted.time for noted in history.noted if noted.by == attempt.process and noted.state == "sending"]
    if not began:
        return False
    sent = [request for request in history.requests if request.sent_by == attempt.process]
    return _was_lost(history, attempt) or not all(map(_is_certain, sent))


def _was_lost(history: History, attempt: Attempt) -> bool:
    ends = ("killed", "given up")
    return any(event.whom == attempt.process and event.what in ends for event in history.events)


def _is_certain(request: Request) -> bool:
    is_gongs = request.ended is not None and request.status == request.gong_status and not request.faults
    return is_gongs and request.status is not None and request.status < 500
