"""How people test what they build: shown in the README and in docs/emulator.md."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator, running_emulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.gong import GongHook


# [START howto_gong_emulator]
@pytest.fixture
def gong(monkeypatch: pytest.MonkeyPatch) -> Iterator[RunningEmulator]:
    with running_emulator(processing_seconds=0) as emulator:
        monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", json.dumps(emulator.connection()))
        yield emulator


def test_my_task_creates_a_meeting(gong: RunningEmulator) -> None:
    with GongHook() as hook:
        hook.meetings.create(
            {
                "startTime": "2027-01-15T10:00:00+01:00",
                "endTime": "2027-01-15T10:30:00+01:00",
                "organizerEmail": "tobias.okafor@example.com",
                "invitees": [{"email": "dana@northwind.example.com"}],
            }
        )
    assert [meeting["deleted"] for meeting in gong.state()["meetings"]] == [False]
    # [END howto_gong_emulator]


@pytest.fixture
def call(gong: RunningEmulator) -> dict[str, Any]:
    host = next(user["id"] for user in gong.state()["users"] if user["settings"]["telephonyCallsImported"])
    return {
        "client_unique_id": "pbx-0042",
        "actual_start": datetime(2026, 11, 20, 9, 30, tzinfo=UTC),
        "direction": "Inbound",
        "primary_user": host,
        "parties": [{"user_id": host}],
    }


# [START howto_gong_emulator_fault]
def test_my_task_survives_a_lost_answer(gong: RunningEmulator, call: dict[str, Any]) -> None:
    gong.add_faults(Fault(operation="addCall", nth=1, when="after", action="reset"))
    with GongHook() as hook:
        created = hook.calls.create(call)
    (found,) = (found for found in gong.state()["calls"] if found["clientUniqueId"] == "pbx-0042")
    assert found["id"] == created.call_id
    # [END howto_gong_emulator_fault]
