"""The small company of the histories answers readers as the emulator does, with and without the way through HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from airflow_provider_gong.client.errors import GongApiError
from airflow_provider_gong.emulator import ManualClock, in_process_emulator
from tests.support.changing_gong import HOSTS, START, ChangingGong, Fault
from tests.unit.call_export.conftest import Company

_NEVER = Fault("reset", probability=0.0)
_WINDOW = {"fromDateTime": "2026-03-01T00:00:00Z", "toDateTime": "2026-03-02T00:00:00Z"}
_LISTED, _TRANSCRIBED = "listCallsExtensive", "getCallTranscripts"
_MANY = 5


@pytest.fixture
def small() -> Iterator[ChangingGong]:
    gong = ChangingGong()
    for number in range(_MANY):
        gong.take_place(_started(number), timedelta(0))
    yield gong
    gong.close()


@pytest.fixture
def emulated(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    settings: dict[str, Any] = {
        "requests_per_second": 0,
        "requests_per_day": 0,
        "processing_seconds": 0,
        "company_time_zone": "UTC",
    }
    people = {"users": [{"firstName": "Tobias", "lastName": "Okafor"}, {"firstName": "Priya", "lastName": "Raman"}]}
    with in_process_emulator(clock=ManualClock(START), company={**people, "calls": []}, **settings) as emulator:
        company = Company(emulator, tmp_path_factory.mktemp("company"))
        company.now = START
        for number in range(_MANY):
            host = ("tobias.okafor@example.com", "priya.raman@example.com")[number % 2]
            company.add_call(f"call-{number}", _started(number), host, minutes=1.2, title=f"Call {number}")
        company.advance(minutes=1)
        yield company


def _started(number: int) -> datetime:
    return datetime(2026, 3, 1, 8 + number, tzinfo=UTC)


def _filters(ids: list[str], host: str) -> dict[str, dict[str, Any]]:
    return {
        "window": _WINDOW,
        "empty window": {**_WINDOW, "toDateTime": "2026-03-01T01:00:00Z"},
        "ids": {"callIds": ids[1:3]},
        "unknown id": {"callIds": ["1"]},
        "host": {"primaryUserIds": [host]},
        "another workspace": {**_WINDOW, "workspaceId": "1"},
        "blind": _WINDOW,
    }


def _answers(gong: Any, operation: str, filters: dict[str, Any]) -> Any:
    """Return what a reader sees of all pages, without ids; the class and status of the error where there is one."""
    body: dict[str, Any] = {"filter": filters, "contentSelector": {"exposedFields": {"parties": True}}}
    if operation == _TRANSCRIBED:
        del body["contentSelector"]
    calls: list[Any] = []
    try:
        while True:
            page = gong.run(operation, body=body)
            if operation == _TRANSCRIBED:
                calls += [sorted(row["transcript"][0]["sentences"][0]) for row in page["callTranscripts"]]
            else:
                meta = [call["metaData"] for call in page["calls"]]
                calls += [(call["title"], call["started"], call["duration"], call["isPrivate"]) for call in meta]
            total = page["records"]["totalRecords"]
            if "cursor" not in page["records"]:
                return total, calls
            body["cursor"] = page["records"]["cursor"]
    except GongApiError as error:
        return type(error), error.status, error.errors, error.operation


@pytest.mark.parametrize("over_http", [False, True])
@pytest.mark.parametrize("operation", [_LISTED, _TRANSCRIBED])
@pytest.mark.parametrize("what", ["window", "empty window", "ids", "unknown id", "host", "another workspace", "blind"])
def test_it_answers_as_the_emulator_does(
    small: ChangingGong, emulated: Company, what: str, operation: str, over_http: bool
) -> None:
    if over_http:
        small.faults.append(_NEVER)
    if what == "blind":
        small.hide({call.workspace_id for call in small.calls})
        emulated.emulator.set(key_sees_calls=False)
    ids = [emulated.ids[f"call-{number}"] for number in range(_MANY)]
    host = next(user["id"] for user in emulated.emulator.state()["users"] if user["firstName"] == "Tobias")
    found = _answers(small, operation, _filters([call.call_id for call in small.calls], HOSTS[0])[what])
    assert found == _answers(emulated.client, operation, _filters(ids, host)[what])
    assert (len(found) == 2) == (what in ("window", "ids", "host"))
