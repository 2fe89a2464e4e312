"""Meetings that are created by DAGs: retried, parked, mapped, and continued by a person."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.operators.meetings import GongCreateMeetingOperator
from tests.scenario.support import task_states
from tests.support.budget import spend_the_day
from tests.support.task_state import AttemptNotFoundError, TaskState
from tests.unit.hooks.support import ORGANIZER, meetings_in_gong, new_meeting

if TYPE_CHECKING:
    from airflow.sdk import DAG

    from tests.scenario.support import RunDag

LOST_ANSWER = Fault(action="reset", operation="addMeeting", when="after", nth=1)


class Cleared(GongCreateMeetingOperator):
    """Is run again after each failure, as if somebody had cleared the task."""

    def execute(self, context: Any) -> Any:
        return self._try(lambda: super(Cleared, self).execute(context))

    def execute_complete(self, context: Any, event: Any = None) -> Any:
        return self._try(lambda: super(Cleared, self).execute_complete(context, event))

    def _try(self, work: Callable[[], Any]) -> Any:
        from airflow.sdk.exceptions import AirflowFailException

        try:
            return work()
        except AirflowFailException as error:
            raise RuntimeError(str(error)) from error


def meeting_dag(dag_id: str, between: Iterator[Callable[[str], None]]) -> DAG:
    """
    Return an empty DAG.

    :param between: what somebody does after each failed attempt, given the error
    """
    from airflow.sdk import DAG

    def act(context: Any) -> None:
        next(between)(str(context["exception"]))

    settings = {"retries": 5, "retry_delay": timedelta(0), "on_retry_callback": act}
    return DAG(dag_id, schedule=None, default_args=settings)


def nothing(_: str) -> None:
    """Do nothing."""


def meeting_of(run: Any, task_id: str = "create", map_index: int = -1) -> dict[str, Any]:
    (ti,) = [ti for ti in run.get_task_instances() if (ti.task_id, ti.map_index) == (task_id, map_index)]
    found: dict[str, Any] = ti.xcom_pull(task_ids=task_id, map_indexes=map_index)
    return found


@pytest.fixture
def move(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], None]:
    """Return a function that gives the task another store, as another host has one."""

    def to(name: str) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_GONG_STORE", f"sqlite:///{tmp_path}/{name}.db")

    return to


@pytest.mark.parametrize("found", ["not-created", "the id"])
def test_a_lost_answer_is_resolved_by_a_person(
    gong_emulator: RunningEmulator,
    gong_connection: str,
    run_dag: RunDag,
    move: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
    found: str,
) -> None:
    texts: list[str] = []

    def continue_elsewhere(text: str) -> None:
        texts.append(text)
        move(f"store of host {len(texts)}")

    def resolve(text: str) -> None:
        (token,) = re.findall(r"resolution='(\w+):not-created'", text)
        (meeting,) = meetings_in_gong(gong_emulator)
        answer = meeting["id"] if found == "the id" else found
        monkeypatch.setenv("AIRFLOW_VAR_GONG_RESOLUTION", f"{token}:{answer}")

    gong_emulator.add_faults(LOST_ANSWER)
    with meeting_dag("lost_answer", iter([continue_elsewhere, continue_elsewhere, resolve])) as dag:
        Cleared(task_id="create", resolution="{{ var.value.get('gong_resolution', '') }}", **new_meeting())
    run = run_dag(dag)
    assert task_states(run) == {"create": ("success", 4)}
    assert "The meeting may exist, so retries do not send it again." in texts[0]
    assert "the meeting may exist. It was not sent again." in texts[1]
    assert (
        f"'Kick-off' that starts at 2026-03-09T10:00:00+00:00, in Gong and in the calendar of {ORGANIZER}" in texts[1]
    )
    assert len(gong_emulator.requests("addMeeting")) == (1 if found == "the id" else 2)
    assert meeting_of(run)["meeting_id"] in {meeting["id"] for meeting in meetings_in_gong(gong_emulator)}


def test_a_lost_answer_is_not_retried(gong_emulator: RunningEmulator, gong_connection: str, run_dag: RunDag) -> None:
    gong_emulator.add_faults(LOST_ANSWER)
    with meeting_dag("not_retried", iter([])) as dag:
        GongCreateMeetingOperator(task_id="create", **new_meeting())
    assert task_states(run_dag(dag)) == {"create": ("failed", 1)}
    assert len(gong_emulator.requests("addMeeting")) == 1


def test_a_typo_and_lost_secrets_are_corrected_on_any_host(
    gong_emulator: RunningEmulator,
    gong_connection: str,
    run_dag: RunDag,
    move: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import os

    connection = os.environ["AIRFLOW_CONN_GONG_DEFAULT"]
    monkeypatch.delenv("AIRFLOW_CONN_GONG_DEFAULT")
    monkeypatch.setenv("AIRFLOW_VAR_ORGANIZER", "nobody")

    def bring_secrets_back(_: str) -> None:
        monkeypatch.setenv("AIRFLOW_CONN_GONG_DEFAULT", connection)

    def correct_the_template(_: str) -> None:
        monkeypatch.setenv("AIRFLOW_VAR_TITLE", "Kick-off")

    def correct_the_field(_: str) -> None:
        monkeypatch.setenv("AIRFLOW_VAR_ORGANIZER", ORGANIZER)
        move("another host")

    with meeting_dag("corrected", iter([correct_the_template, correct_the_field, bring_secrets_back])) as dag:
        fields = new_meeting(organizer_email="{{ var.value.organizer }}", title="{{ var.value.title }}")
        Cleared(task_id="create", **fields)
    run = run_dag(dag)
    assert task_states(run) == {"create": ("success", 4)}
    assert len(gong_emulator.requests("addMeeting")) == 1


def test_mapped_meetings_are_retried_one_by_one(
    gong_emulator: RunningEmulator, gong_connection: str, run_dag: RunDag, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_VAR_RESOLUTIONS", "")

    def resolve(text: str) -> None:
        (token,) = re.findall(r"resolution='(\w+):not-created'", text)
        monkeypatch.setenv("AIRFLOW_VAR_RESOLUTIONS", f"{token}:123")

    gong_emulator.add_faults(LOST_ANSWER)
    fields = new_meeting()
    del fields["title"]
    with meeting_dag("mapped", iter([resolve])) as dag:
        partial = Cleared.partial(task_id="create", resolution="{{ var.value.resolutions }}", **fields)
        partial.expand(title=["A", "B", "C"])
    run = run_dag(dag)
    assert run.state == "success"
    assert sorted(meeting["title"] for meeting in meetings_in_gong(gong_emulator)) == ["A", "B", "C"]
    results = [meeting_of(run, map_index=index)["meeting_id"] for index in range(3)]
    assert "123" in results
    assert len(gong_emulator.requests("addMeeting")) == 3


def test_a_parked_meeting_is_created_after_the_wait(
    gong_emulator: RunningEmulator, gong_connection: str, run_dag: RunDag, move: Callable[[str], None]
) -> None:
    spend_the_day(retry_after=1.0)
    with meeting_dag("parked", iter([])) as dag:
        MovesWhenParked(task_id="create", deferrable=True, move=move, **new_meeting())
    assert task_states(run_dag(dag)) == {"create": ("success", 1)}
    assert len(meetings_in_gong(gong_emulator)) == 1


class MovesWhenParked(GongCreateMeetingOperator):
    """Wakes up on another host."""

    def __init__(self, *, move: Callable[[str], None], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.move = move

    def execute_complete(self, context: Any, event: Any = None) -> Any:
        self.move("another host")
        return super().execute_complete(context, event)


def test_the_stand_in_of_the_task_state_store_is_like_airflows(run_dag: RunDag, tmp_path: Path) -> None:
    from airflow.sdk import NEVER_EXPIRE, BaseOperator

    seen: list[list[Any]] = []

    class Probe(BaseOperator):
        """Asks what an attempt sees that Airflow has replaced."""

        replaced: Any = None

        def execute(self, context: Any) -> None:
            state = context["task_state_store"]
            if Probe.replaced is None:
                state.set("key", {"a": [1, None]}, retention=NEVER_EXPIRE)
                Probe.replaced = state
                raise RuntimeError("is replaced")
            seen.append(answers(state, Probe.replaced))

    def answers(state: Any, replaced: Any) -> list[Any]:
        found = [state.get("key"), state.get("nothing"), replaced.get("key")]
        with pytest.raises(Exception, match="Server returned error") as refused:
            replaced.set("key", "from the replaced attempt", retention=NEVER_EXPIRE)
        assert not isinstance(refused.value, AssertionError)
        return [*found, state.get("key")]

    with meeting_dag("probe", iter([nothing])) as dag:
        Probe(task_id="probe")
    assert task_states(run_dag(dag)) == {"probe": ("success", 2)}

    first = TaskState(tmp_path)
    first.set("key", {"a": [1, None]}, retention=NEVER_EXPIRE)
    seen.append(answers(first.next(), first))
    assert seen[0] == seen[1] == [{"a": [1, None]}, None, None, {"a": [1, None]}]
    assert issubclass(AttemptNotFoundError, Exception)
