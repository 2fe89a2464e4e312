"""Which calls to read, and how much of them."""

from typing import Annotated, Literal

from pydantic import ValidationInfo, field_validator

from airflow_provider_gong.client.models.base import RequestModel
from airflow_provider_gong.client.models.fields import GongId, GongIds, Timestamp, later_than, rule_error

ContextDetail = Literal["None", "Basic", "Extended"]
ContextTiming = Literal["Now", "TimeOfCall"]


class CallFilter(RequestModel):
    """
    Filter of calls, for ``GET /v2/calls``, ``POST /v2/calls/extensive`` and ``POST /v2/calls/transcript``.

    :param from_date_time: calls that started at this time or later, with offset
    :param to_date_time: calls that started before this time, with offset
    :param workspace_id: calls of this workspace
    :param call_ids: these calls
    :param primary_user_ids: calls hosted by these users; not available for transcripts
    """

    from_date_time: Timestamp | None = None
    to_date_time: Annotated[Timestamp | None, later_than("from_date_time")] = None
    workspace_id: GongId | None = None
    call_ids: GongIds | None = None
    primary_user_ids: GongIds | None = None


class ContentFields(RequestModel):
    """
    Parts of the conversation's content; set each to ``True`` to read it.

    :param structure: agenda
    :param topics: length of each topic
    :param trackers: trackers with their counts
    :param tracker_occurrences: when and by whom a tracker was mentioned; needs ``trackers``
    :param points_of_interest: deprecated by Gong
    :param brief: brief
    :param outline: outline
    :param highlights: highlights
    :param call_outcome: outcome
    :param key_points: key points
    """

    structure: bool | None = None
    topics: bool | None = None
    trackers: bool | None = None
    tracker_occurrences: bool | None = None
    points_of_interest: bool | None = None
    brief: bool | None = None
    outline: bool | None = None
    highlights: bool | None = None
    call_outcome: bool | None = None
    key_points: bool | None = None

    @field_validator("tracker_occurrences")
    @classmethod
    def _occurrences_need_trackers(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value and "trackers" in info.data and not info.data["trackers"]:
            raise rule_error("needs trackers", "Set trackers to true as well.")
        return value


class InteractionFields(RequestModel):
    """
    Parts of the interaction between the parties; set each to ``True`` to read it.

    :param speakers: talk time of each speaker
    :param video: video statistics
    :param person_interaction_stats: statistics of the host
    :param questions: number of questions
    """

    speakers: bool | None = None
    video: bool | None = None
    person_interaction_stats: bool | None = None
    questions: bool | None = None


class CollaborationFields(RequestModel):
    """
    Parts that colleagues added; set each to ``True`` to read it.

    :param public_comments: public comments
    """

    public_comments: bool | None = None


class ExposedFields(RequestModel):
    """
    Blocks of a call to read in addition to its metadata.

    :param parties: participants
    :param content: what was said
    :param interaction: how the parties interacted
    :param collaboration: what colleagues added
    :param media: URLs of the recording, valid for 8 hours; requires the scope ``api:calls:read:media-url``
    """

    parties: bool | None = None
    content: ContentFields | None = None
    interaction: InteractionFields | None = None
    collaboration: CollaborationFields | None = None
    media: bool | None = None


class ContentSelector(RequestModel):
    """
    How much of each call to read, for ``POST /v2/calls/extensive``.

    :param context: CRM links: ``None`` (the text, Gong's default), ``Basic`` or ``Extended``
    :param context_timing: ``Now``, ``TimeOfCall`` or both; only with the ``Extended`` context
    :param exposed_fields: blocks to read in addition to the metadata
    """

    context: ContextDetail | None = None
    context_timing: tuple[ContextTiming, ...] | None = None
    exposed_fields: ExposedFields | None = None

    @field_validator("context_timing")
    @classmethod
    def _timing_needs_extended_context(
        cls, value: tuple[ContextTiming, ...] | None, info: ValidationInfo
    ) -> tuple[ContextTiming, ...] | None:
        if value is not None and info.data.get("context", "Extended") != "Extended":
            raise rule_error("is allowed only with the context Extended", "Set context to Extended or leave it out.")
        return value
