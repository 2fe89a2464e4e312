"""What one company holds."""

from __future__ import annotations

from typing import Any

from airflow_provider_gong.emulator.company.calls import CallStore
from airflow_provider_gong.emulator.company.crm import Crm
from airflow_provider_gong.emulator.company.engage import Engage
from airflow_provider_gong.emulator.company.recordings.folder import RecordingFolder
from airflow_provider_gong.emulator.company.records import Meeting, Workspace
from airflow_provider_gong.emulator.company.users import Users
from airflow_provider_gong.emulator.world.agenda import Agenda
from airflow_provider_gong.emulator.world.clock import Clock
from airflow_provider_gong.emulator.world.settings import EmulatorSettings
from airflow_provider_gong.emulator.world.world import World


class Company(World):
    """A company: empty until it is seeded.

    :param settings: see :class:`EmulatorSettings`.
    :param clock: the time that processing, cursors and limits follow.
    """

    def __init__(self, settings: EmulatorSettings, clock: Clock) -> None:
        super().__init__(settings, clock)
        self.recordings = RecordingFolder()
        self.clear()

    def clear(self) -> None:
        """Forget everything that the company holds, and what was due."""
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
        self.recordings.clear()
