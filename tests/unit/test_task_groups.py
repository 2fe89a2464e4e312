"""What the group of an import takes, and hands on to its operators."""

from __future__ import annotations

import inspect
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong import task_groups
from airflow_provider_gong._compat import ObjectStoragePath, TaskGroup
from airflow_provider_gong.operators.call_import import (
    GongPlanCallImportOperator,
    GongReportCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)
from airflow_provider_gong.task_groups import gong_call_export, gong_call_import

try:
    from airflow.sdk import DAG, task_group
except ImportError:
    from airflow import DAG
    from airflow.decorators import task_group

KINDS = [
    (task_groups.PlanOptions, GongPlanCallImportOperator),
    (task_groups.UploadOptions, GongUploadCallImportOperator),
    (task_groups.VerifyOptions, GongVerifyCallImportOperator),
    (task_groups.ReportOptions, GongReportCallImportOperator),
]


def build(**options: Any) -> tuple[TaskGroup, dict[str, Any]]:
    """Return the group and its tasks by their names in it."""
    with DAG("imports", schedule=None, default_args=options.pop("default_args", {})) as dag:
        group = gong_call_import("manifest.csv", **options)
    return group, {task_id.partition(".")[2]: dag.get_task(task_id) for task_id in dag.task_dict}


@pytest.mark.parametrize(("kind", "operator"), KINDS)
def test_options_are_declared_like_the_parameters_of_their_operator(kind: Any, operator: Any) -> None:
    parameters = inspect.signature(operator.__init__).parameters
    for name, declared in inspect.get_annotations(kind).items():
        if name in kind.__annotations__.keys() - {"gong_conn_id", "import_path", "deferrable"}:
            annotation = declared.__forward_arg__ if hasattr(declared, "__forward_arg__") else declared
            assert parameters[name].annotation == annotation, name
        assert f":param {name}:" in inspect.getdoc(operator)  # type: ignore[operator]


def test_options_reach_their_operators() -> None:
    _, tasks = build(
        columns={"title": "Subject"},
        media_mode="auto",
        on_existing="skip",
        verify_timeout=timedelta(minutes=5),
        report_path="reports",
        max_failed=3,
        import_path="imports",
        gong_conn_id="gong_eu",
        deferrable=True,
        canary=2,
    )
    assert (tasks["plan"].columns, tasks["plan"].media_mode) == ({"title": "Subject"}, "auto")
    assert (tasks["upload"].on_existing, tasks["upload_canary"].on_existing) == ("skip", "skip")
    assert (tasks["verify"].verify_timeout, tasks["verify_canary"].canary) == (300, 2)
    assert (tasks["report"].report_path, tasks["report"].max_failed) == ("reports", 3)
    assert {task.gong_conn_id for task in tasks.values()} == {"gong_eu"}
    assert {task.import_path for task in tasks.values()} == {"imports"}
    assert {task.deferrable for name, task in tasks.items() if name != "report"} == {True}


def test_what_is_not_given_may_come_from_the_default_arguments_of_the_dag() -> None:
    _, tasks = build(default_args={"gong_conn_id": "gong_eu", "on_existing": "fail"})
    assert (tasks["plan"].gong_conn_id, tasks["upload"].on_existing) == ("gong_eu", "fail")


def test_an_option_that_does_not_exist_is_refused() -> None:
    with pytest.raises(TypeError, match="unexpected keyword argument 'media_modus'"):
        build(media_modus="pull")


@pytest.mark.parametrize(
    "options",
    [
        {"on_rejected": "Stop"},
        {"media_mode": "pul"},
        {"on_existing": "resum"},
        {"max_failed": -1},
        {"max_failed": "0"},
        {"in_flight": 0},
        {"workers": True},
        {"canary": "3"},
        {"verify_timeout": -1},
        {"verify_timeout": "6 h"},
        {"verify_timeout": float("nan")},
        {"verify_timeout": timedelta(-1)},
    ],
)
def test_a_wrong_choice_or_number_is_an_error_when_the_dag_is_parsed(options: Any) -> None:
    ((name, value),) = options.items()
    with pytest.raises(ValueError, match=f"^{name}=") as error:
        build(**options)
    assert repr(value) in str(error.value)


@pytest.mark.parametrize(("name", "allowed"), [("file_format", "parquet, jsonl"), ("on_shrink", "fail, keep, accept")])
def test_a_wrong_choice_of_an_export_is_an_error_when_the_dag_is_parsed(name: str, allowed: str) -> None:
    wrong: Any = {name: "parq"}
    with (
        DAG("wrong_choice", schedule=None),
        pytest.raises(ValueError, match=f"^{name}='parq' is not one of {allowed}"),
    ):
        gong_call_export("/exports/gong", **wrong)


def test_templates_are_checked_when_they_are_known() -> None:
    _, tasks = build(media_mode="{{ params.media_mode }}", on_existing="{{ params.on_existing }}")
    assert "media_mode" in tasks["plan"].template_fields
    assert "on_existing" in tasks["upload"].template_fields


def test_the_group_knows_its_tasks_and_what_they_leave_behind() -> None:
    group, tasks = build(report_path="reports")
    assert isinstance(group, task_groups.CallImportGroup)
    assert (group.plan, group.upload, group.verify, group.report) == tuple(tasks.values())
    assert (group.summary.key, group.report_path.key) == ("summary", "report_path")
    assert group.summary.operator is group.report is group.report_path.operator


def test_the_report_waits_for_the_plan_as_well() -> None:
    _, tasks = build()
    assert tasks["report"].upstream_task_ids == {"gong_call_import.plan", "gong_call_import.verify"}


@pytest.mark.parametrize(
    ("options", "kind"),
    [
        ({"outlets": "gong://us-1/calls"}, "assets"),
        ({"outlets": ["gong://us-1/calls"]}, "assets"),
        ({"outlets": None}, "assets"),
        ({"notifiers": print}, "callbacks"),
        ({"notifiers": ["oncall@example.com"]}, "callbacks"),
    ],
)
def test_what_happens_at_the_end_is_checked_when_the_dag_is_parsed(options: dict[str, Any], kind: str) -> None:
    """Airflow publishes nothing for an outlet that is a text, and says nothing."""
    with pytest.raises(ValueError, match=rf"^{next(iter(options))}=.* is not a list of {kind}\.$"):
        build(**options)


@pytest.mark.parametrize("place", ["s3://reports", Path("/reports"), ObjectStoragePath("file:///reports")])
def test_the_reports_of_a_mapped_group_have_folders_of_their_own(place: Any) -> None:
    def mapped(report_path: Any) -> None:
        with DAG("mapped_reports", schedule=None):

            @task_group
            def one(manifest: Any) -> None:
                gong_call_import(manifest, report_path=report_path)

            one.expand(manifest=["a.csv", "b.csv"])

    mapped(f"{place}/{{{{ ti.map_index }}}}")
    with pytest.raises(ValueError, match=r"report_path='.*reports' is the same folder.*/\{\{ ti\.map_index \}\}"):
        mapped(place)
