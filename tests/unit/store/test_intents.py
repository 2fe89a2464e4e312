from __future__ import annotations

import multiprocessing
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError
from airflow_provider_gong.store.intents import Intent, IntentLog, IntentStatus, fingerprint_of

KEY = "meetings/create/scheduled__2026-03-02T00:00:00+00:00/-1"
MEETING = {"title": "Pricing", "invitees": [{"email": "buyer@example.com"}]}
FORK = multiprocessing.get_context("fork")


@pytest.fixture
def intents(tmp_path: Path) -> IntentLog:
    return IntentLog(Store.in_folder(tmp_path))


def test_first_intent_is_new(intents: IntentLog) -> None:
    assert intents.begin(KEY, "addMeeting", MEETING) == Intent(IntentStatus.NEW)


def test_intent_without_outcome_is_found_by_the_retry(intents: IntentLog) -> None:
    intents.begin(KEY, "addMeeting", MEETING)
    for _ in range(2):
        assert intents.begin(KEY, "addMeeting", MEETING) == Intent(IntentStatus.OUTCOME_UNKNOWN)


def test_outcome_is_found_by_the_retry(intents: IntentLog) -> None:
    intents.begin(KEY, "addMeeting", MEETING)
    intents.complete(KEY, {"meetingId": "7782342274025937895"})
    found = intents.begin(KEY, "addMeeting", MEETING)
    assert found == Intent(IntentStatus.DONE, {"meetingId": "7782342274025937895"})


@pytest.mark.parametrize("done", [True, False])
def test_intent_of_another_content_is_told_apart(intents: IntentLog, done: bool) -> None:
    intents.begin(KEY, "addMeeting", MEETING)
    if done:
        intents.complete(KEY, {})
    assert not intents.begin(KEY, "addMeeting", {**MEETING, "title": "Renewal"}).same_content
    assert intents.begin(KEY, "addMeeting", MEETING).same_content


def test_withdrawn_intent_may_be_tried_again(intents: IntentLog) -> None:
    intents.begin(KEY, "addMeeting", MEETING)
    intents.withdraw(KEY)
    assert intents.begin(KEY, "addMeeting", MEETING).status is IntentStatus.NEW


def test_keys_do_not_touch_each_other(intents: IntentLog) -> None:
    intents.begin(KEY, "addMeeting", MEETING)
    intents.complete(KEY, {"meetingId": "1"})
    assert intents.begin(f"{KEY}0", "addMeeting", MEETING).status is IntentStatus.NEW
    intents.withdraw(f"{KEY}0")
    assert intents.begin(KEY, "addMeeting", MEETING).outcome == {"meetingId": "1"}


def test_intent_survives_the_process_that_had_it(tmp_path: Path) -> None:
    IntentLog(Store.in_folder(tmp_path)).begin(KEY, "addMeeting", MEETING)
    again = IntentLog(Store.in_folder(tmp_path))
    assert again.begin(KEY, "addMeeting", MEETING).status is IntentStatus.OUTCOME_UNKNOWN


def _begin(folder: Path, start: Any, found: Any) -> None:
    intents = IntentLog(Store.in_folder(folder))
    start.wait(60)
    found.put(intents.begin(KEY, "addMeeting", MEETING).status.value)


def test_of_processes_with_one_intent_exactly_one_may_send(tmp_path: Path) -> None:
    start, found = FORK.Barrier(8), FORK.SimpleQueue()
    processes = [FORK.Process(target=_begin, args=(tmp_path, start, found)) for _ in range(8)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()
    assert [process.exitcode for process in processes] == [0] * 8
    assert sorted(found.get() for _ in processes) == ["new", *["outcome unknown"] * 7]


def test_store_that_fails_keeps_the_request_from_being_sent(tmp_path: Path) -> None:
    (tmp_path / "gong_store.db").mkdir()
    with pytest.raises(GongStoreError, match="cannot be opened"):
        IntentLog(Store.in_folder(tmp_path)).begin(KEY, "addMeeting", MEETING)


@pytest.mark.parametrize(
    ("left", "right", "equal"),
    [
        ({"a": 1, "b": [1, 2]}, {"b": [1, 2], "a": 1}, True),
        ({"a": {"y": 1, "x": "ü"}}, {"a": {"x": "ü", "y": 1}}, True),
        ({"a": [1, 2]}, {"a": [2, 1]}, False),
        ({"a": 1}, {"a": "1"}, False),
        ({"a": None}, {}, False),
    ],
)
def test_fingerprint_follows_the_content_alone(left: Any, right: Any, equal: bool) -> None:
    assert (fingerprint_of(left) == fingerprint_of(right)) is equal
