"""What is said in a call, generated from the call's id, so all answers about a call agree."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

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
    """
    Sentences of one party about one topic.

    :param party: the number of the party in what was posted
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


@cache
def words() -> Mapping[str, Any]:
    """Return names, titles and sentences for generated companies, by what they are for."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
    return found


def talk(analysis: str, duration: float, ours: Sequence[int], theirs: Sequence[int]) -> list[Monologue]:
    """
    Return who says what.

    :param analysis: names the call and which analysis of it this is
    :param duration: seconds
    :param ours: the numbers of the parties of the company; ``theirs`` those of the others
    """
    random = Random(analysis)  # noqa: S311 (made-up data)
    count = max(2, min(_MOST_SENTENCES, int(duration / _SECONDS_PER_SENTENCE)))
    pace = 1000 * duration / count
    speakers = {"us": list(ours) or list(theirs), "them": list(theirs) or list(ours)}
    # One draw for all sentences: thousands of talks are made up for one request.
    chance = random.randbytes(2 * count)
    lines = list(_lines(random, count))
    parties = [_speaker(speakers[side], drawn) for (_, side, _), drawn in zip(lines, chance[::2], strict=True)]
    starts = [int(number * pace) for number in range(count)]
    ends = [int((number + 0.7 + 0.28 * drawn / 255) * pace) for number, drawn in enumerate(chance[1::2])]
    sentences = list(map(Sentence._make, zip(starts, ends, (text for _, _, text in lines), strict=True)))
    # Whoever goes on about the same topic goes on with the same monologue.
    turns = [(party, topic) for party, (topic, _, _) in zip(parties, lines, strict=True)]
    begins = [0, *(number for number in range(1, count) if turns[number] != turns[number - 1]), count]
    return [Monologue(*turns[begin], sentences[begin:end]) for begin, end in pairwise(begins)]


def _speaker(parties: Sequence[int], chance: int) -> int:
    # The first party of a side talks most.
    return parties[0] if chance < _MOSTLY else parties[chance % len(parties)]


def _lines(random: Random, count: int) -> Iterator[tuple[str, str, str]]:
    topics = list(_topics(random, count))
    lines = [(topic, side, text) for topic in topics for side, text in words()["speech"][topic]]
    # Short calls end with goodbye as well.
    yield from lines[: count - 2] + lines[-2:] if count < len(lines) else lines[:count]


def _topics(random: Random, count: int) -> Iterator[str]:
    middle = [topic for topic in words()["speech"] if topic not in (_FIRST, _LAST)]
    rest = count - len(words()["speech"][_FIRST]) - len(words()["speech"][_LAST])
    yield _FIRST
    while rest > 0:
        topic = random.choice(middle)
        rest -= len(words()["speech"][topic])
        yield topic
    yield _LAST
