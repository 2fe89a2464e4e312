"""Processes and virtual time: one process runs at a time, and where it stops another one may continue."""

from __future__ import annotations

import asyncio
import itertools
import math
import random
import selectors
import threading
from collections.abc import Callable, Coroutine, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

# How often another process gets its turn between two steps of one.
_SWITCHES = 0.3
_SHORTEST = 1e-6
_current = threading.local()


class Killed(BaseException):
    """The process is gone: whatever it does while it unwinds has no effect any more."""


class Process:
    """
    A process, which is a thread that runs only while it is its turn.

    :param work: what it does
    :param kill_at: number of the step at which it is killed, counted from 1; None for never
    :param pauses: seconds that it stands still, by the number of the step before which it does
    :ivar environment: variables of its own
    :ivar clock_skew: seconds that the clock of its host is ahead
    """

    def __init__(
        self,
        world: World,
        name: str,
        work: Callable[[Process], Any],
        *,
        kill_at: int | None = None,
        pauses: dict[int, float] | None = None,
    ) -> None:
        self.world = world
        self.name = name
        self.number = next(world.numbers)
        self.environment: dict[str, str] = {}
        self.clock_skew = 0.0
        self.wake_at = world.now
        self.waits_for: tuple[Process, ...] = ()
        self.is_over = self.is_dead = False
        self.paused_since: float | None = None
        self.steps = 0
        self.result: Any = None
        self.error: BaseException | None = None
        self._work = work
        self._kill_at = kill_at
        self._pauses = pauses or {}
        self._turn = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)

    @staticmethod
    def current() -> Process:
        """Return the process whose thread this is."""
        process: Process = _current.process
        return process

    @staticmethod
    def current_or_none() -> Process | None:
        """Return the process whose thread this is, None for a thread that belongs to none."""
        return getattr(_current, "process", None)

    def step(self, what: str) -> None:
        """
        Come to something that others can see. Here others may get their turn, and the process may be killed.

        :raises Killed: if it is gone
        """
        self._require_life()
        self.steps += 1
        if self.steps == self._kill_at:
            self.kill(what)
        self._require_life()
        pause = self._pauses.get(self.steps)
        if pause is not None:
            self._stand_still(pause, what)
        elif self.world.chance.random() < _SWITCHES:
            self.sleep(0)

    def sleep(self, seconds: float) -> None:
        """Let virtual time go by."""
        self._require_life()
        self.wake_at = self.world.now + max(seconds, 0.0)
        self._give_turn()

    def wait_for(self, processes: Iterable[Process], seconds: float = math.inf) -> None:
        """Wait until one of these processes has ended, or time is up."""
        self.waits_for = tuple(processes)
        self.sleep(seconds)
        self.waits_for = ()

    def kill(self, where: str) -> None:
        """End the process without letting it do anything more."""
        if not (self.is_dead or self.is_over):
            self.is_dead = True
            self.wake_at = self.world.now
            self.world.note("killed", self.name, where)

    def run_loop(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run an event loop in virtual time."""
        with asyncio.Runner(loop_factory=lambda: _VirtualLoop(self)) as runner:
            return runner.run(coroutine)

    def start(self) -> None:
        self._thread.start()

    def go_on(self) -> None:
        """Let it run until it gives its turn back."""
        self.world.running = self
        self.world.on_turn(self)
        self._turn.release()
        self.world.turn.acquire()

    def time(self) -> float:
        """Return what its host takes for the time, in seconds since 1970."""
        return self.world.time() + self.clock_skew

    @property
    def may_pause(self) -> bool:
        """Whether it stands still at some step."""
        return bool(self._pauses)

    def due_at(self) -> float:
        """Return when it wants to continue."""
        return self.world.now if any(process.is_over for process in self.waits_for) else self.wake_at

    def _stand_still(self, seconds: float, where: str) -> None:
        self.paused_since = self.world.now
        self.world.note("paused", self.name, where)
        self.sleep(seconds)
        self.paused_since = None
        self.world.note("resumed", self.name, where)

    def _give_turn(self) -> None:
        self.world.turn.release()
        self._turn.acquire()
        self._require_life()

    def _require_life(self) -> None:
        if self.is_dead:
            raise Killed

    def _run(self) -> None:
        self._turn.acquire()
        _current.process = self
        try:
            self._require_life()
            self.result = self._work(self)
        except BaseException as error:  # what became of it is for whoever started it
            self.error = error
        finally:
            self.is_over = True
            self.world.turn.release()


class World:
    """
    Virtual time, and the processes that live in it.

    :param seed: decides who runs when
    :param start: when it begins, in seconds since 1970
    :param note: is told what happened to whom, and where
    :ivar running: the process whose turn it is
    :ivar on_turn: is told whenever a process gets its turn
    """

    def __init__(self, seed: int, start: float, note: Callable[[str, str, str], None]) -> None:
        # Since the start: small numbers are exact enough for timers.
        self.now = 0.0
        self._start = start
        self.chance = random.Random(f"{seed}/turns")
        self.note = note
        self.turn = threading.Semaphore(0)
        self.processes: list[Process] = []
        self.numbers = itertools.count(1)
        self.running: Process | None = None
        self.on_turn: Callable[[Process], None] = lambda _: None

    def time(self) -> float:
        """Return the time in seconds since 1970."""
        return self._start + self.now

    def start(self, name: str, work: Callable[[Process], Any], **fate: Any) -> Process:
        """Start a process."""
        process = Process(self, name, work, **fate)
        self.processes.append(process)
        process.start()
        return process

    def run(self) -> None:
        """
        Let time go by until all processes have ended.

        :raises RuntimeError: if the rest of them wait for nothing
        """
        while self.processes:
            due = {process: process.due_at() for process in self.processes}
            self.now = max(self.now, min(due.values()))
            if self.now == math.inf:
                raise RuntimeError(f"waiting for nothing: {', '.join(process.name for process in due)}")
            self.chance.choice([process for process, moment in due.items() if moment <= self.now]).go_on()
            self.processes = [process for process in self.processes if not process.is_over]


class _VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop that sleeps in virtual time; what would run in other threads runs in its own."""

    def __init__(self, process: Process) -> None:
        super().__init__(_NoInput(process))
        self._process = process
        self._clock_resolution = _SHORTEST

    def time(self) -> float:
        return self._process.world.now

    def run_in_executor(self, executor: Any, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:  # type: ignore[override]
        future = self.create_future()
        try:
            set_outcome, outcome = future.set_result, func(*args)
        except Exception as error:
            set_outcome, outcome = future.set_exception, error  # type: ignore[assignment]
        # Not at once: other coroutines of the process get their turn.
        self.call_soon(lambda: None if future.done() else set_outcome(outcome))
        return future


class _NoInput(selectors.SelectSelector):
    def __init__(self, process: Process) -> None:
        super().__init__()
        self._process = process

    def select(self, timeout: float | None = None) -> list[Any]:
        if timeout is None:
            raise RuntimeError(f"{self._process.name} waits for nothing")
        if timeout > 0:
            self._process.sleep(timeout)
        return []
