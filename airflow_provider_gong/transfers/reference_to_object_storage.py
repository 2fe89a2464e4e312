"""Export of users and workspaces to any object storage."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_gong.call_export.choices import FileFormat, FileFormatName
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators._waiting import WaitingTask

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context, Place


class GongReferenceToObjectStorageOperator(WaitingTask):
    """
    Export snapshots to join calls with: users (``GET /v2/users``) and workspaces (``GET /v2/workspaces``).

    Each table is one file, such as ``<path>/users/part-0.parquet``, which is replaced as a whole if it has changed.

    .. seealso:: ``docs/call_export.md``

    :param path: folder of the export, on any object storage that Airflow supports (templated); can be the same as for
        calls
    :param tables: ``users``, ``workspaces``
    :param file_format: ``parquet`` or ``jsonl``
    :param exclude_columns: columns to leave out, such as ``phone_number``
    :param gong_conn_id: Airflow connection to Gong (templated)
    :param deferrable: wait in the triggerer while the company's requests are used up; default: Airflow's setting
    :return: rows by table, and the tables that have changed
    :raises GongExportError: for wrong settings, or if Gong shows no users or workspaces at all
    """

    template_fields: Sequence[str] = ("path", "gong_conn_id")
    ui_color = "#b9d9f2"

    def __init__(
        self,
        *,
        path: Place,
        tables: Sequence[str] = ("users", "workspaces"),
        file_format: FileFormatName = "parquet",
        exclude_columns: Sequence[str] = (),
        gong_conn_id: str = GongHook.default_conn_name,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.path = path
        self.tables = tables
        self.file_format = FileFormat.of("file_format", file_format)
        self.exclude_columns = exclude_columns
        self.gong_conn_id = gong_conn_id

    @cached_property
    def hook(self) -> GongHook:
        """The hook of the connection."""
        return GongHook(self.gong_conn_id, bulk=True)

    def work(self, context: Context) -> dict[str, Any]:
        """Export the tables."""
        from airflow_provider_gong.call_export.reference import export_reference
        from airflow_provider_gong.hooks.export_folder import export_folder

        with self.hook as hook:
            folder = export_folder(self.path)
            folder.require_writable()
            company = hook.settings.require_company()
            return export_reference(folder, hook.client, company, self.tables, self.file_format, self.exclude_columns)
