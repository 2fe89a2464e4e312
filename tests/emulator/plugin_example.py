"""What a project that installed the extra writes; run by the test of the plugin, in a process of its own."""

from __future__ import annotations

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.hooks.gong import GongHook

MEETING = {
    "startTime": "2027-01-15T10:00:00+01:00",
    "endTime": "2027-01-15T10:30:00+01:00",
    "organizerEmail": "tobias.okafor@example.com",
    "invitees": [{"email": "dana@northwind.example.com"}],
}


# [START howto_gong_connection]
@pytest.mark.gong_emulator(requests_per_second=10)
def test_my_task_creates_a_meeting(gong_connection: str, gong_emulator: RunningEmulator) -> None:
    with GongHook(gong_connection) as hook:
        hook.meetings.create(MEETING)
    assert [meeting["organizerEmail"] for meeting in gong_emulator.state()["meetings"]] == [MEETING["organizerEmail"]]
    # [END howto_gong_connection]
