"""Calls and transcripts from Gong into any object storage."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong.operators._call_export import CallExportOperator
from airflow_provider_gong.operators._waiting import WaitingTask

if TYPE_CHECKING:
    from datetime import date

    from airflow_provider_gong._compat import Context


class GongCallsToObjectStorageOperator(WaitingTask, CallExportOperator):
    """
    Export the calls and transcripts of an interval to files on any object storage.

    All UTC days that overlap the interval are read completely (``POST /v2/calls/extensive``, ``POST
    /v2/calls/transcript``), and the files of these days are replaced, such as
    ``<path>/calls/started_date=2026-11-20/part-0.parquet``. Days that have not changed are not written. Can be run
    again at any time.

    Calls can appear late, on days that were already exported. To keep an export up to date, use
    :func:`airflow_provider_gong.task_groups.gong_call_export`.

    .. seealso:: ``docs/call_export.md``

    :param path: folder of the export, on any object storage that Airflow supports (templated)
    :param since: start of the interval, a date or a time (templated); default: the start of the run's data interval
    :param until: end of the interval, which is not included (templated); default: the end of the run's data interval
    :param tables: names of the tables to write; default: all
    :param file_format: ``parquet`` or ``jsonl``
    :param include_private: also export private calls
    :param exclude_columns: columns to leave out, such as ``email_address`` or ``calls.brief``
    :param workspace_id: export only the calls of this workspace (templated)
    :param primary_user_ids: export only the calls that these users host (templated)
    :param on_shrink: what to do when so many calls are missing that the access key is the more likely reason: ``fail``
        deletes nothing and fails, ``keep`` deletes nothing and succeeds, ``accept`` deletes them
    :param gong_conn_id: Airflow connection to Gong (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :return: days read and changed, rows by table, requests, missing transcripts, suspects, path of the manifests
    :raises GongExportSettingsError: for wrong settings, an empty interval, or a folder of another export
    :raises GongExportShrinkError: if so many calls are missing that the access key is the more likely reason
    """

    template_fields: Sequence[str] = (*CallExportOperator.template_fields, "since", "until")
    ui_color = "#b9d9f2"

    def __init__(
        self,
        *,
        since: str | date = "{{ data_interval_start }}",
        until: str | date = "{{ data_interval_end }}",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.since = since
        self.until = until

    def work(self, context: Context) -> dict[str, Any]:
        """Read the days of the interval."""
        from airflow_provider_gong.call_export.days import days_of

        # Other tasks of the same run may export to the same folder.
        worker = f"{self.task_id}-{context['ti'].map_index}"
        return self.read_days(context, days_of(self.since, self.until), worker=worker, keeps_notes=False)
