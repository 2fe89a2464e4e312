"""Calls as Gong returns them."""

from typing import Annotated

from pydantic import Field, JsonValue

from airflow_provider_gong.client.models.base import ResponseModel
from airflow_provider_gong.client.models.fields import AnswerId, ResponseLink, ResponseSeconds, ResponseTime

JsonObject = dict[str, JsonValue]


class CreatedCall(ResponseModel):
    """Response of ``POST /v2/calls``."""

    call_id: AnswerId
    request_id: str | None = None


class UploadedMedia(ResponseModel):
    """Response of ``PUT /v2/calls/{id}/media``: the recording was accepted, but not necessarily processed."""

    call_id: AnswerId
    request_id: str | None = None
    url: str | None = None


class Call(ResponseModel):
    """Basic data of a call; ``duration`` is in seconds, as measured by Gong."""

    id: str
    url: ResponseLink = None
    title: str | None = None
    scheduled: ResponseTime = None
    started: ResponseTime = None
    duration: ResponseSeconds = None
    primary_user_id: str | None = None
    direction: str | None = None
    system: str | None = None
    scope: str | None = None
    media: str | None = None
    language: str | None = None
    workspace_id: str | None = None
    sdr_disposition: str | None = None
    client_unique_id: str | None = None
    custom_data: str | None = None
    purpose: str | None = None
    meeting_url: Annotated[str | None, Field(repr=False)] = None
    is_private: bool | None = None
    calendar_event_id: str | None = None


class Party(ResponseModel):
    """A participant; transcripts refer to ``speaker_id``."""

    id: str | None = None
    email_address: str | None = None
    name: str | None = None
    title: str | None = None
    user_id: str | None = None
    speaker_id: str | None = None
    context: list[JsonObject] | None = None
    affiliation: str | None = None
    phone_number: str | None = None
    methods: list[str] | None = None


class CallMedia(ResponseModel):
    """Signed URLs of the recording, valid for 8 hours; fetch them without Gong's credentials."""

    audio_url: Annotated[str | None, Field(repr=False)] = None
    video_url: Annotated[str | None, Field(repr=False)] = None


class ExtensiveCall(ResponseModel):
    """A call with the requested blocks; a block that Gong does not have yet is ``None``."""

    meta_data: Call
    context: list[JsonObject] | None = None
    parties: list[Party] | None = None
    content: JsonObject | None = None
    interaction: JsonObject | None = None
    collaboration: JsonObject | None = None
    media: CallMedia | None = None


class Sentence(ResponseModel):
    """A sentence; ``start`` and ``end`` are milliseconds from the beginning of the call."""

    start: int | None = None
    end: int | None = None
    text: str | None = None


class Monologue(ResponseModel):
    """What one speaker says in a row; ``speaker_id`` is that of a :class:`Party`."""

    speaker_id: str | None = None
    topic: str | None = None
    sentences: list[Sentence] | None = None


class CallTranscript(ResponseModel):
    """Transcript of a call."""

    call_id: str
    transcript: list[Monologue] | None = None
