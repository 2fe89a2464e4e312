from __future__ import annotations

import time

import pytest

from airflow_provider_gong.emulator import ManualClock, RealClock

from .conftest import Api


@pytest.fixture
def real_time(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The one value that the time of the machine has."""
    moment = [1_000.0]
    monkeypatch.setattr(time, "monotonic", lambda: moment[0])
    return moment


def test_a_clock_can_run_faster(real_time: list[float]) -> None:
    clock = RealClock()
    start = clock.now()
    real_time[0] += 10
    assert clock.now() == pytest.approx(start + 10)
    clock.run_at(604_800)
    real_time[0] += 1
    assert clock.now() == pytest.approx(start + 10 + 604_800)
    clock.run_at(0)
    real_time[0] += 100
    assert clock.now() == pytest.approx(start + 10 + 604_800)


def test_a_clock_that_stands_still_can_be_started(real_time: list[float]) -> None:
    clock = ManualClock()
    start = clock.now()
    real_time[0] += 5
    assert clock.now() == start
    clock.run_at(60)
    real_time[0] += 1
    assert clock.now() == pytest.approx(start + 60)


def test_the_speed_is_set_over_the_control_api(api: Api, real_time: list[float]) -> None:
    assert api("POST", "/_emulator/clock", json={"speed": 3_600}).status_code == 200
    assert api.state()["speed"] == 3_600
    call_id = api.add_call(downloadMediaUrl="https://storage.example.com/a.mp3")
    assert api("GET", f"/v2/calls/{call_id}").status_code == 404
    real_time[0] += 1
    assert api("GET", f"/v2/calls/{call_id}").status_code == 200


@pytest.mark.parametrize("body", [{"speed": -1}, {"speed": 1e12}, {"speed": "fast"}, {"speed": "nan"}])
def test_a_clock_never_runs_backwards(api: Api, body: dict[str, object]) -> None:
    assert api("POST", "/_emulator/clock", json=body).status_code == 400


def test_a_week_takes_no_time(api: Api) -> None:
    before = api.clock.now()
    assert api("POST", "/_emulator/clock", json={"advance_seconds": 7 * 86_400}).status_code == 200
    assert api.clock.now() == before + 7 * 86_400


def test_time_ends_before_dates_do(api: Api) -> None:
    assert api("POST", "/_emulator/clock", json={"advance_seconds": 1e15}).status_code == 400
    assert api("GET", "/v2/workspaces").status_code == 200
