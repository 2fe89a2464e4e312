"""The phases of a bulk import of calls: plan, upload, verify, report."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._choices import flag, seconds, whole_number
from airflow_provider_gong._operator import push_keys
from airflow_provider_gong.call_import.choices import (
    MediaMode,
    MediaModeName,
    OnExisting,
    OnExistingName,
    OnRejected,
    OnRejectedName,
)
from airflow_provider_gong.hooks.configuration import REPORT_SERVER, configured
from airflow_provider_gong.links import GongCallImportReportLink, push_report_url
from airflow_provider_gong.operators._call_import_base import CallImportOperator, check_choice
from airflow_provider_gong.operators._tasks import planner_name, run_name
from airflow_provider_gong.operators._waiting import WaitingTask
from airflow_provider_gong.retries import fail_without_retry

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context, Place, XComArg
    from airflow_provider_gong.call_import.manifest.column_map import Columns
    from airflow_provider_gong.ledger.ledger import Ledger

SUMMARY_KEY = "summary"
"""XCom key of the report task's summary, which is set even if the task fails."""

REPORT_PATH_KEY = "report_path"
"""XCom key of the report's folder, which is set even if the report task fails."""


_PLAN_OPTIONS = (
    *("manifest", "columns", "name_template", "sidecar", "media_mode", "media_base", "host_overrides"),
    *("default_primary_user", "on_rejected", "strict"),
)


class GongPlanCallImportOperator(WaitingTask, CallImportOperator):
    """
    Plan a bulk import: check every row of a manifest, and write the rows that can be sent to the ledger.

    Nothing is written to Gong. Reads users (``GET /v2/users``) and checks that the key sees calls (``GET /v2/calls``).

    :param manifest: path, URL or path object of a manifest on any object storage that Airflow supports: CSV, JSON Lines
        (``.jsonl``) or Parquet (``.parquet``), optionally compressed. Also a pattern such as
        ``s3://bucket/2026-*/calls.csv``, a list of these, or a list of rows from an upstream task, which are mappings
        from column to value (templated)
    :param columns: source of each field of the call: a header (``{"title": "Subject"}``), a template (``"{First}
        {Last}"``), a constant (``"=Outbound"``), or a dict with one of these as ``source`` and a map of values
        (``values``) or a date format (``format``). ``"*": "*"`` reads all other fields from the columns with the same
        names, and None leaves out a field
    :param name_template: template that reads fields from the names of recordings, such as
        ``{direction}-{party_1_phone}-{actual_start:%Y%m%d-%H%M%S}-{client_unique_id}.wav``. With this or ``sidecar``,
        the manifest is a folder or a pattern of recordings (templated)
    :param sidecar: path of the JSON or XML file of each recording, such as ``{file_stem}.json`` (templated)
    :param media_mode: ``push`` uploads recordings; ``pull`` lets Gong fetch them, from the https URLs in the manifest
        or from signed URLs of recordings in S3; ``auto`` lets Gong fetch those that it can and uploads the others
        (templated)
    :param media_base: folder that recordings may come from and that relative paths refer to (templated); default: the
        manifest's folder or, in an object store, the manifest's bucket. Required to upload the recordings of rows from
        a task
    :param host_overrides: path or URL of a CSV file with the columns ``manifest_value`` and ``gong_user``, for hosts
        that are named differently in the manifest (templated)
    :param default_primary_user: id or address of the Gong user who hosts calls whose own host is missing, unknown or
        inactive (templated); without it, such rows are rejected
    :param on_rejected: ``continue`` sends the valid rows, ``stop`` fails if any row is wrong (templated)
    :param strict: reject rows with optional cells that cannot be read, instead of leaving out these cells with a
        warning
    :param report_path: folder of the report, which is written later and checked before anything is sent (templated)
    :param dry_run: do not write the ledger
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :return: figures of the plan, ``import_id`` and ``store_id``, number and first 50 of the warnings
    :raises GongFolderError: if nothing can be written to ``import_path`` or ``report_path``
    :raises GongManifestError: if the manifest cannot be read, or does not fit ``columns``
    :raises GongImportRejectedError: with ``on_rejected="stop"``
    """

    template_fields: Sequence[str] = (
        *CallImportOperator.template_fields,
        "manifest",
        "name_template",
        "sidecar",
        "media_base",
        "host_overrides",
        "default_primary_user",
        "media_mode",
        "on_rejected",
        "report_path",
    )
    ui_color = "#e8ddf8"

    def __init__(
        self,
        *,
        manifest: Place | Sequence[Any] | XComArg,
        columns: Columns | None = None,
        name_template: str | None = None,
        sidecar: str | None = None,
        media_mode: MediaModeName = "push",
        media_base: Place | None = None,
        host_overrides: Place | None = None,
        default_primary_user: str | None = None,
        on_rejected: OnRejectedName = "continue",
        strict: bool = False,
        report_path: Place | None = None,
        dry_run: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice(MediaMode, "media_mode", media_mode)
        check_choice(OnRejected, "on_rejected", on_rejected)
        # A task's output is in place when this runs.
        self.manifest: Any = manifest
        self.columns = columns
        self.media_mode = media_mode
        self.name_template = name_template
        self.sidecar = sidecar
        self.media_base = media_base
        self.host_overrides = host_overrides
        self.default_primary_user = default_primary_user
        self.on_rejected = on_rejected
        self.strict = flag("strict", strict)
        self.report_path = report_path
        self.is_dry_run = flag("dry_run", dry_run)

    def work(self, context: Context) -> dict[str, Any]:
        """Plan the import."""
        from airflow_provider_gong.call_import.plan.plan import ImportPlan
        from airflow_provider_gong.hooks.object_storage import ObjectStorage

        settings = self.hook.settings
        self._check_places(self.report_path)
        with self.open_ledger() as ledger:
            plan = ImportPlan(
                ledger,
                self.hook.client,
                storage=ObjectStorage(),
                **{name: getattr(self, name) for name in _PLAN_OPTIONS},
                dry_run=self.is_dry_run,
                timezone=settings.timezone,
                requests_per_second=settings.requests_per_second,
                requests_per_day=settings.requests_per_day - settings.reserved_requests,
                retention_days=settings.retention_days,
                planner=planner_name(context),
            )
            return plan.run()


class GongUploadCallImportOperator(WaitingTask, CallImportOperator):
    """
    Upload the rows of a planned import: create calls (``POST /v2/calls``) and upload their recordings.

    Can be retried and cleared at any time: it resumes where it stopped. It is deferred while the day's requests are
    used up.

    :param on_existing: what happens if Gong already has a call with a row's ``clientUniqueId``: ``resume`` continues a
        call that an earlier attempt created and leaves all others to verification; ``complete`` also uploads the
        recording if another call has none, which is right only if ids never repeat; ``skip`` leaves all of them to
        verification; ``fail`` ends these rows as ``failed`` (templated)
    :param in_flight: number of rows that are sent at the same time
    :param worker: number of this worker, from 0, if several share the import; each needs a different number
    :param canary: send only this many of the first planned rows; None sends all
    :param report_path: folder of the report that is written later, which the task links to (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :return: number of rows by state
    :raises GongError: what keeps all rows from being sent, such as wrong credentials
    """

    template_fields: Sequence[str] = (*CallImportOperator.template_fields, "on_existing", "report_path")
    operator_extra_links = (GongCallImportReportLink(),)
    ui_color = "#d9c6f5"

    def __init__(
        self,
        *,
        on_existing: OnExistingName = "resume",
        in_flight: int = 4,
        worker: int = 0,
        canary: int | None = None,
        report_path: Place | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_choice(OnExisting, "on_existing", on_existing)
        self.on_existing = on_existing
        self.in_flight = whole_number("in_flight", in_flight, at_least=1)
        self.worker = whole_number("worker", worker, at_least=0)
        self.canary = canary if canary is None else whole_number("canary", canary, at_least=1)
        self.report_path = report_path

    def work(self, context: Context) -> dict[str, int]:
        """Upload until no more rows are waiting."""
        if self.report_path:
            push_report_url(context, str(self.report_path), configured(REPORT_SERVER))
        with self.open_ledger(self.canary) as ledger:
            return asyncio.run(self._upload(ledger))

    async def _upload(self, ledger: Ledger) -> dict[str, int]:
        from airflow_provider_gong.call_import.upload.upload import ImportUpload
        from airflow_provider_gong.hooks.object_storage import ObjectStorage

        async with self.hook.async_client() as client:
            upload = ImportUpload(
                ledger,
                client,
                ObjectStorage(),
                owner=f"{self.import_id}/{self.worker if self.canary is None else 'canary'}",
                on_existing=self.on_existing,
                in_flight=self.in_flight,
                reopen=self.worker == 0,
            )
            return await upload.run()


class GongVerifyCallImportOperator(WaitingTask, CallImportOperator):
    """
    Verify an import: read its calls back (``POST /v2/calls/extensive``) until all have appeared or time is up.

    If a call has a row's id but may not be the row's own, it is read as well and compared with the row. If it is not
    found, it is read again after at least 10 minutes, even after ``verify_timeout``, before it counts as a call without
    a recording.

    :param verify_timeout: how long recordings may take to appear after the first check, in seconds or as ``timedelta``
    :param canary: check only this many of the first planned rows, and fail unless all of them are in Gong; None for all
    :param deferrable: wait in the triggerer between two checks; default: Airflow's setting
    :return: number of rows by state
    :raises GongError: if the calls cannot be read at all
    :raises GongImportFailedError: if rows of the plan are lost; with ``canary``, if one of its rows went wrong
    """

    ui_color = "#c9b0f2"

    def __init__(
        self,
        *,
        verify_timeout: float | timedelta = timedelta(hours=6),
        canary: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.verify_timeout = seconds("verify_timeout", verify_timeout)
        self.canary = canary if canary is None else whole_number("canary", canary, at_least=1)

    def work(self, context: Context) -> dict[str, int]:
        """Read calls back, and wait, until all rows have ended."""
        from airflow_provider_gong.call_import.errors import GongImportUnfinishedError
        from airflow_provider_gong.call_import.verify import ImportVerification

        timeout, is_canary = self.verify_timeout, self.canary is not None
        with self.open_ledger(self.canary) as ledger:
            verification = ImportVerification(ledger, self.hook.client, timeout=timeout, is_canary=is_canary)
            while True:
                try:
                    return verification.run()
                except GongImportUnfinishedError as unfinished:
                    self.wait(unfinished)


class GongReportCallImportOperator(CallImportOperator):
    """
    Report the outcome of every row of an import, whether or not the earlier tasks succeeded.

    Succeeds if no row is unfinished, at most ``max_failed`` rows are wrong, and every other row that was not withdrawn
    was read in Gong with its recording, by this import or an earlier one.

    Writes ``report.csv``, ``report.json``, ``report.html``, ``retry.csv`` (rows that can be sent again, as the manifest
    of another import) and ``permanent.csv`` (rows that Gong will not accept, whatever is fixed) to ``report_path``.

    :param report_path: folder on any object storage that Airflow supports (templated); None writes no files
    :param max_failed: maximum number of wrong rows with which the task still succeeds
    :return: rows by state, problems, who needs to act, number of requests
    :raises GongImportFailedError: while rows are unfinished, or if more than ``max_failed`` are wrong
    """

    template_fields: Sequence[str] = (*CallImportOperator.template_fields, "report_path")
    operator_extra_links = (GongCallImportReportLink(),)
    ui_color = "#b99bee"

    def __init__(
        self,
        *,
        report_path: Place | None = None,
        max_failed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.report_path = report_path
        self.max_failed = whole_number("max_failed", max_failed, at_least=0)

    def execute(self, context: Context) -> dict[str, Any]:
        """Write the report."""
        from airflow_provider_gong.call_import.errors import GongImportFailedError
        from airflow_provider_gong.call_import.report.report import ImportReport
        from airflow_provider_gong.call_import.report.summary import require_green
        from airflow_provider_gong.hooks.object_storage import ObjectStorage

        folder: Any = ObjectStorage().path(self.report_path) if self.report_path else None
        with fail_without_retry(), self.open_ledger() as ledger:
            mode, zone = self.hook.settings.report_mode, self.hook.settings.timezone
            report = ImportReport(ledger, folder=folder, file_mode=mode, zone=zone, dag_run=run_name(context))
            summary = report.run()
            # A failed task has no result, and this one may fail on purpose.
            context["ti"].xcom_push(key=SUMMARY_KEY, value=summary)
            if self.report_path:
                context["ti"].xcom_push(key=REPORT_PATH_KEY, value=str(self.report_path))
                push_report_url(context, str(self.report_path), configured(REPORT_SERVER))
            try:
                require_green(summary, self.max_failed)
            except GongImportFailedError:
                # Other tasks use the result by its keys, for example those that run in any case.
                push_keys(context, summary)
                raise
        return summary
