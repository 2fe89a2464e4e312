"""Creating a meeting once, whatever happens to its task."""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import shown, utc_time
from airflow_provider_gong.client.errors import (
    FieldProblem,
    GongApiError,
    GongError,
    GongOutcomeUnknownError,
    GongValidationError,
)
from airflow_provider_gong.operators.record.task_record import RecordedApi, TaskRecord, may_have_taken_effect
from airflow_provider_gong.store.intents import ContentTakenError, Intent, IntentState, fingerprint_of

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context
    from airflow_provider_gong.client.clients import GongClient
    from airflow_provider_gong.client.models import NewMeeting
    from airflow_provider_gong.hooks.gong import GongHook

log = logging.getLogger(__name__)

_NOT_CREATED = "not-created"
_RESOLUTION = re.compile(r"([0-9a-f]{8}):(not-created|[0-9]+)")
_LONGEST_TITLE = 200


class GongMeetingConflictError(GongError):
    """The task, or another map index of it, has created another meeting in this DAG run, or may have."""

    retry_can_help = False


class MeetingRecord:
    """
    The record of the meeting that a task creates.

    :param context: the task's context
    :param resolution: what a person has found out about an earlier attempt, see ``GongCreateMeetingOperator``
    :param was_parked: whether this attempt was deferred, waiting for the budget
    """

    def __init__(self, context: Context, resolution: str | None, *, was_parked: bool) -> None:
        self._record = TaskRecord(context, "addMeeting", unique=True, was_parked=was_parked)
        self._resolution = resolution

    def create(self, hook: GongHook, meeting: NewMeeting) -> dict[str, Any]:
        """
        Create the meeting, or return the one that an earlier attempt created.

        :raises GongOutcomeUnknownError: if it may exist
        :raises GongMeetingConflictError: if this task has created another one
        """
        resolutions = _parsed(self._resolution)
        self._record.join(hook.store)
        self._record.describe(content=fingerprint_of(meeting.wire()), company=hook.company, about=_about(meeting))
        earlier = self._earlier(resolutions)
        if earlier is not None:
            return self._outcome(earlier)
        try:
            self._record.check_content(self._record.mine.content)
            self._record.take_over()
            return self._create(hook.client, meeting)
        except ContentTakenError as taken:
            raise _sent_by_another(taken) from taken

    def park(self) -> None:
        """Record that the attempt waits for the budget, and may go on anywhere."""
        self._record.park()

    def _earlier(self, resolutions: Mapping[str, str]) -> Intent | None:
        """Return what an earlier attempt has created; None if this one may send."""
        known = self._record.known
        if known is not None and known.state is IntentState.DONE:
            return known
        if known is None and self._record.is_complete:
            return None
        found = next((found for token, found in resolutions.items() if self._record.accepts(token)), None)
        if found is None:
            raise self._unknown(known)
        return None if found == _NOT_CREATED else self._record.adopt(_found_by_person(found))

    def _outcome(self, earlier: Intent) -> dict[str, Any]:
        outcome, mine = earlier.outcome or {}, self._record.mine
        known = f"This task created meeting {shown(str(outcome.get('meeting_id')))} in this DAG run"
        if earlier.company != mine.company:
            raise GongMeetingConflictError(
                f"{known}, in Gong company {earlier.company}, but its connection is now for company {mine.company}. "
                "Nothing was sent. Restore the connection, or start a new DAG run for another meeting."
            )
        if earlier.content != mine.content:
            raise GongMeetingConflictError(
                f"{known} with different fields. The changes were not sent. Use GongUpdateMeetingOperator to send "
                "them, "
                "or start a new DAG run for another meeting."
            )
        log.info("%s. It is not created again.", known)
        return outcome

    def _create(self, client: GongClient, meeting: NewMeeting) -> dict[str, Any]:
        from airflow_provider_gong.client.resources.meetings import Meetings

        try:
            created = Meetings(RecordedApi(client, self._record)).create(meeting)
        except GongError as error:
            if may_have_taken_effect(error, "addMeeting"):
                raise self._lost(error) from error
            self._record.refuse()
            raise
        outcome = created.model_dump(mode="json")
        # Nobody has to look for the meeting any more, and its title and address are personal data.
        if not self._record.complete(outcome, about=None):
            log.warning("Meeting %s was created, but this could not be recorded.", shown(created.meeting_id))
        return outcome

    def _lost(self, cause: GongError) -> GongOutcomeUnknownError:
        mine = self._record.mine
        error = cause if isinstance(cause, GongApiError) else GongApiError(str(cause), unanswered=cause.unanswered)
        whats_wrong = error.remedy.removesuffix(GongOutcomeUnknownError.default_remedy).strip()
        return GongOutcomeUnknownError(
            f"{error.message.rstrip('.')}. The meeting may exist, so retries do not send it again.",
            operation="addMeeting",
            status=error.status,
            request_id=error.request_id,
            errors=error.errors,
            unanswered=error.unanswered,
            remedy=f"{whats_wrong} {_remedy(mine.about, mine.attempt)}".strip(),
        )

    def _unknown(self, known: Intent | None) -> GongOutcomeUnknownError:
        mine, number = self._record.mine, self._record.mine.try_number
        about = known.about if known and known.content != mine.content else mine.about
        remedy = _remedy(about, self._record.token)
        if known is None:
            what = f"This is attempt {number} of the task, but no record of the earlier attempts was found here"
            remedy = f"{remedy} {_SHARE_THE_RECORD}"
        else:
            when = "" if known.sent_at is None else f" at {utc_time(known.sent_at)}"
            what = f"An earlier attempt of this task was sending the meeting{when}, but its outcome is unknown"
        return GongOutcomeUnknownError(
            f"{what}: the meeting may exist. It was not sent again.", operation="addMeeting", remedy=remedy
        )


def _parsed(resolution: str | None) -> dict[str, str]:
    """Return what was found, by token."""
    parts = (resolution or "").replace(",", " ").split()
    matches = {part: _RESOLUTION.fullmatch(part) for part in parts}
    problems = [
        FieldProblem(
            "resolution",
            repr(shown(part)),
            "must be '<token>:not-created' or '<token>:<meeting_id>'",
            "Copy the token from the error of the task, or leave resolution empty.",
        )
        for part, match in matches.items()
        if match is None
    ]
    if problems:
        raise GongValidationError("The meeting was not created.", problems=problems)
    return {match[1]: match[2] for match in matches.values() if match}


def _found_by_person(meeting_id: str) -> dict[str, Any]:
    """Return the outcome of a meeting of which only the id is known: Gong has no way to look one up."""
    return {"meeting_id": meeting_id, "request_id": None, "meeting_url": None, "additional_invitees": None}


def _about(meeting: NewMeeting) -> str:
    title = f"the meeting {shown(meeting.title, _LONGEST_TITLE)!r}" if meeting.title else "the meeting without a title"
    start, organizer = meeting.start_time.isoformat(), shown(meeting.organizer_email)
    return f"{title} that starts at {start}, in Gong and in the calendar of {organizer}"


def _remedy(about: str | None, token: str) -> str:
    return (
        f"Look for {about or 'the meeting'}. If it does not exist, set resolution='{token}:{_NOT_CREATED}' on this "
        f"task and clear it (a new DAG run sends it again, too). If it exists, set resolution='{token}:<meeting_id>', "
        "with its id, and clear the task."
    )


def _sent_by_another(taken: ContentTakenError) -> GongMeetingConflictError:
    intent = taken.intent
    meeting_id = (intent.outcome or {}).get("meeting_id")
    what = f"created meeting {shown(meeting_id)} with" if meeting_id else "sent, with unknown outcome so far,"
    return GongMeetingConflictError(
        f"Map index {taken.map_index} of this task {what} the same fields in this DAG run. It was not sent again. "
        "If the order of the mapped list has changed, restore it. If you want two equal meetings, give each a "
        "different external_id."
    )


_SHARE_THE_RECORD = (
    "To keep one record for all hosts, set store_conn_id in the extra of the Gong connection to a database that all "
    "workers can reach, or use Airflow 3.3 or later."
)
