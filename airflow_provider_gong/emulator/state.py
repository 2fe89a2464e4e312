"""The state of one emulated Gong company."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.emulator.callers import Keys
from airflow_provider_gong.emulator.clock import Clock, RealClock
from airflow_provider_gong.emulator.company.agenda import Agenda
from airflow_provider_gong.emulator.company.calls import CallStore
from airflow_provider_gong.emulator.company.crm import Crm
from airflow_provider_gong.emulator.company.engage import Engage
from airflow_provider_gong.emulator.company.records import Meeting
from airflow_provider_gong.emulator.company.users import Users
from airflow_provider_gong.emulator.faults import FaultRules
from airflow_provider_gong.emulator.ids import mint_id, mint_request_id
from airflow_provider_gong.emulator.limits import Limits
from airflow_provider_gong.emulator.oauth import Grants
from airflow_provider_gong.emulator.recordings import RecordingFolder
from airflow_provider_gong.emulator.request_log import Counters, RequestLog
from airflow_provider_gong.emulator.seeds.company import seed_company
from airflow_provider_gong.emulator.seeds.seeded import Seeded
from airflow_provider_gong.emulator.settings import EmulatorSettings


class Emulator:
    """An emulated Gong company: its users, calls, meetings, limits, faults and request log.

    It is used from one event loop only and does no locking.

    :param settings: see :class:`EmulatorSettings`.
    :param clock: the time that processing, cursors and limits follow; the time of day by default.
    :param company: the users, workspaces and calls to begin with; see ``docs/emulator.md``. A small company by default.
    """

    def __init__(
        self,
        settings: EmulatorSettings | None = None,
        clock: Clock | None = None,
        company: Mapping[str, Any] | None = None,
    ) -> None:
        self._initial_settings = settings or EmulatorSettings()
        self._company = company
        self.clock: Clock = clock or RealClock()
        self.recordings = RecordingFolder()
        self.request_number = 0
        self.reset()

    def reset(self) -> None:
        """Go back to the company of the start, with the settings of the start. The clock keeps its time.

        :raises ValueError: when the company is described wrongly.
        """
        self.settings = self._initial_settings
        self.agenda = Agenda()
        self.limits = Limits()
        self.faults = FaultRules()
        self.counters = Counters()
        self.requests = RequestLog()
        self.keys = Keys(self)
        self.grants = Grants(self)
        self.users = Users()
        self.calls = CallStore(self)
        self.meetings: dict[str, Meeting] = {}
        self.call_access: dict[str, dict[str, None]] = {}
        self.crm = Crm(self)
        self.engage = Engage(self)
        self.events: dict[str, dict[str, Any]] = {}
        self.integration_settings: dict[str, str] = {}
        self.workspaces = seed_company(self, self._company)
        self.seeded = Seeded(self)
        self.profiles: dict[str, dict[str, Any]] = {profile["id"]: profile for profile in self.seeded["profiles"]}
        self.recordings.clear()

    def close(self) -> None:
        """Remove the kept recordings."""
        self.recordings.clear()

    def tick(self) -> None:
        """Let happen what is due by now."""
        self.agenda.run(self.clock.now())

    def next_request_id(self) -> str:
        """Return the id of a new request."""
        self.request_number += 1
        return mint_request_id(self.settings.seed, self.request_number)

    def new_id(self, kind: str, key: object) -> str:
        """Return the id of the thing that ``kind`` and ``key`` name; the same whenever it is asked for."""
        return mint_id(self.settings.seed, kind, str(key))
