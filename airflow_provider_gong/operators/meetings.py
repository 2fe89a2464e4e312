"""Operators for Gong meetings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._choices import flag
from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong._operator import required_gong_id
from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongError, GongRateLimitError
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators._waiting import WaitingTask

if TYPE_CHECKING:
    from datetime import datetime

    from airflow_provider_gong._compat import Context
    from airflow_provider_gong.client.models import MeetingIntegrationStatus

_MEETING_FIELDS = ("start_time", "end_time", "organizer_email", "invitees", "title", "external_id", "provider")


class GongMeetingIntegrationError(GongError, AirflowFailException):
    """
    Some users cannot create Gong meetings. The task is not retried because a person has to act first.

    :param statuses: Gong's status of each of these users
    """

    retry_can_help = False

    def __init__(self, statuses: Sequence[MeetingIntegrationStatus]) -> None:
        lines = [f"{len(statuses)} of the users cannot create Gong meetings:", *map(_not_ready_text, statuses)]
        super().__init__("\n".join(lines))
        self.statuses = tuple(statuses)


class _MeetingOperator(WaitingTask):
    """Fields that creating and updating a meeting have in common."""

    template_fields: Sequence[str] = (*_MEETING_FIELDS, "gong_conn_id")
    template_fields_renderers = {"invitees": "json"}  # noqa: RUF012 - Airflow's own declaration

    def __init__(
        self,
        *,
        start_time: datetime | str,
        end_time: datetime | str,
        organizer_email: str,
        invitees: Sequence[Mapping[str, Any]],
        title: str | None = None,
        external_id: str | None = None,
        provider: str | None = None,
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.start_time = start_time
        self.end_time = end_time
        self.organizer_email = organizer_email
        self.invitees = invitees
        self.title = title
        self.external_id = external_id
        self.provider = provider
        self.gong_conn_id = gong_conn_id

    def meeting_fields(self) -> dict[str, Any]:
        """Return the fields that are set."""
        fields = {name: getattr(self, name) for name in _MEETING_FIELDS}
        return {name: value for name, value in fields.items() if value is not None}


class GongCreateMeetingOperator(_MeetingOperator):
    """
    Create a Gong meeting, once for each task of a DAG run (``POST /v2/meetings``).

    Gong does not detect duplicate meetings, and its API cannot look up a meeting. The task therefore keeps a record of
    what it is about to send, in the store of the Gong connection and, on Airflow 3.3 and later, also in the task state
    store. If the task is retried or cleared, it returns the meeting that it created before. If the outcome of an
    earlier attempt is unknown, it fails without sending the meeting again; the error says which meeting to look for and
    contains a token to continue with.

    Returns ``meeting_id``, ``meeting_url``, ``request_id`` and ``additional_invitees``. Invite these to the calendar
    event as well; otherwise Gong does not record the meeting. For a meeting from ``resolution``, only ``meeting_id`` is
    set.

    :param start_time: start, as a ``datetime`` or ISO-8601 text with offset (templated)
    :param end_time: end, later than the start (templated)
    :param organizer_email: e-mail address of the Gong user who organizes it (templated)
    :param invitees: everybody else, each with ``email`` and, if known, ``display_name``, ``first_name`` and
        ``last_name`` (templated)
    :param title: title (templated)
    :param external_id: id in another system (templated)
    :param provider: conferencing provider, such as ``zoom``; by default the organizer's (templated)
    :param resolution: what a person found in Gong after an unknown outcome: ``<token>:not-created`` or
        ``<token>:<meeting_id>``, with the token from the error; separate several with spaces. It applies only to that
        attempt, so it does not have to be removed afterwards (templated)
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :raises AirflowFailException: if the fields are not valid, Gong refuses them, it is unknown whether the meeting
        exists, or the task has created another meeting in this DAG run; the task is not retried
    """

    template_fields = (*_MEETING_FIELDS, "resolution", "gong_conn_id")

    def __init__(self, *, resolution: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.resolution = resolution
        self._was_parked = False

    def execute_complete(self, context: Context, event: Any = None) -> Any:
        """Do the work again after the wait; only meetings that may be sent wait."""
        self._was_parked = True
        return super().execute_complete(context, event)

    # Unlike render_template_fields, Airflow also calls this for mapped tasks.
    def _do_render_template_fields(
        self, parent: Any, template_fields: Any, context: Context, jinja_env: Any, seen_oids: set[int]
    ) -> None:
        """Render the fields. If this fails, nothing was sent, and the next attempt has to know this."""
        try:
            super()._do_render_template_fields(parent, template_fields, context, jinja_env, seen_oids)
        except Exception:
            if parent is self:
                self._record_failed_rendering(context)
            raise

    def _record_failed_rendering(self, context: Context) -> None:
        from airflow_provider_gong.operators.record.meeting_record import MeetingRecord

        try:
            MeetingRecord(context, self.resolution, was_parked=False)
        except GongError as error:
            self.log.warning("This attempt could not be recorded: %s", error)

    def work(self, context: Context) -> dict[str, Any]:
        """Create the meeting, or return the one that an earlier attempt created."""
        from airflow_provider_gong.client.models import NewMeeting, parse_request
        from airflow_provider_gong.operators.record.meeting_record import MeetingRecord

        record = MeetingRecord(context, self.resolution, was_parked=self._was_parked)
        meeting = parse_request(NewMeeting, self.meeting_fields())
        with GongHook(self.gong_conn_id) as hook:
            try:
                return record.create(hook, meeting)
            except GongRateLimitError:
                if self.deferrable:
                    record.park()
                raise


class GongUpdateMeetingOperator(_MeetingOperator):
    """
    Replace all details of a Gong meeting (``PUT /v2/meetings/{meetingId}``). Fields that are not passed are cleared.

    Returns ``meeting_id`` and ``request_id``.

    :param meeting_id: Gong's id of the meeting, as text (templated)
    :param start_time: start, as a ``datetime`` or ISO-8601 text with offset (templated)
    :param end_time: end, later than the start (templated)
    :param organizer_email: e-mail address of the user who created the meeting (templated)
    :param invitees: everybody else, each with ``email`` and, if known, ``display_name``, ``first_name`` and
        ``last_name`` (templated)
    :param title: title (templated)
    :param external_id: id in another system (templated)
    :param provider: conferencing provider, such as ``zoom``; by default the organizer's (templated)
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :raises AirflowFailException: if the fields are not valid or Gong refuses them; the task is not retried
    """

    template_fields = ("meeting_id", *_MeetingOperator.template_fields)

    def __init__(self, *, meeting_id: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.meeting_id = meeting_id

    def work(self, context: Context) -> dict[str, Any]:
        """Send the new details."""
        meeting_id = required_gong_id("meeting_id", self.meeting_id)
        with GongHook(self.gong_conn_id) as hook:
            updated = hook.meetings.update(meeting_id, self.meeting_fields())
        return {**updated.model_dump(mode="json"), "meeting_id": updated.meeting_id or meeting_id}


class GongDeleteMeetingOperator(WaitingTask):
    """
    Delete a Gong meeting (``DELETE /v2/meetings/{meetingId}``).

    Returns ``meeting_id`` and ``deleted``, which is false if there was no such meeting.

    :param meeting_id: Gong's id of the meeting, as text (templated)
    :param organizer_email: e-mail address of its organizer (templated)
    :param missing_ok: succeed if the meeting does not exist, for example after an attempt whose response was lost
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :raises AirflowFailException: if Gong refuses it; the task is not retried
    """

    template_fields = ("meeting_id", "organizer_email", "gong_conn_id")

    def __init__(
        self,
        *,
        meeting_id: str,
        organizer_email: str | None = None,
        missing_ok: bool = True,
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.meeting_id = meeting_id
        self.organizer_email = organizer_email
        self.missing_ok = flag("missing_ok", missing_ok)
        self.gong_conn_id = gong_conn_id

    def work(self, context: Context) -> dict[str, Any]:
        """Delete the meeting."""
        meeting_id = required_gong_id("meeting_id", self.meeting_id)
        with GongHook(self.gong_conn_id) as hook:
            found = hook.meetings.delete(meeting_id, self.organizer_email, missing_ok=self.missing_ok)
        return {"meeting_id": meeting_id, "deleted": found is not None}


class GongMeetingIntegrationStatusOperator(WaitingTask):
    """
    Check which users can create Gong meetings (``POST /v2/meetings/integration/status``, 100 users per request).

    Returns one entry per address with ``email``, ``exists``, ``valid``, ``user_facing_error`` and ``fix_url``.

    :param emails: e-mail addresses of the users (templated)
    :param fail_if_not_ready: fail if one of the users cannot create meetings
    :param gong_conn_id: Airflow connection of type ``gong`` (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :raises GongMeetingIntegrationError: if a user cannot create meetings and ``fail_if_not_ready`` is set; the task is
        not retried
    """

    template_fields = ("emails", "gong_conn_id")

    def __init__(
        self,
        *,
        emails: Sequence[str],
        fail_if_not_ready: bool = False,
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(multiple_outputs=False, **kwargs)
        self.emails = emails
        self.fail_if_not_ready = flag("fail_if_not_ready", fail_if_not_ready)
        self.gong_conn_id = gong_conn_id

    def work(self, context: Context) -> list[dict[str, Any]]:
        """Ask Gong."""
        with GongHook(self.gong_conn_id) as hook:
            statuses = hook.meetings.integration_status(self.emails)
        not_ready = [status for status in statuses if not status.valid]
        if not_ready and self.fail_if_not_ready:
            raise GongMeetingIntegrationError(not_ready)
        return [status.model_dump(mode="json") for status in statuses]


def _not_ready_text(status: MeetingIntegrationStatus) -> str:
    why = shown(status.user_facing_error or ("" if status.exists else "Gong does not know this user."))
    fix = f" It can be fixed at {shown(status.fix_url)} ." if status.fix_url else ""
    return f"{shown(status.email or '')}: {why or 'Gong gives no reason.'}{fix}"
