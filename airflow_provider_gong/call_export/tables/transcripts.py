"""The tables of transcripts: one row per sentence, and one document per call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

from airflow_provider_gong.call_export.tables import schema
from airflow_provider_gong.call_export.tables.call import NOBODY, ExportedCall, Person
from airflow_provider_gong.call_export.tables.fields import Fields
from airflow_provider_gong.call_export.tables.schema import Row, Table

_MONOLOGUE = frozenset({"speakerId", "topic", "sentences"})
_SENTENCE = frozenset({"start", "end", "text"})
_SOMEBODY = "Unknown speaker"


def _sentences(call: ExportedCall) -> list[Row]:
    rows: list[Row] = []
    call_id, speakers = call.call_id, call.speakers
    for turn, monologue in enumerate(call.monologues or ()):
        speaker_id = monologue.get("speakerId")
        speaker_id = None if speaker_id is None else str(speaker_id)
        who = speakers.get(speaker_id or "", NOBODY)
        before = (speaker_id, who.user_id, who.name, who.affiliation, monologue.get("topic"))
        more = _untaken(monologue, _MONOLOGUE, "transcript", call.unknown)
        for sentence in monologue.get("sentences") or ():
            extra = more
            if not sentence.keys() <= _SENTENCE:
                extra = {**(more or {}), **(_untaken(sentence, _SENTENCE, "transcript.sentences", call.unknown) or {})}
            said = (sentence.get("start"), sentence.get("end"), sentence.get("text"))
            rows.append((call_id, len(rows), turn, *before, *said, extra))
    return rows


def _untaken(
    block: Mapping[str, Any], taken: frozenset[str], path: str, unknown: Counter[str]
) -> dict[str, Any] | None:
    if block.keys() <= taken:
        return None
    fields = Fields(block, path, unknown)
    for name in taken:
        fields.take(name)
    return fields.rest() or None


def _documents(call: ExportedCall) -> list[Row]:
    if call.monologues is None:
        return []
    turns = list(_turns(call))
    _, owner = call.owner
    row = (
        call.call_id,
        call.meta.get("title"),
        call.meta.get("url"),
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
    monologues = [monologue for monologue in call.monologues or () if monologue.get("sentences")]
    for speaker_id, said in groupby(monologues, key=lambda monologue: str(monologue.get("speakerId"))):
        who = call.speakers.get(speaker_id, NOBODY)
        sentences = [sentence for monologue in said for sentence in monologue["sentences"]]
        yield {
            "speaker": _label(who),
            "affiliation": who.affiliation,
            "start_ms": sentences[0].get("start"),
            "end_ms": sentences[-1].get("end"),
            "text": " ".join([sentence.get("text") or "" for sentence in sentences]),
        }


def _label(who: Person) -> str:
    return who.label or _SOMEBODY


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
