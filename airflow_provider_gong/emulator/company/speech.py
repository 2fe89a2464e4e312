"""What is said in a call: made up from the call's id, so that every answer about a call tells the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any, NamedTuple

from airflow_provider_gong.emulator.company.words import words

_SECONDS_PER_SENTENCE = 6.0
_MOST_SENTENCES = 240
_MOSTLY = 205
_FIRST, _LAST = "Introduction", "Next steps"


class Sentence(NamedTuple):
    """A sentence; times are milliseconds from the beginning of the call."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class Monologue:
    """Sentences of one party about one topic.

    :param party: the number of the party in what was posted.
    """

    party: int
    topic: str
    sentences: list[Sentence]

    @property
    def start(self) -> float:
        """When it begins, in seconds."""
        return self.sentences[0].start / 1000

    @property
    def end(self) -> float:
        """When it ends, in seconds."""
        return self.sentences[-1].end / 1000

    @property
    def duration(self) -> float:
        """Seconds."""
        return self.end - self.start


def _speech() -> Mapping[str, Sequence[Sequence[str]]]:
    speech: Mapping[str, Any] = words()["speech"]
    return speech


def talk(call_id: str, duration: float, ours: Sequence[int], theirs: Sequence[int]) -> list[Monologue]:
    """Return who says what.

    :param duration: seconds.
    :param ours: the numbers of the parties of the company; ``theirs`` those of the others.
    """
    random = Random(call_id)  # noqa: S311 (made-up data)
    count = max(2, min(_MOST_SENTENCES, int(duration / _SECONDS_PER_SENTENCE)))
    pace = 1000 * duration / count
    speakers = {"us": list(ours) or list(theirs), "them": list(theirs) or list(ours)}
    # One draw for all sentences: thousands of talks are made up for one request.
    chance = random.randbytes(2 * count)
    turns: list[Monologue] = []
    last: tuple[int, str] | None = None
    for number, (topic, side, text) in enumerate(_lines(random, count)):
        party = _speaker(speakers[side], chance[2 * number])
        if last != (party, topic):
            last = party, topic
            sentences: list[Sentence] = []
            turns.append(Monologue(party, topic, sentences))
        length = 0.7 + 0.28 * chance[2 * number + 1] / 255
        sentences.append(Sentence(int(number * pace), int((number + length) * pace), text))
    return turns


def _speaker(parties: Sequence[int], chance: int) -> int:
    # The first party of a side talks most.
    return parties[0] if chance < _MOSTLY else parties[chance % len(parties)]


def _lines(random: Random, count: int) -> Iterator[tuple[str, str, str]]:
    topics = list(_topics(random, count))
    lines = [(topic, side, text) for topic in topics for side, text in _speech()[topic]]
    # Short calls end with goodbye as well.
    yield from lines[: count - 2] + lines[-2:] if count < len(lines) else lines[:count]


def _topics(random: Random, count: int) -> Iterator[str]:
    middle = [topic for topic in _speech() if topic not in (_FIRST, _LAST)]
    rest = count - len(_speech()[_FIRST]) - len(_speech()[_LAST])
    yield _FIRST
    while rest > 0:
        topic = random.choice(middle)
        rest -= len(_speech()[topic])
        yield topic
    yield _LAST
