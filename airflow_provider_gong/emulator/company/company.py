"""The data of one company."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

from airflow_provider_gong.emulator.company.calls import CallStore
from airflow_provider_gong.emulator.company.crm import Crm
from airflow_provider_gong.emulator.company.engage import Engage
from airflow_provider_gong.emulator.company.recordings.folder import RecordingFolder
from airflow_provider_gong.emulator.company.records import LONG_AGO, Call, CallChange, Meeting, Workspace
from airflow_provider_gong.emulator.company.users import Users
from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.emulator.world.settings import EmulatorSettings
from airflow_provider_gong.emulator.world.times import iso_time
from airflow_provider_gong.emulator.world.world import Agenda, World

# The latest are enough for tests that check now and then.
_KEPT_HAPPENINGS = 100_000


class Arrival(NamedTuple):
    """A call that others recorded: when Gong has it, and when it has the transcript."""

    call: Call
    appears: float = LONG_AGO
    transcribed: float = LONG_AGO


class Company(World):
    """
    A company: empty until it is seeded.

    :param settings: see :class:`EmulatorSettings`
    :param clock: the time that processing, cursors and limits follow
    """

    def __init__(self, settings: EmulatorSettings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.recordings = RecordingFolder()

    def clear(self) -> None:
        """Remove all data of the company, including what is scheduled."""
        self.agenda = Agenda()
        self.workspaces: list[Workspace] = []
        self.users = Users()
        self.calls = CallStore(self)
        self.meetings: dict[str, Meeting] = {}
        self.call_access: dict[str, dict[str, None]] = {}
        self.crm = Crm(self)
        self.engage = Engage(self)
        self.events: dict[tuple[str, str | int], dict[str, Any]] = {}
        self.integration_settings: dict[str, str] = {}
        self.happened: deque[dict[str, Any]] = deque(maxlen=_KEPT_HAPPENINGS)
        self.recordings.clear()

    def add_calls(self, arrivals: Sequence[Arrival]) -> None:
        """Add calls that others recorded, now or when they appear."""
        now = self.clock.now()
        self.calls.appear([arrival.call for arrival in arrivals if arrival.appears <= now])
        self.calls.transcripts.show([arrival.call for arrival in arrivals if arrival.transcribed <= now])
        for call, appears, transcribed in arrivals:
            if max(appears, transcribed) > now:
                self.calls.expect(call)
            if appears > now:
                self.agenda.at(appears, partial(self._appear, call, appears))
            if transcribed > now:
                self.agenda.at(transcribed, partial(self._transcribe, call, transcribed))

    def _appear(self, call: Call, since: float) -> None:
        if self.calls.is_known(call.id):
            self.calls.appear([call], since)
            self._note(since, "appeared", call)

    def _transcribe(self, call: Call, since: float) -> None:
        if self.calls.is_known(call.id):
            # A transcript may exist before the call.
            self.calls.add(call)
            self.calls.transcripts.show([call], since)
            self._note(since, "transcribed", call)

    def change_call(self, call_id: str, change: CallChange, in_seconds: float = 0.0) -> None:
        """Schedule a change of a call, which may not have appeared yet; nothing happens if it is deleted by then."""
        moment = self.clock.now() + in_seconds
        self.agenda.at(moment, partial(self._change, call_id, change, moment))
        self.tick()

    def _change(self, call_id: str, change: CallChange, moment: float) -> None:
        call = self.calls.get(call_id)
        if call is None:
            return
        if change.deleted:
            self.erase_call(call, moment)
            return
        if change.title is not None:
            call.change_posted({"title": change.title})
        if change.started is not None:
            call.change_posted({"actualStart": change.started.isoformat()})
            self.calls.move(call, change.started.timestamp())
        if change.private is not None:
            call.private = change.private
        if change.analyzed_again:
            call.analyses, call.figures = call.analyses + 1, None
        self._note(moment, "changed", call)

    def erase_call(self, call: Call, moment: float) -> None:
        """Remove a call and its recording."""
        self.calls.erase(call)
        self.recordings.remove(call.id)
        self._note(moment, "deleted", call)

    def _note(self, moment: float, action: str, call: Call) -> None:
        named = {"id": call.id, "clientUniqueId": call.client_unique_id}
        self.happened.append({"time": iso_time(moment), "action": action, **named})
