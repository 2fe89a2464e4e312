"""The tables of participants, CRM objects and trackers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.call_export.tables.call import ExportedCall, crm_field, crm_objects, is_plain_context
from airflow_provider_gong.call_export.tables.fields import Fields, as_number, as_text, count_unknown, names, objects
from airflow_provider_gong.call_export.tables.schema import Column, Kind, Row, Table, extra_column

_NAMES = ("Name", "name")
_OCCURRENCE = names("startTime", "speakerId")
_KNOWN_TRACKER = names(occurrences=_OCCURRENCE, phrases=names("count", "phrase", occurrences=_OCCURRENCE))
_KNOWN_PARTY = names(context=names("objects", "system"))
_CRM_FIELD = names("name", "value")


def _parties(call: ExportedCall) -> list[Row]:
    talk_times = _talk_times(call)
    rows: list[Row] = []
    for number, (party, person) in enumerate(call.people):
        fields = Fields(party, "parties", call.unknown)
        fields.take_objects("context", is_plain_context)
        party_id, speaker_id = fields.text("id"), fields.text("speakerId")
        row = (
            call.call_id,
            number,
            party_id,
            speaker_id,
            fields.text("userId"),
            fields.text("name"),
            fields.text("title"),
            fields.text("emailAddress"),
            fields.text("phoneNumber"),
            fields.text("affiliation"),
            person.company,
            person.user_id == call.owner_id if person.user_id else False,
            talk_times.get(speaker_id or "") or talk_times.get(person.user_id or ""),
            fields.texts("methods"),
            fields.rest(_KNOWN_PARTY) or None,
        )
        rows.append(row)
    return rows


def _talk_times(call: ExportedCall) -> dict[str, float]:
    interaction = call.data.get("interaction")
    speakers = objects(interaction.get("speakers")) if isinstance(interaction, Mapping) else ()
    times: dict[str, float] = {}
    for speaker in speakers:
        seconds = as_number(speaker.get("talkTime"))
        if seconds is not None:
            times |= {ident: seconds for name in ("userId", "id") if (ident := as_text(speaker.get(name)))}
    return times


def is_plain_speaker(speaker: Mapping[str, Any]) -> bool:
    """Return whether nothing of a speaker is lost where only the talk time is exported."""
    return speaker.keys() <= {"id", "userId", "talkTime"} and as_number(speaker.get("talkTime")) is not None


def _context(call: ExportedCall) -> list[Row]:
    rows = [_crm_row(call, None, *found) for found in crm_objects(call.data)]
    for party, _ in call.people:
        party_id = as_text(party.get("id")) or None
        rows += [_crm_row(call, party_id, *found) for found in crm_objects(party)]
    return rows


def _crm_row(call: ExportedCall, party_id: str | None, system: str | None, crm_object: Mapping[str, Any]) -> Row:
    fields = Fields(crm_object, "context.objects", call.unknown)
    count_unknown(fields.look("fields"), _CRM_FIELD, "context.objects.fields", call.unknown)
    return (
        call.call_id,
        party_id,
        system,
        fields.text("objectType"),
        fields.text("objectId"),
        crm_field(crm_object, _NAMES),
        fields.text("timing"),
        fields.take("fields") or None,
        fields.rest() or None,
    )


def _trackers(call: ExportedCall) -> list[Row]:
    content = call.data.get("content")
    trackers = objects(content.get("trackers")) if isinstance(content, Mapping) else ()
    return [_tracker(call.call_id, tracker, call.unknown) for tracker in trackers]


def _tracker(call_id: str, tracker: Mapping[str, Any], unknown: Counter[str]) -> Row:
    fields = Fields(tracker, "content.trackers", unknown)
    named = (fields.text("id"), fields.text("name"), fields.text("type"), fields.integer("count"))
    rest = {name: value for name, value in fields.rest(_KNOWN_TRACKER).items() if value != []}
    return (call_id, *named, rest or None)


CALL_PARTIES = Table(
    "call_parties",
    "One row for each participant of a call.",
    ("call_id", "party_number"),
    (
        Column("call_id", Kind.TEXT, "Gong's id of the call"),
        Column("party_number", Kind.INTEGER, "number of the participant in the call, from 0"),
        Column("party_id", Kind.TEXT, "Gong's id of the participant"),
        Column("speaker_id", Kind.TEXT, "joins to `transcript_sentences`"),
        Column("user_id", Kind.TEXT, "Gong user id, for participants from the company"),
        Column("name", Kind.TEXT, "name"),
        Column("title", Kind.TEXT, "job title"),
        Column("email_address", Kind.TEXT, "e-mail address"),
        Column("phone_number", Kind.TEXT, "phone number"),
        Column("affiliation", Kind.TEXT, "`Internal`, `External` or `Unknown`"),
        Column("company", Kind.TEXT, "company of an external participant, if it is in the call's CRM data"),
        Column("is_owner", Kind.FLAG, "whether this is the host"),
        Column("talk_time_seconds", Kind.NUMBER, "talk time of the participant"),
        Column("methods", Kind.TEXTS, "`Invitee`, `Attendee`"),
        extra_column(),
    ),
    _parties,
)

CALL_CONTEXT_OBJECTS = Table(
    "call_context_objects",
    "One row for each CRM object that Gong associates with a call or with one of its participants.",
    ("call_id", "party_id", "system", "object_type", "object_id", "timing"),
    (
        Column("call_id", Kind.TEXT, "Gong's id of the call"),
        Column("party_id", Kind.TEXT, "Gong's id of the participant; null for objects of the call"),
        Column("system", Kind.TEXT, "`Salesforce`, `HubSpot`, `MicrosoftDynamic` or `Generic`"),
        Column("object_type", Kind.TEXT, "`Account`, `Opportunity`, `Contact`, `Lead` or `User`"),
        Column("object_id", Kind.TEXT, "id in the CRM"),
        Column("name", Kind.TEXT, "name in the CRM"),
        Column("timing", Kind.TEXT, "`Now` or `TimeOfCall`"),
        Column("fields", Kind.JSON, "fields in the CRM, as a list of `name` and `value`"),
        extra_column(),
    ),
    _context,
)

CALL_TRACKERS = Table(
    "call_trackers",
    "One row for each tracker of a call.",
    ("call_id", "tracker_id"),
    (
        Column("call_id", Kind.TEXT, "Gong's id of the call"),
        Column("tracker_id", Kind.TEXT, "Gong's id of the tracker"),
        Column("tracker_name", Kind.TEXT, "its name"),
        Column("tracker_type", Kind.TEXT, "`KEYWORD` or `SMART`"),
        Column("mention_count", Kind.INTEGER, "how often it occurs in the call"),
        extra_column("occurrences and phrases, and Gong fields without a column"),
    ),
    _trackers,
)
