"""What operators of exports share: the connection, the folder, and what is exported."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._choices import flag
from airflow_provider_gong._operator import GongOperator
from airflow_provider_gong.call_export.choices import FileFormat, FileFormatName, OnShrink, OnShrinkName
from airflow_provider_gong.hooks.gong import GongHook

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context, Place, XComArg
    from airflow_provider_gong.call_export.export import CallExport


class CallExportOperator(GongOperator):
    """
    What operators of exports share.

    :param path: folder of the export, on any object storage that Airflow supports (templated)
    :param tables: names of the tables to write; default: all
    :param file_format: ``parquet`` or ``jsonl``
    :param include_private: also export private calls
    :param exclude_columns: columns to leave out, such as ``email_address`` or ``calls.brief``
    :param workspace_id: export only the calls of this workspace (templated)
    :param primary_user_ids: export only the calls that these users host (templated)
    :param on_shrink: what to do when so many calls are missing that the access key is the more likely reason: ``fail``
        deletes nothing and fails, ``keep`` deletes nothing and succeeds, ``accept`` deletes them
    :param gong_conn_id: Airflow connection to Gong (templated)
    """

    template_fields: Sequence[str] = ("path", "workspace_id", "primary_user_ids", "gong_conn_id")

    def __init__(
        self,
        *,
        path: Place,
        tables: Sequence[str] | None = None,
        file_format: FileFormatName = "parquet",
        include_private: bool = False,
        exclude_columns: Sequence[str] = (),
        workspace_id: str | None = None,
        primary_user_ids: Sequence[str] | XComArg | None = None,
        on_shrink: OnShrinkName = "fail",
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.tables = tables
        self.file_format = FileFormat.of("file_format", file_format)
        self.include_private = flag("include_private", include_private)
        self.exclude_columns = exclude_columns
        self.workspace_id = workspace_id
        # A task's output is in place when this runs.
        self.primary_user_ids: Any = primary_user_ids
        self.on_shrink = OnShrink.of("on_shrink", on_shrink)
        self.gong_conn_id = gong_conn_id

    @cached_property
    def hook(self) -> GongHook:
        """The hook of the connection, which leaves the reserved requests of the day to others."""
        return GongHook(self.gong_conn_id, bulk=True)

    @contextmanager
    def opened_hook(self) -> Iterator[GongHook]:
        """Use the hook, and close it afterwards."""
        with self.hook as hook:
            yield hook

    @property
    def export(self) -> CallExport:
        """
        The export.

        :raises GongExportSettingsError: for an unknown table or column
        """
        from airflow_provider_gong.call_export.export import CallExport
        from airflow_provider_gong.call_export.settings import ExportSettings
        from airflow_provider_gong.call_export.tables.catalogue import DEFAULT_TABLES
        from airflow_provider_gong.hooks.export_folder import export_folder

        settings = ExportSettings.of(
            tables=DEFAULT_TABLES if self.tables is None else self.tables,
            file_format=self.file_format,
            include_private=self.include_private,
            exclude_columns=self.exclude_columns,
            workspace_id=self.workspace_id,
            primary_user_ids=self.primary_user_ids,
        )
        return CallExport(export_folder(self.path), settings, self.hook.settings.require_company(), self.on_shrink)

    def read_days(
        self,
        context: Context,
        days: Sequence[date],
        *,
        worker: str,
        daily_requests: int | None = None,
        keeps_notes: bool = True,
        leaves_shrunk: bool = False,
    ) -> dict[str, Any]:
        """Read days of the export, except those that an earlier attempt of this run has read."""
        export = self.export
        export.folder.require_writable()
        with self.opened_hook() as hook:
            return export.read(
                hook.client,
                days,
                worker=worker,
                since=getattr(context.get("dag_run"), "start_date", None),
                daily_requests=daily_requests,
                keeps_notes=keeps_notes,
                leaves_shrunk=leaves_shrunk,
            )
