"""Finds the days that have changed since the previous run of an export's consumer."""

from __future__ import annotations

from typing import Any

from airflow_provider_gong.call_export.storage.folder import MANIFESTS, ExportFolder

_CONSUMERS = f"{MANIFESTS}/_consumers"


def days_changed_for(folder: ExportFolder, consumer: str, run: str) -> list[str]:
    """
    Return the days whose rows have changed since a consumer's previous run, no matter which run changed them.

    This includes days written by a run that failed later, by hand, or by another DAG. A retry of the same run returns
    the same days again, and those that have changed meanwhile.

    :param consumer: name of the consumer, such as the ids of a DAG and its task
    :param run: the run of the consumer
    """
    path = f"{_CONSUMERS}/{consumer}.json"
    told: dict[str, Any] = folder.read_json(path) or {}
    known = told.get("days", {})
    now = {
        manifest.day.isoformat(): manifest.changed_at.isoformat()
        for manifest in folder.manifests()
        if manifest.is_complete and manifest.changed_at is not None
    }
    again = told.get("changed", []) if told.get("run") == run else []
    changed = sorted({*again, *(day for day, moment in now.items() if known.get(day) != moment)})
    document = {"run": run, "changed": changed, "days": {**known, **now}}
    if document != told:
        folder.write_json(path, document)
    return changed
