"""Answers of Gong that cost nothing to make: days of calls whose pages differ only in their ids."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx

_PAGE = 100
_WORDS = ["the", "we", "you", "price", "contract", "next", "week", "budget", "team", "call", "really", "about", "think"]
_MARK = "5550"
# What is in them: ids that begin with the mark, and the day.
_DAY = "2026-02-01"
_SENTENCE_MS = 5000


def template_calls(minutes: float) -> list[dict[str, Any]]:
    """Return a page of calls with all that Gong finds out about them."""
    return [_call(number, minutes) for number in range(_PAGE)]


def template_transcripts(minutes: float) -> list[dict[str, Any]]:
    """Return the transcripts of a page of calls; a sentence every five seconds."""
    return [_transcript(number, minutes) for number in range(_PAGE)]


class CannedGong(httpx.BaseTransport):
    """
    Gong with the same number of calls on each day.

    :param calls: on each day
    :param minutes: duration of each call
    """

    def __init__(self, calls: int, minutes: float) -> None:
        self._calls = calls
        self._details = json.dumps(template_calls(minutes)).encode()
        self._transcripts = json.dumps(template_transcripts(minutes)).encode()
        self._few = [json.dumps(call).encode() for call in template_calls(minutes)]
        self._few_transcripts = [json.dumps(row).encode() for row in template_transcripts(minutes)]
        self.requests = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests += 1
        body = json.loads(request.content)
        if request.url.path.endswith("/transcript"):
            return self._transcripts_of(body["filter"]["callIds"])
        day = body["filter"]["fromDateTime"][:10]
        number = int(body.get("cursor", 0))
        left = self._calls - number * _PAGE
        cursor = f',"cursor":"{number + 1}"' if left > _PAGE else ""
        head = f'{{"requestId":"r","records":{{"totalRecords":1{cursor}}},"calls":'.encode()
        calls = self._details if left >= _PAGE else b"[" + b",".join(self._few[:left]) + b"]"
        calls = calls.replace(_DAY.encode(), day.encode()).replace(_MARK.encode(), _prefix(day, number))
        return httpx.Response(200, content=head + calls + b"}")

    def _transcripts_of(self, call_ids: list[str]) -> httpx.Response:
        prefix = call_ids[0][:-3].encode()
        numbers = [int(call_id[-3:]) for call_id in call_ids]
        rows = self._transcripts
        if len(call_ids) < _PAGE:
            rows = b"[" + b",".join(self._few_transcripts[number] for number in numbers) + b"]"
        head = b'{"requestId":"r","records":{"totalRecords":1},"callTranscripts":'
        return httpx.Response(200, content=head + rows.replace(_MARK.encode(), prefix) + b"}")


def _prefix(day: str, page: int) -> bytes:
    return f"7{date.fromisoformat(day).toordinal()}{page:04}".encode()


def _call(number: int, minutes: float) -> dict[str, Any]:
    call_id = f"{_MARK}{number:03}"
    started = datetime.fromisoformat(_DAY).replace(tzinfo=UTC) + timedelta(minutes=number)
    chance = random.Random(number)
    return {
        "metaData": {
            "id": call_id,
            "url": f"https://us-1.app.gong.io/call?id={call_id}",
            "title": f"Review, {' '.join(chance.choices(_WORDS, k=4))}",
            "scheduled": started.isoformat(),
            "started": started.isoformat(),
            "duration": round(minutes * 60),
            "primaryUserId": str(400 + number % 20),
            "direction": "Conference",
            "system": "Zoom",
            "scope": "External",
            "media": "Video",
            "language": "eng",
            "workspaceId": "900",
            "isPrivate": False,
        },
        "parties": [_party(call_id, number, side) for side in (0, 1)],
        "content": {
            "brief": _text(chance, 60),
            "topics": [{"name": word, "duration": 100} for word in _WORDS[:6]],
            "trackers": [
                {"id": str(10 + i), "name": word, "count": i, "type": "KEYWORD"} for i, word in enumerate(_WORDS)
            ],
            "keyPoints": [{"text": _text(chance, 15)} for _ in range(5)],
            "outline": [{"section": word, "startTime": 1.0, "duration": 9.0, "items": []} for word in _WORDS[:6]],
        },
        "interaction": {
            "speakers": [{"id": f"{call_id}{side}", "talkTime": 300.0} for side in (0, 1)],
            "interactionStats": [{"name": "Talk Ratio", "value": 0.5}],
            "questions": {"companyCount": 7, "nonCompanyCount": 4},
        },
    }


def _party(call_id: str, number: int, side: int) -> dict[str, Any]:
    person = {"id": f"{call_id}8{side}", "speakerId": f"{call_id}{side}", "name": f"Person {number} {side}"}
    return {**person, "affiliation": ("Internal", "External")[side], "emailAddress": f"p{number}@example.com"}


def _transcript(number: int, minutes: float) -> dict[str, Any]:
    call_id = f"{_MARK}{number:03}"
    chance = random.Random(number)
    sentences = [
        {"start": at * _SENTENCE_MS, "end": at * _SENTENCE_MS + 4000, "text": _text(chance, 20)}
        for at in range(round(minutes * 60_000 / _SENTENCE_MS))
    ]
    turns = [sentences[at : at + 4] for at in range(0, len(sentences), 4)]
    monologues = [
        {"speakerId": f"{call_id}{turn % 2}", "topic": None, "sentences": said} for turn, said in enumerate(turns)
    ]
    return {"callId": call_id, "transcript": monologues}


def _text(chance: random.Random, words: int) -> str:
    return " ".join(chance.choices(_WORDS, k=words))
