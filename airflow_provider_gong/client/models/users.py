"""Users of Gong."""

from typing import Annotated

from pydantic import Field

from airflow_provider_gong.client.models.base import RequestModel, ResponseModel
from airflow_provider_gong.client.models.fields import GongIds, ResponseTime, Timestamp, later_than


class UserFilter(RequestModel):
    """
    Filter of users, for ``POST /v2/users/extensive``.

    :param created_from_date_time: users created at this time or later, with offset
    :param created_to_date_time: users created before this time, with offset
    :param include_avatars: also synthetic users that stand for Gong's own employees
    :param user_ids: these users
    """

    created_from_date_time: Timestamp | None = None
    created_to_date_time: Annotated[Timestamp | None, later_than("created_from_date_time")] = None
    include_avatars: bool | None = None
    user_ids: GongIds | None = None


class UserSettings(ResponseModel):
    """What Gong captures of a user; calls can be imported only with ``telephony_calls_imported``."""

    web_conferences_recorded: bool | None = None
    prevent_web_conference_recording: bool | None = None
    telephony_calls_imported: bool | None = None
    emails_imported: bool | None = None
    prevent_email_import: bool | None = None
    non_recorded_meetings_imported: bool | None = None
    gong_connect_enabled: bool | None = None


class SpokenLanguage(ResponseModel):
    """A language that a user speaks."""

    language: str | None = None
    primary: bool | None = None


class ConferencingProvider(ResponseModel):
    """A web conferencing provider that a user is connected to."""

    provider: str | None = None
    is_default: bool | None = None


class User(ResponseModel):
    """A user of Gong."""

    id: str
    email_address: str | None = None
    created: ResponseTime = None
    active: bool | None = None
    email_aliases: list[str] | None = None
    trusted_email_address: str | None = None
    first_name: str | None = None
    last_name: str | None = None
    title: str | None = None
    phone_number: str | None = None
    extension: str | None = None
    personal_meeting_urls: list[str] | None = None
    settings: UserSettings | None = None
    manager_id: str | None = None
    meeting_consent_page_url: Annotated[str | None, Field(repr=False)] = None
    conferencing_providers: list[ConferencingProvider] | None = None
    spoken_languages: list[SpokenLanguage] | None = None


class UserSettingsHistory(ResponseModel):
    """A change of one of a user's settings."""

    setting: str | None = None
    value: bool | None = None
    time: ResponseTime = None
