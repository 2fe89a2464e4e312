"""Gong's API as methods of the hook: one for each operation that has models of its own, and any other by its name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import BaseHook
from airflow_provider_gong.client.errors import FieldProblem, GongNotFoundError, GongValidationError

if TYPE_CHECKING:
    import os

    from airflow_provider_gong._compat import ObjectStoragePath
    from airflow_provider_gong.client import models
    from airflow_provider_gong.client.drivers import GongClient
    from airflow_provider_gong.client.media import MediaFile

    Media = str | os.PathLike[str] | ObjectStoragePath | MediaFile
    Fields = Mapping[str, Any]


class GongApi(BaseHook):
    """The operations of Gong's API, sent by the client of the hook that inherits them."""

    @property
    def client(self) -> GongClient:
        """The client."""
        raise NotImplementedError

    def run(
        self, operation: str, *, path: Mapping[str, str] | None = None, query: Fields | None = None, body: Any = None
    ) -> dict[str, Any]:
        """
        Send any operation of Gong's API with plain JSON in and out; of a listing, one page.

        :param operation: Gong's name of the operation, such as ``listFlows``
        :param path: parameters of the path
        :param query: query parameters
        :param body: JSON body
        """
        return self.client.run(operation, path=path, query=query, body=body)

    def run_all(self, operation: str, *, query: Fields | None = None, body: Any = None) -> Iterator[dict[str, Any]]:
        """Yield the rows of all pages of any listing operation as plain JSON; parameters as in :meth:`run`."""
        return self.client.run_all(operation, query=query, body=body)

    def create_call(self, call: models.NewCall | Fields) -> models.CreatedCall:
        """``POST /v2/calls``: create a call, under Gong's field names or in snake_case."""
        from airflow_provider_gong.client.api import calls
        from airflow_provider_gong.client.models import NewCall, parse_request

        new_call = parse_request(NewCall, call)
        self._warn("call", new_call.warnings())
        created = self.client.send(calls.create_call(new_call))
        self.log.info("Created call %s with clientUniqueId %s.", created.call_id, new_call.client_unique_id)
        return created

    def upload_call_media(self, call_id: str, media: Media) -> models.UploadedMedia:
        """``PUT /v2/calls/{id}/media``: stream the recording of a call from a path or an object store."""
        from airflow_provider_gong.client.api import calls
        from airflow_provider_gong.hooks.object_storage import ObjectStorage

        recording = ObjectStorage().file(media)
        uploaded = self.client.send(calls.upload_call_media(call_id, recording))
        self.log.info("Uploaded %s bytes of %s to call %s.", recording.size, recording.path.name, call_id)
        return uploaded

    def get_call(self, call_id: str) -> models.Call:
        """``GET /v2/calls/{id}``: read a call; Gong finds it only when it has processed its recording."""
        from airflow_provider_gong.client.api import calls

        return self.client.send(calls.get_call(call_id))

    def list_calls(self, window: models.CallFilter | Fields) -> Iterator[models.Call]:
        """``GET /v2/calls``: yield the calls of a time window."""
        from airflow_provider_gong.client.api import calls

        return self.client.iterate(calls.list_calls(window))

    def list_calls_extensive(
        self, filters: models.CallFilter | Fields, selector: models.ContentSelector | Fields | None = None
    ) -> Iterator[models.ExtensiveCall]:
        """``POST /v2/calls/extensive``: yield calls with the blocks that the selector names."""
        from airflow_provider_gong.client.api import calls

        return self.client.iterate(calls.list_calls_extensive(filters, selector))

    def list_call_transcripts(self, filters: models.CallFilter | Fields) -> Iterator[models.CallTranscript]:
        """``POST /v2/calls/transcript``: yield transcripts."""
        from airflow_provider_gong.client.api import calls

        return self.client.iterate(calls.list_call_transcripts(filters))

    def create_meeting(self, meeting: models.NewMeeting | Fields) -> models.CreatedMeeting:
        """
        ``POST /v2/meetings``: create a meeting.

        :raises GongOutcomeUnknownError: when the answer was lost; sending it again may create a second meeting
        """
        from airflow_provider_gong.client.api import meetings
        from airflow_provider_gong.client.models import NewMeeting, parse_request

        new_meeting = parse_request(NewMeeting, meeting)
        self._warn("meeting", new_meeting.warnings())
        created = self.client.send(meetings.create_meeting(new_meeting))
        self.log.info("Created meeting %s of %s.", created.meeting_id, new_meeting.organizer_email)
        return created

    def update_meeting(self, meeting_id: str, meeting: models.MeetingUpdate | Fields) -> models.UpdatedMeeting:
        """``PUT /v2/meetings/{meetingId}``: replace all details of a meeting."""
        from airflow_provider_gong.client.api import meetings
        from airflow_provider_gong.client.models import MeetingUpdate, parse_request

        update = parse_request(MeetingUpdate, meeting)
        self._warn("meeting", update.warnings())
        return self.client.send(meetings.update_meeting(meeting_id, update))

    def delete_meeting(
        self, meeting_id: str, organizer_email: str | None = None, *, missing_ok: bool = False
    ) -> models.DeletedMeeting | None:
        """
        ``DELETE /v2/meetings/{meetingId}``: delete a meeting.

        :param meeting_id: Gong's id of the meeting
        :param organizer_email: e-mail address of its organizer
        :param missing_ok: return None, instead of raising, when Gong knows no such meeting
        """
        from airflow_provider_gong.client.api import meetings

        try:
            return self.client.send(meetings.delete_meeting(meeting_id, organizer_email))
        except GongNotFoundError as error:
            if not (missing_ok and meetings.says_meeting_is_missing(error)):
                raise
        self.log.info("There was no meeting %s to delete.", meeting_id)
        return None

    def get_meeting_integration_status(self, emails: Sequence[str]) -> list[models.MeetingIntegrationStatus]:
        """``POST /v2/meetings/integration/status``: tell which users can create Gong meetings, 100 per request."""
        from airflow_provider_gong.client.api import meetings

        if isinstance(emails, str):
            wrong = FieldProblem("emails", repr(emails), "must be a list", "Give a list, even for a single address.")
            raise GongValidationError("The integration status cannot be asked for.", problems=[wrong])
        requests = meetings.meeting_integration_status(emails)
        return [status for request in requests for status in self.client.send(request)]

    def list_users(self, *, include_avatars: bool = False) -> Iterator[models.User]:
        """``GET /v2/users``: yield the users of the company."""
        from airflow_provider_gong.client.api import users

        return self.client.iterate(users.list_users(include_avatars=include_avatars))

    def list_users_extensive(self, filters: models.UserFilter | Fields) -> Iterator[models.User]:
        """``POST /v2/users/extensive``: yield users by id or by when they were created."""
        from airflow_provider_gong.client.api import users

        return self.client.iterate(users.list_users_extensive(filters))

    def get_user(self, user_id: str) -> models.User:
        """``GET /v2/users/{id}``: read a user."""
        from airflow_provider_gong.client.api import users

        return self.client.send(users.get_user(user_id))

    def get_user_settings_history(self, user_id: str) -> list[models.UserSettingsHistory]:
        """``GET /v2/users/{id}/settings-history``: list when the user's capture settings changed."""
        from airflow_provider_gong.client.api import users

        return self.client.send(users.get_user_settings_history(user_id))

    def list_workspaces(self) -> Iterator[models.Workspace]:
        """``GET /v2/workspaces``: yield the workspaces of the company."""
        from airflow_provider_gong.client.api import users

        return self.client.iterate(users.list_workspaces())

    def _warn(self, what: str, warnings: list[str]) -> None:
        for warning in warnings:
            self.log.warning("%s %s", what, warning)
