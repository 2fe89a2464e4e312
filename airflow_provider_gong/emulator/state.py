"""One emulated Gong: a company, who may send it requests, and what goes wrong."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from airflow_provider_gong.emulator.access.grants import Grants
from airflow_provider_gong.emulator.access.keys import Keys, Visibility
from airflow_provider_gong.emulator.access.limits import Limits
from airflow_provider_gong.emulator.access.request_log import RequestLog
from airflow_provider_gong.emulator.company.company import Company
from airflow_provider_gong.emulator.company.seeds.seeded import Seeded
from airflow_provider_gong.emulator.company.seeds.seeding import seed_company
from airflow_provider_gong.emulator.faults import FaultRules
from airflow_provider_gong.emulator.world.clock import Clock, RealClock
from airflow_provider_gong.emulator.world.settings import EmulatorSettings


class Emulator(Company):
    """
    An emulated Gong company: its users, calls, meetings, limits, faults and request log.

    It is used from one event loop only and does no locking.

    :param settings: see :class:`EmulatorSettings`
    :param clock: the time that processing, cursors and limits follow; the time of day by default
    :param company: the users, workspaces and calls to begin with; see ``docs/emulator.md``. A small company by default
    """

    def __init__(
        self,
        settings: EmulatorSettings | None = None,
        clock: Clock | None = None,
        company: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(settings or EmulatorSettings(), clock or RealClock())
        self._initial_settings = self.settings
        self._description = company
        self.reset()

    def reset(self) -> None:
        """
        Go back to the company of the start, with the settings of the start. The clock keeps its time.

        :raises ValueError: when the company is described wrongly
        """
        self.settings = self._initial_settings
        self.limits = Limits()
        self.faults = FaultRules()
        # Those that the limits accepted, by operation, and refused.
        self.accepted: Counter[str] = Counter()
        self.refused = 0
        self.requests = RequestLog()
        self.keys = Keys(self)
        self.grants = Grants(self)
        self.visibility = Visibility(self)
        self.clear()
        seed_company(self, self._description)
        self.seeded = Seeded(self)
        self.profiles: dict[str, dict[str, Any]] = {profile["id"]: profile for profile in self.seeded["profiles"]}

    def close(self) -> None:
        """Remove the kept recordings."""
        self.recordings.clear()
