"""The clusters of a Matroska file: when their sound begins and ends."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from airflow_provider_gong.call_import.recordings.findings import (
    ENOUGH_SECONDS,
    SLACK_SECONDS,
    Length,
    between,
    exactly,
)
from airflow_provider_gong.call_import.recordings.matroska.elements import (
    BLOCK_GROUP,
    CLUSTER,
    SEGMENT,
    Element,
    content,
    element_at,
    number,
    vint_length,
)
from airflow_provider_gong.call_import.recordings.reading import Reader

# Ids of elements: RFC 9559, 5.
_TIMESTAMP = 0xE7
_BLOCKS = frozenset({0xA3, 0xA1})
# Their content is read like what follows them, so it does not matter where they end.
_OPEN = frozenset({CLUSTER, BLOCK_GROUP})
_BLOCK_HEAD = 10
# Contains the beginning of a cluster in most files.
_TAIL = 64 * 1024
# Half a minute of the shortest packets of Opus would be 12,000.
_MAX_ELEMENTS = 50_000


@dataclass(slots=True)
class _Sound:
    """
    The blocks of sound that were found.

    :param times: when they begin, in units of the segment
    :param cluster: where the cluster with the last one begins
    :param is_whole: whether there are no others
    """

    times: list[int] = field(default_factory=list)
    cluster: int = 0
    is_whole: bool = False

    @property
    def units(self) -> int:
        """Time from the first to the last one."""
        return self.times[-1] - self.times[0] if self.times else 0


class Stream:
    """
    Clusters of blocks.

    :param reader: reads the recording
    :param sounds: numbers of the tracks with sound
    :param unit: seconds per unit of time
    :param end: where the last cluster ends
    """

    def __init__(self, reader: Reader, sounds: frozenset[int], unit: float, end: int) -> None:
        self._reader = reader
        self._sounds = sounds
        self._unit = unit
        self._end = end

    def measure(self, start: int, announced: float | None) -> Length:
        """
        Return the length of the sound.

        :param start: where the first cluster begins
        :param announced: seconds according to the header, which may count pictures too; None if it gives none
        """
        first, late = self._blocks(start, 0).times, self._late_times()
        seconds = (late[-1] - first[0]) * self._unit if first and late else 0.0
        if seconds < ENOUGH_SECONDS:
            return self._counted(start)
        if announced is not None and abs(announced - seconds) <= SLACK_SECONDS:
            return exactly(announced)
        return Length(at_least=seconds)

    def _counted(self, start: int) -> Length:
        """Return the length of the sound by the first block of each cluster, and all blocks of the last one."""
        enough = ENOUGH_SECONDS / self._unit
        sound = self._blocks(start, enough)
        if not sound.is_whole or not self._sounds:
            return Length(at_least=sound.units * self._unit)
        if not sound.times:
            return exactly(0.0)
        end = self._blocks(sound.cluster, enough, is_brief=False)
        units = end.times[-1] - sound.times[0]
        before = [*sound.times[-2:-1], *end.times[:-1]]
        if not end.is_whole or not before:
            return Length(at_least=units * self._unit)
        # The last block lasts no longer than the one before.
        return between(units * self._unit, (units + end.times[-1] - before[-1]) * self._unit)

    def _late_times(self) -> list[int]:
        """Return the times of blocks at the end of the file."""
        start = max(0, self._end - _TAIL)
        cluster = self._reader.at(start, self._end - start).rfind(CLUSTER.to_bytes(4, "big"))
        return self._blocks(start + cluster, math.inf, is_brief=False).times if cluster >= 0 else []

    def _blocks(self, start: int, enough: float, *, is_brief: bool = True) -> _Sound:
        """
        Return the blocks of sound from a cluster on, until time starts again as in a file that was joined to this one.

        :param enough: units after which to stop
        :param is_brief: whether the first one of each cluster is sufficient
        """
        found, position, cluster, base = _Sound(), start, None, 0
        for _ in range(_MAX_ELEMENTS):
            element = element_at(self._reader, position) if position < self._end else None
            if element is None or element.id == SEGMENT:
                found.is_whole = position >= self._end
                break
            position = element.start if element.end is None or element.id in _OPEN else element.end
            if element.id == CLUSTER:
                cluster = element
            elif element.id == _TIMESTAMP:
                base = number(self._reader, element)
            elif element.id in _BLOCKS and cluster is not None and (time := self._time(element)) is not None:
                if found.times and base + time < found.times[-1] - SLACK_SECONDS / self._unit:
                    break
                found.times.append(base + time)
                found.cluster = cluster.position
                position = cluster.end if is_brief and cluster.end is not None else position
                if found.units >= enough:
                    break
        return found

    def _time(self, block: Element) -> int | None:
        """Return the time of a block in its cluster; None if it is not of sound."""
        head = content(self._reader, block)[:_BLOCK_HEAD]
        length = vint_length(head[:1])
        track = int.from_bytes(head[:length], "big") & (1 << 7 * length) - 1
        time = head[length : length + 2]
        return int.from_bytes(time, "big", signed=True) if len(time) == 2 and track in self._sounds else None
