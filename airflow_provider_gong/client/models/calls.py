"""A call as it is created: ``POST /v2/calls``."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, JsonValue, ValidationInfo, field_validator
from pydantic_core import InitErrorDetails

from airflow_provider_gong.client.models.base import RequestModel
from airflow_provider_gong.client.models.fields import (
    DigitsAsText,
    EmailAddress,
    GongId,
    LanguageCode,
    MediaUrl,
    OtherId,
    Timestamp,
    broken_at,
    later_than,
    not_empty,
    raise_all,
    rule_error,
)

Direction = Literal["Inbound", "Outbound", "Conference", "Unknown"]
CrmSystem = Literal["Salesforce", "HubSpot", "MicrosoftDynamic", "Generic"]
CrmObjectType = Literal["Lead", "Contact", "Account", "Opportunity", "User"]

_UPLOADABLE_SYSTEMS = ("Salesforce", "Generic")

Milliseconds = Annotated[int, Field(ge=0, le=2**31 - 1)]
ShortText = Annotated[str, Field(max_length=255)]


class CrmField(RequestModel):
    """
    A field of a CRM object.

    :param name: the CRM's name of the field
    :param value: its value
    """

    name: str | None = None
    value: JsonValue = None


class CrmObject(RequestModel):
    """
    A CRM object that a call or a party belongs to.

    :param object_type: ``Lead``, ``Contact``, ``Account``, ``Opportunity`` or ``User``
    :param object_id: the CRM's id of the object
    :param fields: kept by Gong for future use
    """

    object_type: CrmObjectType
    object_id: Annotated[str, Field(min_length=1), DigitsAsText]
    fields: tuple[CrmField, ...] | None = None


class CrmContext(RequestModel):
    """
    Links to the objects of one CRM.

    :param system: the CRM; Gong accepts only ``Salesforce`` and ``Generic`` for uploads
    :param objects: the objects in it
    """

    system: CrmSystem
    objects: tuple[CrmObject, ...] | None = None


class CallParty(RequestModel):
    """
    A participant of a call.

    :param user_id: Gong user id, for participants from your own company
    :param name: name
    :param email_address: e-mail address
    :param phone_number: phone number
    :param party_id: your own id for the party, used in the speakers' timeline
    :param media_channel_id: audio channel of the company's participant: 0 (left) or 1 (right)
    :param context: CRM objects of the participant, for participants from other companies
    """

    not_in_gong: ClassVar = {
        "affiliation": "Remove it; Gong detects who belongs to the company.",
        "speakerId": "Remove it; use partyId and speakersTimeline to say who speaks when.",
    }

    user_id: GongId | None = None
    name: str | None = None
    email_address: EmailAddress | None = None
    phone_number: str | None = None
    party_id: OtherId | None = None
    media_channel_id: Annotated[int, Field(ge=0, le=1)] | None = None
    context: tuple[CrmContext, ...] | None = None


class SpeechSegment(RequestModel):
    """
    A segment of speech.

    :param from_time: start, in milliseconds from the beginning of the call
    :param to_time: end, in milliseconds from the beginning of the call
    :param party_ids: ``party_id`` of each party that speaks
    """

    from_time: Milliseconds
    to_time: Milliseconds
    party_ids: tuple[OtherId, ...]

    @field_validator("to_time")
    @classmethod
    def _ends_after_start(cls, value: int, info: ValidationInfo) -> int:
        start = info.data.get("from_time")
        if start is not None and value <= start:
            raise rule_error(f"must be greater than fromTime ({start})", "Correct the segment or remove it.")
        return value


class SpeakersTimeline(RequestModel):
    """
    Who speaks when.

    :param precise: whether the segments deviate from the recording by at most 100 ms
    :param speech_segments: the segments, which may overlap
    """

    precise: bool | None = None
    speech_segments: tuple[SpeechSegment, ...] | None = None


class FlowContext(RequestModel):
    """
    The Engage task that led to the call.

    :param task_id: id of the task
    """

    task_id: OtherId | None = None


class NewCall(RequestModel):
    """
    A call to create, for ``POST /v2/calls``.

    Neither the call nor its ``client_unique_id`` can be changed or freed afterwards.

    :param client_unique_id: id in the recording system, up to 2048 characters; Gong accepts each id only once
    :param actual_start: when the call started, with offset
    :param primary_user: Gong user id of the host, who must be one of the parties
    :param direction: ``Inbound``, ``Outbound``, ``Conference`` or ``Unknown``
    :param parties: participants, at least the host
    :param title: title
    :param purpose: purpose, up to 255 characters
    :param disposition: disposition, up to 255 characters
    :param duration: length in seconds
    :param scheduled_start: when the call was to start, with offset
    :param scheduled_end: when the call was to end, with offset
    :param context: CRM objects of the call
    :param custom_data: free text, kept for troubleshooting
    :param speakers_timeline: who speaks when
    :param meeting_url: URL by which participants joined
    :param call_provider_code: Gong's code of the telephony or conferencing system, e.g. ``zoom``
    :param download_media_url: where Gong fetches the recording, instead of an upload
    :param workspace_id: id of the workspace to put the call in
    :param language_code: language of the call, e.g. ``en-US``; Gong detects it by default
    :param flow_context: the Engage task that led to the call
    """

    client_unique_id: Annotated[str, Field(min_length=1, max_length=2048), DigitsAsText]
    actual_start: Timestamp
    primary_user: GongId
    direction: Direction
    parties: Annotated[tuple[CallParty, ...], AfterValidator(not_empty)]
    title: str | None = None
    purpose: ShortText | None = None
    disposition: ShortText | None = None
    duration: Annotated[float, Field(ge=0)] | None = None
    scheduled_start: Timestamp | None = None
    scheduled_end: Annotated[Timestamp | None, later_than("scheduled_start")] = None
    context: tuple[CrmContext, ...] | None = None
    custom_data: str | None = None
    speakers_timeline: SpeakersTimeline | None = None
    meeting_url: Annotated[str | None, Field(repr=False)] = None
    call_provider_code: str | None = None
    download_media_url: Annotated[MediaUrl | None, Field(repr=False)] = None
    workspace_id: GongId | None = None
    language_code: LanguageCode | None = None
    flow_context: FlowContext | None = None

    @field_validator("parties")
    @classmethod
    def _parties_fit_together(cls, value: tuple[CallParty, ...], info: ValidationInfo) -> tuple[CallParty, ...]:
        raise_all([*_missing_host(value, info.data.get("primary_user")), *_repeated_party_ids(value)])
        return value

    @field_validator("speakers_timeline")
    @classmethod
    def _speakers_are_parties(cls, value: SpeakersTimeline | None, info: ValidationInfo) -> SpeakersTimeline | None:
        if value is None or "parties" not in info.data:
            return value
        known = {party.party_id for party in info.data["parties"]}
        rule, remedy = (
            "must be the partyId of a party",
            "Correct it, or set this partyId on the party that speaks.",
        )
        raise_all(
            [
                broken_at(("speechSegments", index, "partyIds", position), party_id, rule, remedy)
                for index, segment in enumerate(value.speech_segments or ())
                for position, party_id in enumerate(segment.party_ids)
                if party_id not in known
            ]
        )
        return value

    def warnings(self) -> list[str]:
        """Return warnings about fields that Gong ignores and about probable mistakes."""
        found: list[str] = []
        hosts = []
        for index, party in enumerate(self.parties):
            user_id = party.user_id
            # Most parties have no warnings, and plans have hundreds of thousands of parties.
            if party.context or party.media_channel_id is not None or not (user_id or party.name):
                found += self._party_warnings(index, party)
            if user_id == self.primary_user:
                hosts.append(index)
        if len(hosts) > 1:
            found.append(
                f"parties: entries {hosts} all have primaryUser as their userId; Gong treats each of them as the host."
            )
        return [*found, *_system_warnings("context", self.context)] if self.context else found

    def _party_warnings(self, index: int, party: CallParty) -> Iterator[str]:
        field = f"parties[{index}]"
        if party.media_channel_id is not None and self.speakers_timeline is not None:
            yield f"{field}.mediaChannelId: Gong ignores it if there is a speakersTimeline."
        if not (party.user_id or party.name or party.email_address or party.phone_number):
            yield f"{field}: has no name, e-mail address or phone number, so no one will know who it is."
        if party.user_id and party.context:
            yield f"{field}.context: Gong accepts CRM objects only for parties from other companies."
        yield from _system_warnings(f"{field}.context", party.context)


def _missing_host(parties: tuple[CallParty, ...], host: str | None) -> Iterator[InitErrorDetails]:
    if host is not None and all(party.user_id != host for party in parties):
        rule = f"must contain a party whose userId is primaryUser ({host})"
        yield broken_at((), parties, rule, "Set userId on the host's party, or add a party for the host.")


def _repeated_party_ids(parties: tuple[CallParty, ...]) -> Iterator[InitErrorDetails]:
    first: dict[str, int] = {}
    for index, party in enumerate(parties):
        if party.party_id is not None and first.setdefault(party.party_id, index) != index:
            rule = f"must be unique, but parties[{first[party.party_id]}] has the same partyId"
            yield broken_at((index, "partyId"), party.party_id, rule, "Give each party its own partyId.")


def _system_warnings(field: str, context: tuple[CrmContext, ...] | None) -> Iterator[str]:
    for index, entry in enumerate(context or ()):
        if entry.system not in _UPLOADABLE_SYSTEMS:
            yield f"{field}[{index}].system: Gong links calls to Salesforce and Generic only, not to {entry.system}."
