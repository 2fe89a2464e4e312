"""The operations of the Gong API that the emulator serves: one line each."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from airflow_provider_gong.emulator import calls, media, meetings, users
from airflow_provider_gong.emulator.errors import GongApiError
from airflow_provider_gong.emulator.replies import Handler


@dataclass(frozen=True)
class Operation:
    """One operation: Gong's name for it, method, path and what carries it out."""

    name: str
    method: str
    path: str
    handler: Handler
    pattern: re.Pattern[str] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", self.path))
        object.__setattr__(self, "pattern", pattern)

    def ids_of(self, path: str) -> dict[str, str]:
        """Return the ids that a path of this operation names."""
        match = self.pattern.fullmatch(path)
        return match.groupdict() if match else {}


OPERATIONS = (
    Operation("listCalls", "GET", "/v2/calls", calls.list_calls),
    Operation("addCall", "POST", "/v2/calls", calls.add_call),
    Operation("listCallsExtensive", "POST", "/v2/calls/extensive", calls.list_calls_extensive),
    Operation("getCallTranscripts", "POST", "/v2/calls/transcript", calls.get_call_transcripts),
    Operation("getCall", "GET", "/v2/calls/{id}", calls.get_call),
    Operation("addCallRecording", "PUT", "/v2/calls/{id}/media", media.add_call_recording),
    Operation("addMeeting", "POST", "/v2/meetings", meetings.add_meeting),
    Operation("integrationStatus", "POST", "/v2/meetings/integration/status", meetings.integration_status),
    Operation("updateMeeting", "PUT", "/v2/meetings/{meetingId}", meetings.update_meeting),
    Operation("deleteMeeting", "DELETE", "/v2/meetings/{meetingId}", meetings.delete_meeting),
    Operation("listUsers", "GET", "/v2/users", users.list_users),
    Operation("listMultipleUsers", "POST", "/v2/users/extensive", users.list_multiple_users),
    Operation("getUser", "GET", "/v2/users/{id}", users.get_user),
    Operation("getUserHistory", "GET", "/v2/users/{id}/settings-history", users.get_user_history),
    Operation("listWorkspaces", "GET", "/v2/workspaces", users.list_workspaces),
)


def find_operation(method: str, path: str) -> Operation | GongApiError:
    """Return the operation that serves a request; otherwise what it is answered: 404 or 405."""
    known = [operation for operation in OPERATIONS if operation.pattern.fullmatch(path)]
    served = next((operation for operation in known if operation.method == method), None)
    if served is not None:
        return served
    return GongApiError(405, "Method Not Allowed") if known else GongApiError(404, "Not Found")
