"""Task groups that compose the operators."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import TaskGroup
from airflow_provider_gong.operators.call_import import (
    DEFAULT_VERIFY_TIMEOUT,
    GongPlanCallImportOperator,
    GongReportCallImportOperator,
    GongUploadCallImportOperator,
    GongVerifyCallImportOperator,
)

if TYPE_CHECKING:
    from airflow_provider_gong._compat import XComArg


def gong_call_import(
    manifest: str | Sequence[Any] | XComArg,
    *,
    gong_conn_id: str = "gong_default",
    group_id: str = "gong_call_import",
    import_id: str | None = None,
    columns: Mapping[str, str] | None = None,
    report_path: str | None = None,
    import_path: str | None = None,
    media_mode: str = "push",
    on_rejected: str = "continue",
    on_existing: str = "resume",
    max_failed: int = 0,
    workers: int = 1,
    canary: int | None = None,
    verify_timeout: float | timedelta = DEFAULT_VERIFY_TIMEOUT,
    media_base: str | None = None,
    host_overrides: str | None = None,
    default_primary_user: str | None = None,
    dry_run: bool = False,
    deferrable: bool | None = None,
) -> TaskGroup:
    """
    Import the calls of a manifest into Gong, as a group of tasks: plan, upload, verify, report.

    Call it inside a DAG. Each task may be retried or cleared at any time; the import goes on where it was, and each
    call of the manifest ends up in Gong once.

    :param manifest: path or URL of a manifest on any object storage that Airflow knows: CSV, JSON lines (``.jsonl``) or
        Parquet (``.parquet``); a pattern such as ``s3://bucket/2026-*/calls.csv``, a list of them, or a list of rows as
        an upstream task returns them (``task.output``), which are mappings of column to value (templated)
    :param gong_conn_id: Airflow connection to Gong (templated)
    :param group_id: id of the task group
    :param import_id: identity of the import (templated); default: one import for each DAG run
    :param columns: where fields of the call take their text from, if not from the column of their own name: a header
        (``{"title": "Subject"}``), a template (``"{First} {Last}"``), or a constant (``"=Outbound"``)
    :param report_path: folder for the report's files (templated); None writes none
    :param import_path: folder on any object storage where the import is kept, for workers that share no database, of
        which one at a time works on the import (templated); None keeps it in the store of the connection
    :param media_mode: ``push`` uploads recordings; ``pull`` has Gong fetch them, from the https URLs in the manifest or
        from URLs that are signed for recordings in S3; ``auto`` has Gong fetch what it can, and uploads the others
    :param on_rejected: ``continue`` sends the rows without problems, ``stop`` sends nothing when any row is wrong
    :param on_existing: what becomes of a row whose id has a call in Gong already: ``resume`` goes on with a call that
        an earlier try has created and ends others as ``exists``, ``skip`` ends all so, ``fail`` as ``failed``
    :param max_failed: rows that may have failed or been rejected before the report task fails
    :param workers: number of upload tasks that share the rows, on any hosts that share the store
    :param canary: number of rows to upload and verify first: unless all of them arrive, no other row is sent
    :param verify_timeout: how long recordings may take to appear in Gong, in seconds or as ``timedelta``
    :param media_base: folder that recordings may come from, and that relative paths start at (templated); default: the
        manifest's folder, and for object stores everything in the manifest's bucket. Rows of a task need it to have
        recordings uploaded
    :param host_overrides: path or URL of a CSV file with the columns ``manifest_value`` and ``gong_user``, for hosts
        that manifests call otherwise than Gong (templated)
    :param default_primary_user: id or address of the Gong user who hosts the calls whose own host is not given, is
        unknown to Gong or inactive (templated); without it such rows are rejected
    :param dry_run: only plan, and write nothing anywhere
    :param deferrable: wait in the triggerer; default: Airflow's setting ``[operators] default_deferrable``
    :return: the task group
    :raises ValueError: for an unknown choice, or several workers with ``import_path``
    """
    _check_number("workers", workers)
    if import_path is not None and workers > 1:
        raise ValueError(f"workers={workers} need a database (store_conn_id); with import_path there can be one.")
    _check_number("canary", 1 if canary is None else canary)
    _check_choice("media_mode", media_mode, ("push", "pull", "auto"))
    _check_choice("on_rejected", on_rejected, ("continue", "stop"))
    _check_choice("on_existing", on_existing, ("resume", "skip", "fail"))
    with TaskGroup(group_id=group_id) as group:
        identity = import_id or f"{{{{ dag.dag_id }}}}__{{{{ run_id }}}}__{group.group_id}"
        common: dict[str, Any] = {"gong_conn_id": gong_conn_id, "import_id": identity, "import_path": import_path}
        plan = GongPlanCallImportOperator(
            task_id="plan",
            manifest=manifest,
            columns=columns,
            media_mode=media_mode,
            media_base=media_base,
            host_overrides=host_overrides,
            default_primary_user=default_primary_user,
            on_rejected=on_rejected,
            dry_run=dry_run,
            deferrable=deferrable,
            **common,
        )
        if dry_run:
            return group
        planned = f"(ti.xcom_pull(task_ids='{plan.task_id}') or {{}})"
        common["store_id"] = f"{{{{ {planned}.get('store_id', '') }}}}"
        sending: dict[str, Any] = {"on_existing": on_existing, "deferrable": deferrable, **common}
        reading: dict[str, Any] = {"verify_timeout": verify_timeout, "deferrable": deferrable, **common}
        before: Any = plan
        if canary is not None:
            upload_canary = GongUploadCallImportOperator(task_id="upload_canary", canary=canary, **sending)
            before = GongVerifyCallImportOperator(task_id="verify_canary", canary=canary, **reading)
            plan >> upload_canary >> before
        upload = _upload(workers, sending)
        verify = GongVerifyCallImportOperator(task_id="verify", **reading)
        report = GongReportCallImportOperator(
            task_id="report",
            report_path=report_path,
            max_failed=max_failed,
            trigger_rule="all_done",
            **common,
        )
        before >> upload >> verify >> report
    return group


def _upload(workers: int, options: dict[str, Any]) -> Any:
    if workers == 1:
        return GongUploadCallImportOperator(task_id="upload", **options)
    return GongUploadCallImportOperator.partial(task_id="upload", **options).expand(worker=list(range(workers)))


def _check_number(name: str, value: object) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{name}={value!r} is not a whole number of at least 1.")


def _check_choice(name: str, value: str, allowed: tuple[str, ...]) -> None:
    if value not in allowed:
        raise ValueError(f"{name}={value!r} is not one of {', '.join(allowed)}.")
