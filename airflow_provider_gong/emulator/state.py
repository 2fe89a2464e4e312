"""The state of one emulated Gong company."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from airflow_provider_gong.emulator.clock import Clock, RealClock
from airflow_provider_gong.emulator.faults import FaultRules
from airflow_provider_gong.emulator.ids import mint_id, mint_request_id
from airflow_provider_gong.emulator.limits import Limits
from airflow_provider_gong.emulator.recordings import RecordingFolder
from airflow_provider_gong.emulator.records import Call, CallState, Counters, LoggedRequest, Meeting, User
from airflow_provider_gong.emulator.seed import seed_calls, seed_users, seed_workspaces
from airflow_provider_gong.emulator.settings import EmulatorSettings

LOGGED_REQUESTS = 10_000


class Emulator:
    """An emulated Gong company: its users, calls, meetings, limits, faults and request log.

    It is used from one event loop only and does no locking.

    :param settings: see :class:`EmulatorSettings`.
    :param clock: the time that processing, cursors and limits follow; the time of day by default.
    """

    def __init__(self, settings: EmulatorSettings | None = None, clock: Clock | None = None) -> None:
        self._initial_settings = settings or EmulatorSettings()
        self.clock: Clock = clock or RealClock()
        self.recordings = RecordingFolder()
        self.request_number = 0
        self.reset()

    def reset(self) -> None:
        """Go back to the company that the seed describes, with the settings of the start. The clock keeps its time."""
        self.settings = self._initial_settings
        seed, now = self.settings.seed, self.clock.now()
        self.limits = Limits()
        self.faults = FaultRules()
        self.counters = Counters()
        self.requests: deque[LoggedRequest] = deque(maxlen=LOGGED_REQUESTS)
        self.workspaces = seed_workspaces(seed)
        self.users = {user.id: user for user in seed_users(seed)}
        self.calls: dict[str, Call] = {}
        self.meetings: dict[str, Meeting] = {}
        self._call_by_client_id: dict[str, Call] = {}
        self._call_by_content: dict[str, Call] = {}
        self.recordings.clear()
        for call in seed_calls(seed, now, list(self.users.values()), self.workspaces[0].id):
            self.add_call(call)

    def close(self) -> None:
        """Remove the kept recordings."""
        self.recordings.clear()

    def next_request_id(self) -> str:
        """Return the id of a new request."""
        self.request_number += 1
        return mint_request_id(self.settings.seed, self.request_number)

    def new_meeting_id(self) -> str:
        """Return the id of a new meeting."""
        return mint_id(self.settings.seed, "meeting", str(len(self.meetings)))

    def new_call_id(self, client_unique_id: str) -> str:
        """Return the id of a new call; it depends on nothing but the seed and the call's own id."""
        return mint_id(self.settings.seed, "call", client_unique_id)

    def user_by_email(self, email: str) -> User | None:
        """Return the user who has this address or alias, in any case."""
        wanted = email.lower()
        return next((user for user in self.users.values() if wanted in user.emails), None)

    def add_call(self, call: Call) -> None:
        """Add a call; its ``clientUniqueId`` and its recording stay taken for good."""
        self.calls[call.id] = call
        self._call_by_client_id[call.client_unique_id] = call
        if call.media is not None:
            self._call_by_content.setdefault(call.media.sha256, call)

    def call_by_client_id(self, client_unique_id: str) -> Call | None:
        """Return the call that was posted with this ``clientUniqueId``."""
        return self._call_by_client_id.get(client_unique_id)

    def call_by_content(self, sha256: str) -> Call | None:
        """Return the call whose recording has this content."""
        return self._call_by_content.get(sha256)

    def register_content(self, call: Call, sha256: str) -> None:
        """Remember a recording's content for good."""
        self._call_by_content.setdefault(sha256, call)

    def call_state(self, call: Call) -> CallState:
        """Return where a call is now."""
        return call.state_at(self.clock.now(), self.settings.processing_seconds)

    def visible_calls(self, matches: Callable[[Call], bool]) -> list[Call]:
        """Return the matching calls that the access key can read now, oldest first."""
        if not self.settings.key_sees_calls:
            return []
        visible = (call for call in self.calls.values() if matches(call) and self.call_state(call) is CallState.VISIBLE)
        return sorted(visible, key=lambda call: (call.started, call.id))
