"""What is said in a call: made up from the call's id, so that every answer about a call tells the same."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from airflow_provider_gong.emulator.seeds.words import words

_SECONDS_PER_SENTENCE = 6.0
_MOST_SENTENCES = 240
_FIRST, _LAST = "Introduction", "Next steps"


@dataclass(frozen=True)
class Sentence:
    """A sentence; times are seconds from the beginning of the call."""

    start: float
    end: float
    text: str


@dataclass(frozen=True)
class Monologue:
    """Sentences of one party about one topic.

    :param party: the number of the party in what was posted.
    """

    party: int
    topic: str
    sentences: tuple[Sentence, ...]

    @property
    def start(self) -> float:
        """When it begins."""
        return self.sentences[0].start

    @property
    def end(self) -> float:
        """When it ends."""
        return self.sentences[-1].end

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
    pace = duration / count
    speakers = {"us": list(ours) or list(theirs), "them": list(theirs) or list(ours)}
    turns: list[Monologue] = []
    for number, (topic, side, text) in enumerate(_lines(random, count)):
        party = speakers[side][0] if random.random() < 0.8 else random.choice(speakers[side])
        sentence = Sentence(round(number * pace, 3), round((number + random.uniform(0.7, 0.98)) * pace, 3), text)
        if turns and (turns[-1].party, turns[-1].topic) == (party, topic):
            turns[-1] = Monologue(party, topic, (*turns[-1].sentences, sentence))
        else:
            turns.append(Monologue(party, topic, (sentence,)))
    return turns


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
