"""The table of calls."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.call_export.tables import schema
from airflow_provider_gong.call_export.tables.call import ExportedCall, is_plain_context
from airflow_provider_gong.call_export.tables.fields import Fields, as_number, as_text, names, objects
from airflow_provider_gong.call_export.tables.participants import is_plain_speaker
from airflow_provider_gong.call_export.tables.schema import Row, Table

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
        *_outcome(content),
        *_stats(interaction),
        *_questions(interaction),
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


def _outcome(content: Fields) -> tuple[str | None, str | None]:
    outcome = content.inner("callOutcome")
    return outcome.text("name"), outcome.text("category")


def _stats(interaction: Fields) -> list[float | None]:
    stats = objects(interaction.look("interactionStats"))
    values = {as_text(stat.get("name")): as_number(stat.get("value")) for stat in stats}
    interaction.take_objects("interactionStats", _is_plain_stat)
    return [values.get(name) for name in _STATS]


def _is_plain_stat(stat: Mapping[str, Any]) -> bool:
    return stat.get("name") in _STATS and as_number(stat.get("value")) is not None and len(stat) == 2


def _questions(interaction: Fields) -> tuple[int | None, int | None]:
    questions = interaction.inner("questions")
    return questions.integer("companyCount"), questions.integer("nonCompanyCount")


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
        schema.text("call_id", "Gong's id of the call"),
        schema.text("title", "its title"),
        schema.text("url", "page of the call in Gong"),
        schema.moment("started_datetime", "start of the call"),
        schema.moment("scheduled_datetime", "scheduled start"),
        schema.number("duration_seconds", "duration as measured by Gong"),
        schema.text("owner_id", "Gong user id of the host"),
        schema.text("owner_name", "name of the host"),
        schema.text("owner_email_address", "e-mail address of the host"),
        schema.text("workspace_id", "id of the workspace"),
        schema.text("direction", "`Inbound`, `Outbound`, `Conference` or `Unknown`"),
        schema.text("scope", "`Internal`, `External` or `Unknown`"),
        schema.text("system", "system that recorded the call"),
        schema.text("media_type", "`Audio` or `Video`"),
        schema.text("language", "language, as ISO 639-2/B"),
        schema.flag("is_private", "whether the call is private"),
        schema.text("purpose", "its purpose"),
        schema.text("disposition", "disposition of the sales development representative"),
        schema.text("outcome", "outcome of the call"),
        schema.text("outcome_category", "category of the outcome"),
        schema.number("talk_ratio", "host side's share of talk time, from 0 to 1"),
        schema.number("longest_monologue_seconds", "longest monologue of the host's side"),
        schema.number("longest_customer_story_seconds", "longest monologue of the other side"),
        schema.number("interactivity", "Gong's measure of how often the speakers change"),
        schema.number("patience_seconds", "how long the host pauses before answering"),
        schema.integer("company_question_count", "questions asked by the company's side"),
        schema.integer("non_company_question_count", "questions asked by the other side"),
        schema.text("brief", "Gong's summary"),
        schema.texts("key_points", "Gong's key points"),
        schema.texts("next_steps", "next steps listed in Gong's highlights"),
        schema.texts("topics", "names of the topics (durations are in `extra`)"),
        schema.texts("account_ids", "CRM ids of the accounts"),
        schema.texts("opportunity_ids", "CRM ids of the opportunities"),
        schema.text("transcript_status", "`present` or `missing` when the day was read"),
        schema.text("meeting_url", "URL of the web conference"),
        schema.text("calendar_event_id", "id of the calendar event"),
        schema.text("client_unique_id", "id in the recording system, for imported calls"),
        schema.text("custom_data", "`customData` of an imported call"),
        schema.extra_column("outline, structure, highlights, comments, and Gong fields without a column"),
    ),
    _rows,
)
