"""Gong's analysis of a conversation, derived from what is said in the call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from itertools import groupby, pairwise
from typing import Any

from airflow_provider_gong.emulator.company.records import Call, User
from airflow_provider_gong.emulator.company.speech import Monologue, talk
from airflow_provider_gong.emulator.state import Emulator
from airflow_provider_gong.emulator.world.times import wire_time

FIGURES = ("Talk Ratio", "Longest Monologue", "Longest Customer Story", "Interactivity", "Patience")
COMMENTED_CALLS = 3
_SECONDS_PER_HOUR = 3_600


class Conversation:
    """The conversation of a call."""

    def __init__(self, emulator: Emulator, call: Call) -> None:
        self._emulator = emulator
        self._call = call

    @cached_property
    def _posted(self) -> Mapping[str, Any]:
        return self._call.posted

    @cached_property
    def _users(self) -> list[User | None]:
        return list(map(self._emulator.users.of_party, self._posted["parties"]))

    @cached_property
    def monologues(self) -> list[Monologue]:
        """What is said."""
        ours = [number for number, user in enumerate(self._users) if user]
        theirs = [number for number, user in enumerate(self._users) if not user]
        duration = self._call.media.duration if self._call.media else 0.0
        analysis = f"{self._call.id}/{self._call.analyses}" if self._call.analyses else self._call.id
        return talk(analysis, duration, ours, theirs)

    @cached_property
    def speaker_ids(self) -> list[str]:
        """The ids that link the parties to the transcript."""
        return [self._emulator.new_id("speaker", f"{self._call.id}/{party}") for party in range(len(self._users))]

    def _is_ours(self, monologue: Monologue) -> bool:
        return self._users[monologue.party] is not None

    @cached_property
    def _sections(self) -> list[tuple[str, list[Monologue]]]:
        return [(topic, list(found)) for topic, found in groupby(self.monologues, key=lambda said: said.topic)]

    def content(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the block ``content``."""
        found = {
            "structure": self._structure,
            "topics": self._topics,
            "trackers": lambda: self._trackers(occurrences=bool(wanted.get("trackerOccurrences"))),
            "brief": self._brief,
            "outline": self._outline,
            "highlights": self._highlights,
            "callOutcome": self._outcome,
            "keyPoints": self._key_points,
        }
        blocks = {name: make() for name, make in found.items() if wanted.get(name)}
        return {name: block for name, block in blocks.items() if block is not None}

    def _structure(self) -> list[dict[str, Any]]:
        return [{"name": topic, "duration": round(found[-1].end - found[0].start)} for topic, found in self._sections]

    def _topics(self) -> list[dict[str, Any]]:
        durations: dict[str, int] = {}
        for part in self._structure():
            durations[part["name"]] = durations.get(part["name"], 0) + part["duration"]
        return [{"name": name, "duration": duration} for name, duration in durations.items()]

    def _trackers(self, *, occurrences: bool) -> list[dict[str, Any]]:
        workspace = self._call.workspace_id
        trackers = [tracker for tracker in self._emulator.seeded["trackers"] if tracker["workspaceId"] == workspace]
        return [self._tracker(tracker, occurrences=occurrences) for tracker in trackers]

    def _tracker(self, tracker: Mapping[str, Any], *, occurrences: bool) -> dict[str, Any]:
        phrases = (phrase for keywords in tracker["languageKeywords"] for phrase in keywords["keywords"])
        said = [phrase for phrase in map(self._phrase, phrases) if phrase["count"]]
        found = {
            "id": tracker["trackerId"],
            "name": tracker["trackerName"],
            "count": sum(phrase["count"] for phrase in said),
            "type": "KEYWORD",
        }
        if not occurrences:
            return {**found, "occurrences": [], "phrases": []}
        every = sorted((place for phrase in said for place in phrase["occurrences"]), key=lambda at: at["startTime"])
        return {**found, "occurrences": every, "phrases": said}

    @cached_property
    def _places(self) -> dict[str, list[dict[str, Any]]]:
        """Where each sentence is said; a few sentences are repeated."""
        places: dict[str, list[dict[str, Any]]] = {}
        for monologue in self.monologues:
            speaker = self.speaker_ids[monologue.party]
            for sentence in monologue.sentences:
                place = {"startTime": sentence.start / 1000, "speakerId": speaker}
                places.setdefault(sentence.text, []).append(place)
        return places

    def _phrase(self, phrase: str) -> dict[str, Any]:
        said = phrase.lower()
        found = [place for text, places in self._places.items() if said in text.lower() for place in places]
        found.sort(key=lambda place: place["startTime"])
        return {"phrase": phrase, "count": len(found), "occurrences": found}

    def _brief(self) -> str:
        names = [party.get("name") or party.get("emailAddress") or "somebody" for party in self._posted["parties"]]
        topics = ", ".join(topic["name"].lower() for topic in self._topics())
        again = f" Analyzed again, {self._call.analyses + 1} times in all." if self._call.analyses else ""
        return f"{' and '.join(names)} talked about: {topics}.{again}"

    def _outline(self) -> list[dict[str, Any]]:
        return [
            {
                "section": topic,
                "startTime": found[0].start,
                "duration": round(found[-1].end - found[0].start, 3),
                "items": [{"text": said.sentences[0].text, "startTime": said.start} for said in found[:3]],
            }
            for topic, found in self._sections
        ]

    def _highlights(self) -> list[dict[str, Any]]:
        topic, found = self._sections[-1]
        items = [{"text": said.sentences[0].text, "startTimes": [said.start]} for said in found[:3]]
        return [{"title": topic, "items": items}]

    def _key_points(self) -> list[dict[str, str]]:
        return [{"text": found[-1].sentences[-1].text} for _, found in self._sections]

    def _outcome(self) -> dict[str, str] | None:
        name = self._posted.get("disposition")
        if not name:
            return None
        known = {outcome["callOutcome"]: outcome["category"] for outcome in self._emulator.seeded["outcomes"]}
        category = "Not answered" if known.get(name) == "NOT_ANSWERED" else "Answered"
        return {"id": name.upper().replace(" ", "_"), "category": category, "name": name}

    def interaction(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the block ``interaction``; imported calls have no video."""
        found = {
            "speakers": ("speakers", self._speakers),
            "personInteractionStats": ("interactionStats", self.interaction_stats),
            "questions": ("questions", self._questions),
        }
        return {name: make() for flag, (name, make) in found.items() if wanted.get(flag)}

    def talk_times(self) -> list[float]:
        """Return how long each party talks, in seconds."""
        times = [0.0] * len(self._posted["parties"])
        for monologue in self.monologues:
            times[monologue.party] += monologue.duration
        return times

    def _speakers(self) -> list[dict[str, Any]]:
        speakers = []
        for party, (seconds, user) in enumerate(zip(self.talk_times(), self._users, strict=True)):
            speaker = {"id": self.speaker_ids[party], "talkTime": round(seconds, 3)}
            speakers.append({**speaker, "userId": user.id} if user else speaker)
        return speakers

    def interaction_stats(self) -> list[dict[str, Any]]:
        """Return the figures about the host's side of the conversation."""
        return [{"name": name, "value": value} for name, value in zip(FIGURES, self.figures(), strict=True)]

    def figures(self) -> tuple[float, ...]:
        """Return the values of :data:`FIGURES`, computed once per call."""
        if self._call.figures is None:
            self._call.figures = tuple(round(value, 2) for value in self._figures())
        return self._call.figures

    def _figures(self) -> Iterable[float]:
        spans = [(self._is_ours(said), said.start, said.end) for said in self.monologues]
        ours = [end - start for is_ours, start, end in spans if is_ours]
        theirs = [end - start for is_ours, start, end in spans if not is_ours]
        hours = (spans[-1][2] or 1.0) / _SECONDS_PER_HOUR
        turns = sum(one.party != other.party for one, other in pairwise(self.monologues))
        gaps = [other[1] - one[2] for one, other in pairwise(spans) if other[0]]
        yield sum(ours) / (sum(ours) + sum(theirs) or 1.0)
        yield max(ours, default=0.0)
        yield max(theirs, default=0.0)
        yield min(10.0, turns / hours / 30)
        yield sum(gaps) / len(gaps) if gaps else 0.0

    def _questions(self) -> dict[str, int]:
        ours = [
            self._is_ours(said)
            for said in self.monologues
            for sentence in said.sentences
            if sentence.text.endswith("?")
        ]
        return {"companyCount": sum(ours), "nonCompanyCount": len(ours) - sum(ours)}

    def collaboration(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Return the block ``collaboration``: a manager comments on some calls."""
        comments = self.comments() if wanted.get("publicComments") else []
        return {"publicComments": comments} if comments else {}

    def comments(self) -> list[dict[str, Any]]:
        """Return the comments on the call."""
        commenter_id = manager_of(self._emulator, self._call, COMMENTED_CALLS)
        if commenter_id is None:
            return []
        said = self.monologues[0]
        return [
            {
                "id": self._emulator.new_id("comment", self._call.id),
                "audioStartTime": said.start,
                "audioEndTime": said.end,
                "commenterUserId": commenter_id,
                "comment": "Good opening, keep asking like this.",
                "posted": wire_time(self._emulator, self._call.started + 7_200),
                "duringCall": False,
            }
        ]


def manager_of(emulator: Emulator, call: Call, every: int) -> str | None:
    """
    Return the id of the host's manager for a share of the calls.

    :param every: one of how many calls the manager hears
    """
    host = emulator.users.get(call.primary_user_id)
    return None if host is None or int(call.id) % every else host.manager_id
