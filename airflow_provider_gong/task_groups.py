"""Task groups that compose the operators."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

from airflow_provider_gong._choices import check_list, whole_number
from airflow_provider_gong._compat import TaskGroup
from airflow_provider_gong.call_export.choices import FileFormatName, OnShrinkName, share_of_requests
from airflow_provider_gong.call_export.days import day_of, duration_of
from airflow_provider_gong.call_import.choices import (
    EventOn,
    EventOnName,
    MediaModeName,
    OnExistingName,
    OnRejected,
    OnRejectedName,
)
from airflow_provider_gong.operators._call_import_end import notify_of_end
from airflow_provider_gong.operators._call_import_group import CallImportGroup, report_rule
from airflow_provider_gong.operators.call_export import (
    GongPlanCallExportOperator,
    GongReadCallExportOperator,
    GongReportCallExportOperator,
)
from airflow_provider_gong.operators.call_import import (
    GongPlanCallImportOperator,
    GongReportCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)
from airflow_provider_gong.operators.call_import_event import event_after

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context, Place, XComArg
    from airflow_provider_gong.call_import.manifest.column_map import Columns

# Later tasks of a group need the result, whatever the DAG's default_args say.
_KEEPS_RESULT: dict[str, Any] = {"do_xcom_push": True}


class PlanOptions(TypedDict, total=False):
    """Options of ``GongPlanCallImportOperator``, which documents them."""

    columns: Columns | None
    name_template: str | None
    sidecar: str | None
    media_mode: MediaModeName
    media_base: Place | None
    host_overrides: Place | None
    default_primary_user: str | None
    on_rejected: OnRejectedName
    strict: bool
    report_path: Place | None


class UploadOptions(TypedDict, total=False):
    """Options of ``GongUploadCallImportOperator``, which documents them."""

    on_existing: OnExistingName
    in_flight: int
    report_path: Place | None


class VerifyOptions(TypedDict, total=False):
    """Options of ``GongVerifyCallImportOperator``, which documents them."""

    verify_timeout: float | timedelta


class ReportOptions(TypedDict, total=False):
    """Options of ``GongReportCallImportOperator``, which documents them."""

    report_path: Place | None
    max_failed: int


class SharedOptions(TypedDict, total=False):
    """Options of all operators of an import, which document them."""

    gong_conn_id: str
    import_path: Place | None


class CallImportOptions(PlanOptions, UploadOptions, VerifyOptions, ReportOptions, SharedOptions, total=False):
    """Keyword options of the operators of an import, documented by each operator."""

    deferrable: bool | None


class CallExportOptions(TypedDict, total=False):
    """What is exported, as documented by ``GongCallsToObjectStorageOperator``."""

    gong_conn_id: str
    tables: Sequence[str] | None
    file_format: FileFormatName
    include_private: bool
    exclude_columns: Sequence[str]
    workspace_id: str | None
    primary_user_ids: Sequence[str] | XComArg | None
    on_shrink: OnShrinkName


def gong_call_import(
    manifest: Place | Sequence[Any] | XComArg,
    *,
    group_id: str = "gong_call_import",
    import_id: str | None = None,
    workers: int = 1,
    canary: int | None = None,
    dry_run: bool = False,
    outlets: Sequence[Any] = (),
    event_on: EventOnName = "success",
    notifiers: Sequence[Callable[[Context], Any]] = (),
    **options: Unpack[CallImportOptions],
) -> CallImportGroup:
    """
    Import the calls of a manifest into Gong, as a group of tasks: plan, upload, verify, report.

    Call this function inside a DAG, or in a mapped task group to import several manifests. Each task can be retried or
    cleared at any time: the import resumes where it stopped, and each call in the manifest ends up in Gong once. If an
    upstream task is skipped, so is the group.

    :param manifest: the manifest, as for ``GongPlanCallImportOperator`` (templated)
    :param group_id: id of the task group
    :param import_id: id of the import (templated); default: a separate import for each DAG run and each map index of a
        mapped task group
    :param workers: number of upload tasks that share the rows, on any hosts that share the store; 1 in a mapped task
        group, because Airflow does not allow mapped tasks there
    :param canary: number of rows to upload and verify first; unless all of them arrive, no other rows are sent
    :param dry_run: only run the plan; nothing is sent to Gong or written to the store
    :param outlets: assets that get an event when the import has finished, such as ``Asset("gong://us-12345/calls")``
    :param event_on: ``success`` publishes the event if at most ``max_failed`` rows are wrong; ``end`` publishes it
        however many rows are wrong
    :param notifiers: callbacks for the end of the import, whether it succeeded or failed, such as
        ``GongCallImportNotifier``
    :param options: options of ``GongPlanCallImportOperator`` (``columns``, ``name_template``, ``sidecar``,
        ``media_mode``, ``media_base``, ``host_overrides``, ``default_primary_user``, ``on_rejected``, ``strict``),
        ``GongUploadCallImportOperator`` (``on_existing``, ``in_flight``), ``GongVerifyCallImportOperator``
        (``verify_timeout``) and ``GongReportCallImportOperator`` (``report_path``, ``max_failed``), and of all of them
        (``gong_conn_id``, ``import_path``, ``deferrable``)
    :return: the task group, with its tasks and their results as attributes
    :raises ValueError: for an unknown choice, an invalid number, list or flag, several workers with ``import_path`` or
        in a mapped task group, or one ``report_path`` for all of a mapped task group
    """
    _check(options, workers, canary)
    EventOn.of("event_on", event_on)
    check_list("outlets", outlets, "assets", lambda outlet: not isinstance(outlet, str))
    check_list("notifiers", notifiers, "callbacks", callable)
    group = CallImportGroup(group_id=group_id)
    with group:
        is_mapped = _check_mapping(group, workers)
        if is_mapped:
            _check_report_path(options.get("report_path"))
        index = "__{{ ti.map_index }}" if is_mapped else ""
        identity = import_id or f"{{{{ dag.dag_id }}}}__{{{{ run_id }}}}__{group.group_id}{index}"
        shared: dict[str, Any] = {"import_id": identity, **_chosen(options, SharedOptions)}
        waiting: dict[str, Any] = {"deferrable": options["deferrable"]} if "deferrable" in options else {}
        plan = group.plan = GongPlanCallImportOperator(
            task_id="plan",
            manifest=manifest,
            dry_run=dry_run,
            **_chosen(options, PlanOptions),
            **shared,
            **waiting,
            **_KEEPS_RESULT,
        )
        if dry_run:
            return group
        own = ", map_indexes=ti.map_index" if is_mapped else ""
        planned = f"(ti.xcom_pull(task_ids='{plan.task_id}'{own}) or {{}})"
        shared["store_id"] = f"{{{{ {planned}.get('store_id', '') }}}}"
        sending = {**_chosen(options, UploadOptions), **shared, **waiting}
        reading = {**_chosen(options, VerifyOptions), **shared, **waiting}
        before: Any = plan
        if canary is not None:
            upload_canary = GongUploadCallImportOperator(task_id="upload_canary", canary=canary, **sending)
            before = GongVerifyCallImportOperator(task_id="verify_canary", canary=canary, **reading)
            plan >> upload_canary >> before
        group.upload = _upload(workers, sending)
        group.verify = GongVerifyCallImportOperator(task_id="verify", **reading)
        group.report = GongReportCallImportOperator(
            task_id="report",
            trigger_rule=report_rule(group.dag, options.get("on_rejected", OnRejected.CONTINUE), is_mapped=is_mapped),
            **_chosen(options, ReportOptions),
            **shared,
        )
        before >> group.upload >> group.verify
        [plan, group.verify] >> group.report
        notify_of_end(group.plan, group.report, notifiers)
        if outlets:
            group.report >> event_after(group.report, outlets, event_on)
    return group


def gong_call_export(
    path: Place,
    *,
    group_id: str = "gong_call_export",
    lookback: str | timedelta = "7d",
    sweep: float = 0.08,
    backfill_from: str | date | None = None,
    workers: int = 1,
    daily_requests: int | None = None,
    deferrable: bool | None = None,
    **options: Unpack[CallExportOptions],
) -> TaskGroup:
    """
    Keep an export of calls and transcripts up to date, as a group of tasks: plan, read, report.

    Call this function inside a DAG. The state is kept in the export's folder, so no database is needed. Set
    ``max_active_runs=1`` on the DAG so that its runs do not overlap.

    :param path: folder of the export, on any object storage that Airflow supports (templated)
    :param group_id: id of the task group
    :param lookback: every run reads the days that started within this time, such as ``7d`` or a ``timedelta``
    :param sweep: share of ``daily_requests`` used to read all other days again, each within 30 days if the share is
        large enough. This finds calls that Gong shows late, changes or deletes; 0 turns it off
    :param backfill_from: first day of the export, such as ``2023-01-01`` (templated); default: the first exported day,
        or the first day of the lookback
    :param workers: number of tasks that read days in parallel, on any hosts; with more than one, a task ``settle`` then
        checks the missing calls of the run as a whole
    :param daily_requests: maximum number of requests of the export in 24 hours; default: all that the connection allows
    :param deferrable: wait in the triggerer while the requests are used up; default: Airflow's setting
    :param options: what is exported, as ``GongCallsToObjectStorageOperator`` documents it: ``tables``, ``file_format``,
        ``include_private``, ``exclude_columns``, ``workspace_id``, ``primary_user_ids``, ``on_shrink``,
        ``gong_conn_id``
    :return: the task group
    :raises ValueError: for an unknown choice, an invalid number, duration or day, or several workers in a mapped task
        group
    """
    _refuse_unknown("gong_call_export", options, CallExportOptions)
    whole_number("workers", workers, at_least=1)
    if daily_requests is not None:
        whole_number("daily_requests", daily_requests, at_least=workers)
    share_of_requests("sweep", sweep)
    duration_of("lookback", lookback)
    if backfill_from and not hasattr(backfill_from, "resolve") and "{" not in str(backfill_from):
        day_of("backfill_from", backfill_from)
    common: dict[str, Any] = {"path": path, **options}
    with TaskGroup(group_id=group_id) as group:
        _check_mapping(group, workers)
        plan = GongPlanCallExportOperator(
            task_id="plan",
            lookback=lookback,
            sweep=sweep,
            backfill_from=backfill_from,
            daily_requests=daily_requests,
            workers=workers,
            **common,
            **_KEEPS_RESULT,
        )
        share = None if daily_requests is None else daily_requests // workers
        reading: dict[str, Any] = {"deferrable": deferrable, "daily_requests": share, **common, **_KEEPS_RESULT}
        if workers == 1:
            read = GongReadCallExportOperator(task_id="read", days=plan.output, **reading)
            results = [read.output]
        else:
            mapped: Any = GongReadCallExportOperator.partial(task_id="read", leaves_shrunk=True, **reading)
            mapped = mapped.expand(days=plan.output)
            settle = GongReadCallExportOperator(task_id="settle", days=[], **reading)
            mapped >> settle
            results = [mapped.output, settle.output]
        GongReportCallExportOperator(task_id="report", results=results, **common)
    return group


def _check(options: CallImportOptions, workers: int, canary: int | None) -> None:
    _refuse_unknown("gong_call_import", options, CallImportOptions)
    whole_number("workers", workers, at_least=1)
    if canary is not None:
        whole_number("canary", canary, at_least=1)
    if workers > 1 and options.get("import_path") is not None:
        shared = "requires a shared database (store_conn_id); import_path allows one worker"
        raise ValueError(f"workers={workers} {shared}.")


def _refuse_unknown(function: str, options: Iterable[str], known: type[Any]) -> None:
    for name in options:
        if name not in known.__annotations__:
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}")


def _check_mapping(group: TaskGroup, workers: int) -> bool:
    """Return whether the group is in a mapped task group, in which no task can be mapped."""
    is_mapped = next(iter(group.iter_mapped_task_groups()), None) is not None
    if is_mapped and workers > 1:
        raise ValueError(
            f"workers={workers} maps a task, which Airflow does not allow in a mapped task group (that of "
            f"{group.group_id!r}). Leave out workers: each index of the mapped group has its own task anyway."
        )
    return is_mapped


def _check_report_path(report_path: Place | None) -> None:
    # Arguments of the mapped task group and results of tasks are neither.
    is_place = isinstance(report_path, str | os.PathLike) or hasattr(report_path, "fs")
    if is_place and "{" not in str(report_path):
        raise ValueError(
            f"report_path={str(report_path)!r} is the same folder for each index of the mapped task group, so their "
            "reports would replace one another. Map it too, or end it with /{{ ti.map_index }}."
        )


def _chosen(options: CallImportOptions, kind: Any) -> dict[str, Any]:
    """Return the options of one kind that were passed; the operators have the defaults of the others."""
    return {name: value for name, value in options.items() if name in kind.__annotations__}


def _upload(workers: int, options: dict[str, Any]) -> Any:
    if workers == 1:
        return GongUploadCallImportOperator(task_id="upload", **options)
    return GongUploadCallImportOperator.partial(task_id="upload", **options).expand(worker=list(range(workers)))
