"""The calls of a company, indexed for requests."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from heapq import heappop, heappush
from itertools import count, islice
from operator import attrgetter

from airflow_provider_gong.emulator.company.records import LONG_AGO, Call, CallState, Media
from airflow_provider_gong.emulator.world.world import World

_ORDER = attrgetter("order")


class Shelf:
    """
    Calls that become readable some time after their processing began, oldest call first.

    :param seconds: returns the current processing time
    :ivar processing: the calls that are not readable yet, by id
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self.processing: dict[str, Call] = {}
        # By the start of their processing, including calls that were removed meanwhile.
        self._queue: list[tuple[float, int, Call]] = []
        self._queued = count()
        self._readable: list[Call] = []
        self._readable_ids: set[str] = set()
        # Only calls that were not readable from the start.
        self._since: dict[str, float] = {}
        self.discarded = 0

    def put(self, call: Call, begun: float) -> None:
        """Add a call whose recording has arrived."""
        self.processing[call.id] = call
        heappush(self._queue, (begun, next(self._queued), call))

    def settle(self, now: float) -> list[Call]:
        """Make calls readable whose processing has ended, and return them."""
        settled = []
        while self._queue and self._queue[0][0] + self._seconds() <= now:
            begun, _, call = heappop(self._queue)
            if self.processing.get(call.id) is call:
                del self.processing[call.id]
                settled.append(call)
                self.show([call], begun + self._seconds())
        return settled

    def show(self, calls: Sequence[Call], since: float = LONG_AGO) -> None:
        """
        Make calls readable, except those that are silently dropped.

        :param since: since when they are readable
        """
        shown = [call for call in calls if call.media is None or not call.media.discarded_because]
        self.discarded += len(calls) - len(shown)
        self._readable_ids.update(call.id for call in shown)
        if since != LONG_AGO:
            self._since.update((call.id, since) for call in shown)
        if len(shown) == 1:
            insort(self._readable, shown[0], key=_ORDER)
        else:
            self._readable = sorted([*self._readable, *shown], key=_ORDER)

    def remove(self, call: Call) -> None:
        """Forget a call."""
        if call.id in self._readable_ids:
            self._readable_ids.remove(call.id)
            self._since.pop(call.id, None)
            del self._readable[bisect_left(self._readable, call.order, key=_ORDER)]
        elif self.processing.pop(call.id, None) is None and call.media and call.media.discarded_because:
            self.discarded -= 1

    def __len__(self) -> int:
        return len(self._readable)

    def __contains__(self, call: Call) -> bool:
        return call.id in self._readable_ids

    def window(self, start: float | None, end: float | None) -> Sequence[Call]:
        """Return the readable calls that started in a window, which excludes its end."""
        if start is None and end is None:
            return self._readable
        first = 0 if start is None else bisect_left(self._readable, (start, ""), key=_ORDER)
        last = len(self._readable) if end is None else bisect_left(self._readable, (end, ""), key=_ORDER)
        return self._readable[first:last]

    def since(self, call: Call) -> float:
        """Return since when a call is readable."""
        return self._since.get(call.id, LONG_AGO)


class CallStore:
    """
    All calls of the company, whether readable or not.

    :param world: the company's settings, time and ids
    :ivar id_by_client_id: the id of the call that was posted with a ``clientUniqueId``
    :ivar id_by_content: the id of the call whose recording has a SHA-256
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: dict[str, Call] = {}
        # Ids and recordings stay taken permanently, even after a call is erased.
        self.id_by_client_id: dict[str, str] = {}
        self.id_by_content: dict[str, str] = {}
        self._expected: set[str] = set()
        self.details = Shelf(lambda: world.settings.processing_seconds)
        self.transcripts = Shelf(self._transcript_seconds)
        self._queue_free_at = LONG_AGO

    def _transcript_seconds(self) -> float:
        settings = self._world.settings
        return settings.processing_seconds if settings.transcript_seconds is None else settings.transcript_seconds

    def __len__(self) -> int:
        return len(self._by_id)

    def __iter__(self) -> Iterator[Call]:
        return iter(self._by_id.values())

    def __contains__(self, call_id: object) -> bool:
        return call_id in self._by_id

    def get(self, call_id: str) -> Call | None:
        """Return a call by its id."""
        return self._by_id.get(call_id)

    def latest(self, most: int) -> list[Call]:
        """Return the latest calls, newest first."""
        return list(islice(reversed(self._by_id.values()), most))

    def add(self, call: Call) -> None:
        """Add a call; its ``clientUniqueId`` stays taken permanently."""
        self._by_id[call.id] = call
        self.id_by_client_id[call.client_unique_id] = call.id

    def attach(self, call: Call, media: Media) -> None:
        """Attach a recording; its content stays taken permanently."""
        call.media = media
        self.id_by_content.setdefault(media.sha256, call.id)
        for shelf in (self.details, self.transcripts):
            shelf.put(call, media.begun_at)

    def expect(self, call: Call) -> None:
        """Reserve the ids of a call that does not exist yet."""
        self.id_by_client_id[call.client_unique_id] = call.id
        self._expected.add(call.id)

    def appear(self, calls: Sequence[Call], since: float = LONG_AGO) -> None:
        """Add calls that others recorded, without their transcripts."""
        for call in calls:
            self.add(call)
            call.settled = True
        self.details.show(calls, since)

    def move(self, call: Call, started: float) -> None:
        """Change the start of a call."""
        shelves = [(shelf, shelf.since(call)) for shelf in (self.details, self.transcripts) if call in shelf]
        for shelf, _ in shelves:
            shelf.remove(call)
        call.started = started
        for shelf, since in shelves:
            shelf.show([call], since)

    def next_begin(self, now: float) -> float:
        """Return when the processing of a recording that arrives now begins."""
        settings = self._world.settings
        if settings.processing == "parallel":
            return now
        begin = max(now, self._queue_free_at)
        self._queue_free_at = begin + settings.processing_seconds
        return begin

    def erase(self, call: Call) -> None:
        """Remove a call; its ``clientUniqueId`` and its recording stay taken."""
        del self._by_id[call.id]
        self._expected.discard(call.id)
        self.details.remove(call)
        self.transcripts.remove(call)

    def is_known(self, call_id: object) -> bool:
        """Return whether a call with this id exists or will appear."""
        return call_id in self._by_id or call_id in self._expected

    def settle(self) -> None:
        """Advance processing up to now."""
        now = self._world.clock.now()
        self.transcripts.settle(now)
        for call in self.details.settle(now):
            call.settled = True

    def state(self, call: Call, now: float) -> CallState:
        """Return the state of a call at a time."""
        self.settle()
        if call.media is None or now < call.media.arrived_at:
            return CallState.AWAITING_MEDIA
        if call in self.details:
            return CallState.VISIBLE if self.details.since(call) <= now else CallState.NOT_READY
        if call.settled:
            return CallState.DISCARDED
        return CallState.NOT_FOUND if self._is_transient(call.media, now) else CallState.NOT_READY

    def _is_transient(self, media: Media, now: float) -> bool:
        settings = self._world.settings
        if settings.transient_not_found == "never" or not settings.processing_seconds:
            return False
        share, length = (now - media.begun_at) / settings.processing_seconds, settings.transient_share
        start = {"first": 0.0, "middle": 0.5, "last": 1.0}[settings.transient_not_found] * (1.0 - length)
        return start <= share < start + length

    def state_counts(self) -> Mapping[str, int]:
        """Return the number of calls by state."""
        self.settle()
        now = self._world.clock.now()
        counts = Counter(self.state(call, now).value for call in self.details.processing.values())
        counts[CallState.VISIBLE.value] = len(self.details)
        counts[CallState.DISCARDED.value] = self.details.discarded
        counts[CallState.AWAITING_MEDIA.value] = len(self._by_id) - counts.total()
        return +counts

    def readable(
        self,
        shelf: Shelf,
        now: float,
        *,
        start: float | None = None,
        end: float | None = None,
        call_ids: Iterable[str] | None = None,
    ) -> Sequence[Call]:
        """
        Return the calls that can be read at a time, oldest first; do not change the list.

        :param start: the start of a window; ``end`` its end, which it excludes
        :param call_ids: the calls to return instead of those of a window
        """
        self.settle()
        if call_ids is None:
            calls = shelf.window(start, end)
        else:
            known = filter(None, map(self._by_id.get, set(call_ids)))
            calls = sorted((call for call in known if call in shelf), key=_ORDER)
        if now >= self._world.clock.now():
            return calls
        return [call for call in calls if shelf.since(call) <= now]
