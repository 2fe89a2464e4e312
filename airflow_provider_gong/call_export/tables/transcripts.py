"""The tables of transcripts: one row per sentence, and one document per call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from airflow_provider_gong.call_export.tables.call import NOBODY, ExportedCall
from airflow_provider_gong.call_export.tables.fields import Fields, as_integer, as_number, as_text, names, objects
from airflow_provider_gong.call_export.tables.schema import Column, Kind, Row, Table, extra_column

_SENTENCE = names("start", "end", "text")
_PLAIN = (int, int, str, type(None))
_SOMEBODY = "Unknown speaker"


def _sentences(call: ExportedCall) -> list[Row]:
    rows: list[Row] = []
    for turn, monologue in enumerate(call.monologues):
        fields = Fields(monologue, "transcript", call.unknown)
        speaker_id = fields.text("speakerId")
        who = call.speakers.get(speaker_id or "", NOBODY)
        before = (speaker_id, who.user_id, who.name, who.affiliation, fields.text("topic"))
        sentences = objects(fields.take("sentences"))
        more = fields.rest()
        for sentence in sentences:
            said: Row = (sentence.get("start"), sentence.get("end"), sentence.get("text"), None)
            # There are hundreds of sentences for each call, and nearly none is odd.
            if more or len(sentence) != len(_SENTENCE) or tuple(map(type, said)) != _PLAIN:
                said = _odd(sentence, more, call.unknown)
            rows.append((call.call_id, len(rows), turn, *before, *said))
    return rows


def _odd(sentence: Mapping[str, Any], more: Mapping[str, Any], unknown: Counter[str]) -> Row:
    fields = Fields(sentence, "transcript.sentences", unknown)
    values = (fields.integer("start"), fields.integer("end"), fields.text("text"))
    return (*values, {**more, **fields.rest(_SENTENCE)} or None)


def _documents(call: ExportedCall) -> list[Row]:
    if call.transcript is None:
        return []
    turns = list(_turns(call))
    _, owner = call.owner
    row = (
        call.call_id,
        as_text(call.meta.get("title")),
        as_text(call.meta.get("url")),
        call.started,
        as_number(call.meta.get("duration")),
        call.owner_id or None,
        owner.name,
        [person.label for _, person in call.people if person.label],
        call.crm_ids("Account"),
        call.crm_ids("Opportunity"),
        "\n".join(f"{turn['speaker']}: {turn['text']}" for turn in turns),
        turns,
    )
    return [row]


def _turns(call: ExportedCall) -> Iterable[dict[str, Any]]:
    """Yield turns: what one speaker says until another one speaks."""
    monologues = [monologue for monologue in call.monologues if objects(monologue.get("sentences"))]
    for speaker_id, said in groupby(monologues, key=lambda monologue: as_text(monologue.get("speakerId"))):
        who = call.speakers.get(speaker_id or "", NOBODY)
        sentences = [sentence for monologue in said for sentence in objects(monologue["sentences"])]
        yield {
            "speaker": who.label or _SOMEBODY,
            "affiliation": who.affiliation,
            "start_ms": as_integer(sentences[0].get("start")),
            "end_ms": as_integer(sentences[-1].get("end")),
            "text": " ".join(
                [text if type(text := sentence.get("text")) is str else as_text(text) or "" for sentence in sentences]
            ),
        }


TRANSCRIPT_SENTENCES = Table(
    "transcript_sentences",
    "One row for each sentence of a transcript.",
    ("call_id", "sentence_number"),
    (
        Column("call_id", Kind.TEXT, "Gong's id of the call"),
        Column("sentence_number", Kind.INTEGER, "number of the sentence in the call, from 0"),
        Column("monologue_number", Kind.INTEGER, "number of the monologue in the call, from 0"),
        Column("speaker_id", Kind.TEXT, "joins to `call_parties`"),
        Column("user_id", Kind.TEXT, "Gong user id of the speaker"),
        Column("speaker_name", Kind.TEXT, "name of the speaker"),
        Column("speaker_affiliation", Kind.TEXT, "`Internal`, `External` or `Unknown`"),
        Column("topic", Kind.TEXT, "topic of the monologue"),
        Column("start_ms", Kind.INTEGER, "start, in milliseconds from the start of the call"),
        Column("end_ms", Kind.INTEGER, "end, in milliseconds from the start of the call"),
        Column("text", Kind.TEXT, "text of the sentence"),
        extra_column(),
    ),
    _sentences,
    from_transcripts=True,
)

CALL_DOCUMENTS = Table(
    "call_documents",
    "One row for each call with a transcript, for search and language models.",
    ("call_id",),
    (
        Column("call_id", Kind.TEXT, "Gong's id of the call"),
        Column("title", Kind.TEXT, "its title"),
        Column("url", Kind.TEXT, "its page in Gong"),
        Column("started_datetime", Kind.MOMENT, "when it started"),
        Column("duration_seconds", Kind.NUMBER, "its duration"),
        Column("owner_id", Kind.TEXT, "Gong user id of the host"),
        Column("owner_name", Kind.TEXT, "name of the host"),
        Column("participants", Kind.TEXTS, "the participants, such as `Dana Ortiz (Northwind)`"),
        Column("account_ids", Kind.TEXTS, "CRM ids of the accounts"),
        Column("opportunity_ids", Kind.TEXTS, "CRM ids of the opportunities"),
        Column("text", Kind.TEXT, "transcript with a line for each turn: `Dana Ortiz (Northwind): ...`"),
        Column("turns", Kind.JSON, "the turns: `speaker`, `affiliation`, `start_ms`, `end_ms`, `text`"),
    ),
    _documents,
    from_transcripts=True,
)
