"""The table of calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.call_export.tables.call import ExportedCall, is_plain_context
from airflow_provider_gong.call_export.tables.fields import Fields, as_number, as_text, names, objects
from airflow_provider_gong.call_export.tables.participants import is_plain_speaker
from airflow_provider_gong.call_export.tables.schema import Column, Kind, Row, Table, extra_column

# In Gong's reference, and kept in ``extra``.
_KNOWN_CONTENT = names(
    structure=names("name", "duration"),
    outline=names("section", "startTime", "duration", items=names("text", "startTime")),
    highlights=names("title", items=names("text", "startTimes")),
    topics=names("name", "duration"),
    keyPoints=names("text"),
    callOutcome=names("id"),
)
_KNOWN_INTERACTION = names(
    interactionStats=names("name", "value"),
    video=names("name", "duration"),
    speakers=names("id", "userId", "talkTime"),
    questions=names(),
)
_COMMENT = ("id", "audioStartTime", "audioEndTime", "commenterUserId", "comment", "posted", "inReplyTo", "duringCall")
_KNOWN_BLOCKS = names(
    collaboration=names(publicComments=names(*_COMMENT)),
    context=names("objects", "system"),
)
# Separate tables, and signed URLs, which change on every read and must not be kept.
_ELSEWHERE = ("metaData", "parties", "media")
_NEXT_STEPS = "next steps"
# Gong returns a raw storage URL for imported recordings, which nobody can open.
_IMPORTED = "Upload API"

_STATS = ("Talk Ratio", "Longest Monologue", "Longest Customer Story", "Interactivity", "Patience")


def _rows(call: ExportedCall) -> list[Row]:
    meta = Fields(call.data.get("metaData"), "metaData", call.unknown)
    content = Fields(call.data.get("content"), "content", call.unknown)
    interaction = Fields(call.data.get("interaction"), "interaction", call.unknown)
    party, owner = call.owner
    outcome, questions = content.inner("callOutcome"), interaction.inner("questions")
    system = meta.text("system")
    meeting_url = meta.text("meetingUrl")
    row: Row = (
        meta.text("id"),
        meta.text("title"),
        meta.text("url"),
        meta.moment("started"),
        meta.moment("scheduled"),
        meta.number("duration"),
        meta.text("primaryUserId"),
        owner.name,
        as_text(party.get("emailAddress")),
        meta.text("workspaceId"),
        meta.text("direction"),
        meta.text("scope"),
        system,
        meta.text("media"),
        meta.text("language"),
        meta.flag("isPrivate"),
        meta.text("purpose"),
        meta.text("sdrDisposition"),
        outcome.text("name"),
        outcome.text("category"),
        *_stats(interaction),
        questions.integer("companyCount"),
        questions.integer("nonCompanyCount"),
        content.text("brief"),
        _texts(content, "keyPoints"),
        _next_steps(content),
        _names(content, "topics"),
        call.crm_ids("Account"),
        call.crm_ids("Opportunity"),
        "missing" if call.transcript is None else "present",
        None if system == _IMPORTED else meeting_url,
        meta.text("calendarEventId"),
        meta.text("clientUniqueId"),
        meta.text("customData"),
        _extra(call, meta, content, interaction),
    )
    return [row]


def _stats(interaction: Fields) -> list[float | None]:
    stats = objects(interaction.look("interactionStats"))
    values = {as_text(stat.get("name")): as_number(stat.get("value")) for stat in stats}
    interaction.take_objects("interactionStats", _is_plain_stat)
    return [values.get(name) for name in _STATS]


def _is_plain_stat(stat: Mapping[str, Any]) -> bool:
    return stat.get("name") in _STATS and as_number(stat.get("value")) is not None and len(stat) == 2


def _texts(content: Fields, name: str) -> list[str] | None:
    """Take a list of objects with a single text field."""
    items = objects(content.look(name))
    if not all(isinstance(item.get("text"), str) for item in items):
        return None
    if all(len(item) == 1 for item in items):
        content.take(name)
    return [item["text"] for item in items]


def _next_steps(content: Fields) -> list[str] | None:
    sections = objects(content.look("highlights"))
    items = [
        item
        for section in sections
        if str(section.get("title", "")).lower() == _NEXT_STEPS
        for item in objects(section.get("items"))
    ]
    return [text for item in items if (text := as_text(item.get("text")))]


def _names(content: Fields, name: str) -> list[str] | None:
    # Durations stay in ``extra``.
    return [text for item in objects(content.look(name)) if (text := as_text(item.get("name")))]


def _extra(call: ExportedCall, meta: Fields, content: Fields, interaction: Fields) -> dict[str, Any] | None:
    # Trackers have their own table; talk times are in the table of parties.
    content.take("trackers")
    interaction.take_objects("speakers", is_plain_speaker)
    others = Fields(call.data, "", call.unknown)
    others.take_objects("context", is_plain_context)
    for name in (*_ELSEWHERE, "content", "interaction"):
        others.take(name)
    blocks = {
        "metaData": meta.rest(),
        "content": content.rest(_KNOWN_CONTENT),
        "interaction": interaction.rest(_KNOWN_INTERACTION),
        "callTranscripts": _of_transcript(call),
        **others.rest(_KNOWN_BLOCKS),
    }
    return {name: block for name, block in blocks.items() if block} or None


def _of_transcript(call: ExportedCall) -> dict[str, Any]:
    fields = Fields(call.transcript, "callTranscripts", call.unknown)
    for name in ("callId", "transcript"):
        fields.take(name)
    return fields.rest()


CALLS = Table(
    "calls",
    "One row for each call.",
    ("call_id",),
    (
        Column("call_id", Kind.TEXT, "Gong's id of the call"),
        Column("title", Kind.TEXT, "its title"),
        Column("url", Kind.TEXT, "page of the call in Gong"),
        Column("started_datetime", Kind.MOMENT, "start of the call"),
        Column("scheduled_datetime", Kind.MOMENT, "scheduled start"),
        Column("duration_seconds", Kind.NUMBER, "duration as measured by Gong"),
        Column("owner_id", Kind.TEXT, "Gong user id of the host"),
        Column("owner_name", Kind.TEXT, "name of the host"),
        Column("owner_email_address", Kind.TEXT, "e-mail address of the host"),
        Column("workspace_id", Kind.TEXT, "id of the workspace"),
        Column("direction", Kind.TEXT, "`Inbound`, `Outbound`, `Conference` or `Unknown`"),
        Column("scope", Kind.TEXT, "`Internal`, `External` or `Unknown`"),
        Column("system", Kind.TEXT, "system that recorded the call"),
        Column("media_type", Kind.TEXT, "`Audio` or `Video`"),
        Column("language", Kind.TEXT, "language, as ISO 639-2/B"),
        Column("is_private", Kind.FLAG, "whether the call is private"),
        Column("purpose", Kind.TEXT, "its purpose"),
        Column("disposition", Kind.TEXT, "disposition of the sales development representative"),
        Column("outcome", Kind.TEXT, "outcome of the call"),
        Column("outcome_category", Kind.TEXT, "category of the outcome"),
        Column("talk_ratio", Kind.NUMBER, "host side's share of talk time, from 0 to 1"),
        Column("longest_monologue_seconds", Kind.NUMBER, "longest monologue of the host's side"),
        Column("longest_customer_story_seconds", Kind.NUMBER, "longest monologue of the other side"),
        Column("interactivity", Kind.NUMBER, "Gong's measure of how often the speakers change"),
        Column("patience_seconds", Kind.NUMBER, "how long the host pauses before answering"),
        Column("company_question_count", Kind.INTEGER, "questions asked by the company's side"),
        Column("non_company_question_count", Kind.INTEGER, "questions asked by the other side"),
        Column("brief", Kind.TEXT, "Gong's summary"),
        Column("key_points", Kind.TEXTS, "Gong's key points"),
        Column("next_steps", Kind.TEXTS, "next steps listed in Gong's highlights"),
        Column("topics", Kind.TEXTS, "names of the topics (durations are in `extra`)"),
        Column("account_ids", Kind.TEXTS, "CRM ids of the accounts"),
        Column("opportunity_ids", Kind.TEXTS, "CRM ids of the opportunities"),
        Column("transcript_status", Kind.TEXT, "`present` or `missing` when the day was read"),
        Column("meeting_url", Kind.TEXT, "URL of the web conference"),
        Column("calendar_event_id", Kind.TEXT, "id of the calendar event"),
        Column("client_unique_id", Kind.TEXT, "id in the recording system, for imported calls"),
        Column("custom_data", Kind.TEXT, "`customData` of an imported call"),
        extra_column("outline, structure, highlights, comments, and Gong fields without a column"),
    ),
    _rows,
)
