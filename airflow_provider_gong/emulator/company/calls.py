"""The calls of a company, indexed by what requests ask for."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from operator import attrgetter

from airflow_provider_gong.emulator.company.records import LONG_AGO, Call, CallState, Media
from airflow_provider_gong.emulator.world.world import World

_ORDER = attrgetter("order")
Matches = Callable[[Call], bool]


class Shelf:
    """Calls that become readable some time after their processing began, oldest call first.

    :param seconds: returns how long it takes, as it is set now.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._processing: deque[Call] = deque()
        self._readable: list[Call] = []
        self._readable_ids: set[str] = set()
        self.discarded = 0

    def put(self, call: Call, media: Media) -> None:
        """Take a call whose recording has arrived."""
        if media.begun_at == LONG_AGO:
            self._show(call)
        else:
            self._processing.append(call)

    def settle(self, now: float) -> list[Call]:
        """Let the calls that are processed by now become readable, and return them."""
        settled = []
        while self._processing and _begun(self._processing[0]) + self._seconds() <= now:
            settled.append(self._processing.popleft())
            self._show(settled[-1])
        return settled

    def _show(self, call: Call) -> None:
        if call.media is not None and call.media.discarded_because:
            self.discarded += 1
        else:
            insort(self._readable, call, key=_ORDER)
            self._readable_ids.add(call.id)

    def remove(self, call: Call) -> None:
        """Forget a call."""
        if call.id in self._readable_ids:
            self._readable_ids.remove(call.id)
            del self._readable[bisect_left(self._readable, call.order, key=_ORDER)]
        elif call.settled:
            self.discarded -= 1
        elif call.media is not None:
            self._processing.remove(call)

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

    def processing(self) -> Iterator[Call]:
        """Return the calls that are not readable yet."""
        return iter(self._processing)

    def was_readable(self, call: Call, now: float) -> bool:
        """Return whether a call that is readable was so at an earlier time."""
        return _begun(call) + self._seconds() <= now


def _begun(call: Call) -> float:
    return LONG_AGO if call.media is None else call.media.begun_at


class CallStore:
    """All calls of the company, whether readable or not.

    :param world: the company's settings, time and ids.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._by_id: dict[str, Call] = {}
        # What stays taken for good, also once a call is erased.
        self._id_by_client_id: dict[str, str] = {}
        self._id_by_content: dict[str, str] = {}
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

    def latest(self, count: int) -> list[Call]:
        """Return the calls that were added last, the latest first."""
        return list(islice(reversed(self._by_id.values()), count))

    def add(self, call: Call) -> None:
        """Add a call; its ``clientUniqueId`` stays taken for good."""
        self._by_id[call.id] = call
        self._id_by_client_id[call.client_unique_id] = call.id

    def attach(self, call: Call, media: Media) -> None:
        """Attach a recording; its content stays taken for good."""
        call.media = media
        call.settled = media.begun_at == LONG_AGO
        self._id_by_content.setdefault(media.sha256, call.id)
        self.details.put(call, media)
        self.transcripts.put(call, media)

    def next_begin(self, now: float) -> float:
        """Return when the processing of a recording that arrives now begins."""
        settings = self._world.settings
        if settings.processing == "parallel":
            return now
        begin = max(now, self._queue_free_at)
        self._queue_free_at = begin + settings.processing_seconds
        return begin

    def erase(self, call: Call) -> None:
        """Forget a call, but not that its ``clientUniqueId`` and its recording are taken."""
        del self._by_id[call.id]
        self.details.remove(call)
        self.transcripts.remove(call)

    def id_by_client_id(self, client_unique_id: str) -> str | None:
        """Return the id of the call that was posted with this ``clientUniqueId``."""
        return self._id_by_client_id.get(client_unique_id)

    def id_by_content(self, sha256: str) -> str | None:
        """Return the id of the call whose recording has this content."""
        return self._id_by_content.get(sha256)

    def settle(self) -> None:
        """Let processing go on up to now."""
        now = self._world.clock.now()
        self.transcripts.settle(now)
        for call in self.details.settle(now):
            call.settled = True

    def state(self, call: Call, now: float) -> CallState:
        """Return where a call is at a time."""
        self.settle()
        if now < self._world.clock.now() and call.settled and not self.details.was_readable(call, now):
            return CallState.NOT_READY
        if call.media is None or now < call.media.arrived_at:
            return CallState.AWAITING_MEDIA
        share = 1.0 if call.settled else self._processed_share(call.media, now)
        if share >= 1.0:
            return CallState.DISCARDED if call.media.discarded_because else CallState.VISIBLE
        start, end = self._transient_window()
        return CallState.NOT_FOUND if start <= share < end else CallState.NOT_READY

    def _processed_share(self, media: Media, now: float) -> float:
        # Where processing takes no time it is over as soon as it begins.
        elapsed, seconds = now - media.begun_at, self._world.settings.processing_seconds
        return -1.0 if elapsed < 0 else elapsed / seconds if seconds else 1.0

    def _transient_window(self) -> tuple[float, float]:
        settings = self._world.settings
        length = settings.transient_share
        match settings.transient_not_found:
            case "first":
                return 0.0, length
            case "middle":
                return (1.0 - length) / 2, (1.0 + length) / 2
            case "last":
                return 1.0 - length, 1.0
            case _:
                return 1.0, 1.0

    def state_counts(self) -> Mapping[str, int]:
        """Return how many calls are where."""
        self.settle()
        now = self._world.clock.now()
        counts = Counter(self.state(call, now).value for call in self.details.processing())
        counts[CallState.VISIBLE.value] = len(self.details)
        counts[CallState.DISCARDED.value] = self.details.discarded
        counts[CallState.AWAITING_MEDIA.value] = len(self._by_id) - counts.total()
        return +counts

    def readable_of(self, shelf: Shelf, now: float, call_ids: Iterable[str]) -> list[Call]:
        """Return those of some calls that can be read at a time, oldest first."""
        self.settle()
        known = filter(None, map(self._by_id.get, set(call_ids)))
        current = now >= self._world.clock.now()
        found = (call for call in known if call in shelf and (current or shelf.was_readable(call, now)))
        return sorted(found, key=_ORDER)

    def readable(
        self, shelf: Shelf, now: float, *, start: float | None = None, end: float | None = None
    ) -> Sequence[Call]:
        """Return the calls of a window that can be read at a time, oldest first; not to be changed."""
        self.settle()
        calls = shelf.window(start, end)
        if now >= self._world.clock.now():
            return calls
        return [call for call in calls if shelf.was_readable(call, now)]
