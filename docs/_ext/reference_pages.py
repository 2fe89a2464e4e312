"""Writes one page for each class that a DAG uses, and the Python reference, from the docstrings."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx

PACKAGE = "airflow_provider_gong"
PROJECT = Path(__file__).resolve().parents[2]
FOLDER = PROJECT / "docs" / "reference"
CALL_IMPORT, CALL_EXPORT = ("call_import", "Importing calls in bulk"), ("call_export", "Export")
CALLS, MEETINGS, ALERTS = ("calls", "Single calls"), ("meetings", "Meetings"), ("alerts", "Alerts and events")


@dataclass(frozen=True)
class Page:
    """
    A page of the reference.

    :param kind: heading in the index
    :param name: what it documents, below the package
    :param guide: page and title of the guide
    :param example: example DAG, without ``example_gong_``, whose code is between markers of the same name
    """

    kind: str
    name: str
    guide: tuple[str, str]
    example: str

    @property
    def title(self) -> str:
        """The last part of the name."""
        return self.name.rpartition(".")[2]


def _pages(kind: str, module: str, guide: tuple[str, str], **examples: str) -> list[Page]:
    return [Page(kind, f"{module}.{name}", guide, example) for name, example in examples.items()]


PAGES = [
    *_pages("Task groups", "task_groups", CALL_IMPORT, gong_call_import="nightly_call_import"),
    *_pages("Task groups", "task_groups", CALL_EXPORT, gong_call_export="export_to_warehouse"),
    *_pages(
        "Operators",
        "operators.call_import",
        CALL_IMPORT,
        GongPlanCallImportOperator="import_in_tasks",
        GongUploadCallImportOperator="import_in_tasks",
        GongVerifyCallImportOperator="import_in_tasks",
        GongReportCallImportOperator="import_in_tasks",
    ),
    *_pages("Operators", "operators.call_import_event", ALERTS, GongCallImportEventOperator="import_event"),
    *_pages(
        "Operators",
        "operators.call_export",
        CALL_EXPORT,
        GongPlanCallExportOperator="export_to_warehouse",
        GongReadCallExportOperator="export_to_warehouse",
        GongReportCallExportOperator="export_to_warehouse",
    ),
    *_pages(
        "Operators",
        "operators.calls",
        CALLS,
        GongUploadCallOperator="upload_call",
        GongCreateCallOperator="create_call",
        GongUploadCallMediaOperator="create_call",
    ),
    *_pages(
        "Operators",
        "operators.meetings",
        MEETINGS,
        GongCreateMeetingOperator="meeting",
        GongUpdateMeetingOperator="meeting",
        GongDeleteMeetingOperator="meeting",
        GongMeetingIntegrationStatusOperator="meeting",
    ),
    *_pages(
        "Transfers",
        "transfers.calls_to_object_storage",
        CALL_EXPORT,
        GongCallsToObjectStorageOperator="export_interval",
    ),
    *_pages(
        "Transfers",
        "transfers.reference_to_object_storage",
        CALL_EXPORT,
        GongReferenceToObjectStorageOperator="export_to_warehouse",
    ),
    *_pages("Sensors", "sensors.calls", CALLS, GongCallProcessedSensor="upload_call"),
    *_pages("Triggers", "triggers.calls", CALLS, GongCallProcessedTrigger="upload_call"),
    *_pages("Triggers", "triggers.timer", ("budget", "The request budget"), GongTimerTrigger="nightly_call_import"),
    *_pages("Hook", "hooks.gong", ("reading", "Reading from Gong"), GongHook="create_call"),
    *_pages("Notifiers", "notifications.call_import", ALERTS, GongCallImportNotifier="import_alerts"),
]

PYTHON = {
    "The client": ("client.clients", ("GongClient", "AsyncGongClient")),
    "Calls": ("client.resources.calls", ("Calls",)),
    "Meetings": ("client.resources.meetings", ("Meetings",)),
    "Users": ("client.resources.users", ("Users",)),
    "Workspaces": ("client.resources.workspaces", ("Workspaces",)),
    "Outcome of an import": ("notifications.outcome", ("CallImportOutcome",)),
    "Retries": ("retries", ("gong_retries", "fail_without_retry")),
    "Assets": ("assets", ("create_asset", "sanitize_uri")),
    "Links": ("links", ("GongCallLink",)),
    "The emulator": ("emulator", ("running_emulator", "RunningEmulator", "EmulatorSettings", "Fault", "ManualClock")),
}


def setup(app: Sphinx) -> dict[str, Any]:
    """Write the pages before Sphinx reads any."""
    app.connect("builder-inited", lambda _: write_pages())
    return {"parallel_read_safe": True, "parallel_write_safe": True}


def write_pages() -> None:
    """Write the pages that are not up to date, and delete those of classes that are gone."""
    texts = {page.title: _page(page) for page in PAGES} | {"index": _index(), "python": _python()}
    FOLDER.mkdir(exist_ok=True)
    for path in set(FOLDER.glob("*.md")) - {FOLDER / f"{name}.md" for name in texts}:
        path.unlink()
    for name, text in texts.items():
        path = FOLDER / f"{name}.md"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _index() -> str:
    parts = ["# Reference\n\nEach page has the parameters from the docstring, and a DAG that the tests run.\n"]
    for kind in dict.fromkeys(page.kind for page in PAGES):
        names = "\n".join(page.title for page in PAGES if page.kind == kind)
        parts.append(f"## {kind}\n\n```{{toctree}}\n:maxdepth: 1\n\n{names}\n```\n")
    parts.append("## Python\n\n```{toctree}\n:maxdepth: 1\n\npython\n```\n")
    return "\n".join(parts)


def _page(page: Page) -> str:
    member = _member(page.name)
    guide, title = page.guide
    parts = [f"# {page.title}\n", f"`{PACKAGE}.{page.name}`. Guide: [{title}](../{guide}.md).\n"]
    parts.append(_documented(page.name, "function" if inspect.isfunction(member) else "class"))
    bases = list(_bases_with_parameters(member))
    if bases:
        parts.append("## Parameters of all tasks of this kind\n\nAnd those of every Airflow task.\n")
        parts += [_documented(base, "class", "no-index") for base in bases]
    marker = f"howto_gong_{page.example}"
    parts.append(
        f"## Example\n\nFrom `example_dags/example_gong_{page.example}.py`, which the tests run:\n\n"
        f"```{{literalinclude}} ../../example_dags/example_gong_{page.example}.py\n:language: python\n"
        f':start-after: "[START {marker}]"\n:end-before: "[END {marker}]"\n```\n'
    )
    return "\n".join(parts)


def _python() -> str:
    parts = ["# Python reference\n", "Errors are on [a page of their own](../errors.md).\n"]
    for title, (module, names) in PYTHON.items():
        parts.append(f"## {title}\n\n`{PACKAGE}.{module}`\n")
        for name in names:
            is_class = inspect.isclass(_member(f"{module}.{name}"))
            parts.append(_documented(f"{module}.{name}", "class" if is_class else "function", *["members"] * is_class))
    return "\n".join(parts)


def _documented(name: str, kind: str, *options: str) -> str:
    lines = "".join(f"   :{option}:\n" for option in options)
    return f"```{{eval-rst}}\n.. auto{kind}:: {PACKAGE}.{name}\n{lines}```\n"


def _member(name: str) -> Any:
    module, _, member = name.rpartition(".")
    return getattr(import_module(f"{PACKAGE}.{module}"), member)


def _bases_with_parameters(member: Any) -> Iterator[str]:
    for base in getattr(member, "__mro__", (None,))[1:]:
        if base.__module__.startswith(PACKAGE) and ":param" in (base.__doc__ or ""):
            yield f"{base.__module__.removeprefix(PACKAGE + '.')}.{base.__qualname__}"
