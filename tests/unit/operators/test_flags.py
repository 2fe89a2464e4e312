"""Parameters that are either True or False, and needed when the DAG is parsed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_gong.notifications.call_import import GongCallImportNotifier
from airflow_provider_gong.operators.call_export import GongPlanCallExportOperator, GongReadCallExportOperator
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator, GongReportCallImportOperator
from airflow_provider_gong.operators.meetings import GongDeleteMeetingOperator, GongMeetingIntegrationStatusOperator
from airflow_provider_gong.sensors.calls import GongCallProcessedSensor

PLAN = {"task_id": "plan", "import_id": "night", "manifest": "manifest.csv"}
FLAGS: dict[str, Callable[[Any], Any]] = {
    "dry_run": lambda value: GongPlanCallImportOperator(dry_run=value, **PLAN),
    "strict": lambda value: GongPlanCallImportOperator(strict=value, **PLAN),
    "include_private": lambda value: GongPlanCallExportOperator(task_id="plan", path="gong", include_private=value),
    "leaves_shrunk": lambda value: GongReadCallExportOperator(
        task_id="read", path="gong", days=[], leaves_shrunk=value
    ),
    "missing_ok": lambda value: GongDeleteMeetingOperator(task_id="delete", meeting_id="1", missing_ok=value),
    "fail_if_not_ready": lambda value: GongMeetingIntegrationStatusOperator(
        task_id="check", emails=[], fail_if_not_ready=value
    ),
    "deferrable": lambda value: GongDeleteMeetingOperator(task_id="delete", meeting_id="1", deferrable=value),
    "deferrable of a sensor": lambda value: GongCallProcessedSensor(task_id="wait", call_id="1", deferrable=value),
    "always": lambda value: GongCallImportNotifier(lambda _: None, always=value),  # type: ignore[arg-type, return-value]
}


@pytest.mark.parametrize("name", FLAGS)
def test_a_flag_may_be_both(name: str) -> None:
    FLAGS[name](True)
    FLAGS[name](False)


@pytest.mark.parametrize("name", FLAGS)
@pytest.mark.parametrize("value", ["False", 0, "{{ params.flag }}"])
def test_a_flag_is_nothing_else(name: str, value: object) -> None:
    """Python takes every text for True: a dry run by such a text would import nothing, without a word."""
    hint = "templates and results of tasks are not possible" if "{{" in str(value) else ""
    with pytest.raises(ValueError, match=rf"^{name.split()[0]}=.* is neither True nor False\..*{hint}"):
        FLAGS[name](value)


def test_a_number_from_a_template_is_explained() -> None:
    with pytest.raises(ValueError, match=r"is not a whole number of at least 0\. It is needed when the DAG is parsed"):
        GongReportCallImportOperator(task_id="report", import_id="night", max_failed="{{ params.wrong }}")
