"""Callbacks and asset events at the end of an import; runs on each supported version of Airflow."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong._compat import BaseNotifier
from airflow_provider_gong.notifications.call_import import GongCallImportNotifier
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import new_dag
from tests.scenario.test_dag_shapes import AIRFLOW
from tests.support.recordings import manifest_row, write_night

if TYPE_CHECKING:
    from airflow_provider_gong.notifications.outcome import CallImportOutcome
    from tests.scenario.support import RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")

needs_callbacks = pytest.mark.skipif(
    (3, 0) <= AIRFLOW.release[:2] <= (3, 2), reason="before Airflow 3.3, DAG.test of Airflow 3 calls no callbacks"
)
HOSTILE = "</td><script>alert(1)</script> {{ 7 * 7 }} <!channel> \u202e"


class Told(BaseNotifier):
    """Notes what it would send."""

    def __init__(self, outcome: CallImportOutcome, sent: list[CallImportOutcome]) -> None:
        super().__init__()
        self._outcome, self._sent = outcome, sent

    def notify(self, context: Any) -> None:
        self._sent.append(self._outcome)


def calls_asset() -> Any:
    """Return the asset of a company's calls, which Airflow 2 calls a dataset."""
    if AIRFLOW.major == 2:
        return import_module("airflow.datasets").Dataset("gong://us-12345/calls")
    return import_module("airflow.sdk").Asset("gong://us-12345/calls")


def wrong_night(folder: Path) -> Path:
    return write_night(folder, [manifest_row(1), manifest_row(2, direction="sideways", title=HOSTILE)])


@needs_callbacks
@pytest.mark.parametrize("max_failed", [0, 1])
def test_rejected_rows_are_told_whether_the_run_fails_or_not(run_dag: RunDag, tmp_path: Path, max_failed: int) -> None:
    sent: list[CallImportOutcome] = []
    with new_dag(f"told_{max_failed}", default_args={"on_failure_callback": lambda context: None}) as dag:
        gong_call_import(
            str(wrong_night(tmp_path)),
            report_path=str(tmp_path / "report"),
            max_failed=max_failed,
            notifiers=[GongCallImportNotifier(lambda outcome: Told(outcome, sent))],
        )
    assert run_dag(dag).state == ("success" if max_failed else "failed")
    (outcome,) = sent
    assert outcome.verdict == "1 of 2 rows is wrong"
    assert outcome.report == f"{tmp_path}/report/report.html"
    assert "<script" not in outcome.html
    assert "<!" not in outcome.slack_text
    assert "{{ 7 * 7 }}" in outcome.text


@needs_callbacks
def test_a_plan_without_a_manifest_is_told(run_dag: RunDag, tmp_path: Path) -> None:
    sent: list[CallImportOutcome] = []
    with new_dag("told_missing") as dag:
        gong_call_import(
            str(tmp_path / "missing.csv"), notifiers=[GongCallImportNotifier(lambda outcome: Told(outcome, sent))]
        )
    assert run_dag(dag).state == "failed"
    (outcome,) = sent
    assert outcome.verdict == "failed without a report"
    # Where the report runs even after a failed plan, it leads to the plan's log.
    assert ("missing.csv" if AIRFLOW.major > 2 else "error in the plan task's log") in outcome.counts


@pytest.mark.parametrize(("event_on", "state"), [("success", "skipped"), ("end", "success")])
def test_the_event_is_published_if_asked(run_dag: RunDag, tmp_path: Path, event_on: Any, state: str) -> None:
    with new_dag(f"event_{event_on}") as dag:
        gong_call_import(str(wrong_night(tmp_path)), outlets=[calls_asset()], event_on=event_on)
    run = run_dag(dag)
    assert run.state == "failed"
    (event,) = [ti for ti in run.get_task_instances() if ti.task_id.endswith("event")]
    assert str(event.state) == state
    if state == "success":
        extra = event.xcom_pull(task_ids=event.task_id)
        assert (extra["rows"], extra["wrong"], extra["states"]) == (2, 1, {"verified": 1, "rejected": 1})
