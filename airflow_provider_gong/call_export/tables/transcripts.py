"""The tables of transcripts: one row per sentence, and one document per call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from airflow_provider_gong.call_export.tables import schema
from airflow_provider_gong.call_export.tables.call import NOBODY, ExportedCall
from airflow_provider_gong.call_export.tables.fields import Fields, as_integer, as_text, names, objects
from airflow_provider_gong.call_export.tables.schema import Row, Table

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
        call.seconds,
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
        schema.text("call_id", "Gong's id of the call"),
        schema.integer("sentence_number", "number of the sentence in the call, from 0"),
        schema.integer("monologue_number", "number of the monologue in the call, from 0"),
        schema.text("speaker_id", "joins to `call_parties`"),
        schema.text("user_id", "Gong user id of the speaker"),
        schema.text("speaker_name", "name of the speaker"),
        schema.text("speaker_affiliation", "`Internal`, `External` or `Unknown`"),
        schema.text("topic", "topic of the monologue"),
        schema.integer("start_ms", "start, in milliseconds from the start of the call"),
        schema.integer("end_ms", "end, in milliseconds from the start of the call"),
        schema.text("text", "text of the sentence"),
        schema.extra_column(),
    ),
    _sentences,
    from_transcripts=True,
)

CALL_DOCUMENTS = Table(
    "call_documents",
    "One row for each call with a transcript, for search and language models.",
    ("call_id",),
    (
        schema.text("call_id", "Gong's id of the call"),
        schema.text("title", "its title"),
        schema.text("url", "its page in Gong"),
        schema.moment("started_datetime", "when it started"),
        schema.number("duration_seconds", "its duration"),
        schema.text("owner_id", "Gong user id of the host"),
        schema.text("owner_name", "name of the host"),
        schema.texts("participants", "the participants, such as `Dana Ortiz (Northwind)`"),
        schema.texts("account_ids", "CRM ids of the accounts"),
        schema.texts("opportunity_ids", "CRM ids of the opportunities"),
        schema.text("text", "transcript with a line for each turn: `Dana Ortiz (Northwind): ...`"),
        schema.json_column("turns", "the turns: `speaker`, `affiliation`, `start_ms`, `end_ms`, `text`"),
    ),
    _documents,
    from_transcripts=True,
)
