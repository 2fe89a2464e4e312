"""Errors of the store."""

from __future__ import annotations

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import GongError


class GongStoreError(GongError):
    """The store cannot be used. The message says what to do."""


class GongImportInUseError(GongStoreError):
    """An import cannot be forgotten, because it has unfinished rows or has just been planned."""


class GongOtherPlannerError(GongStoreError):
    """
    Another task has planned the import, and its rows would be withdrawn.

    :param import_id: id of the import
    :param planned_by: the task that has planned it
    :param planner: the task that was going to plan it
    """

    retry_can_help = False

    def __init__(self, import_id: str, planned_by: str, planner: str) -> None:
        super().__init__(
            f"Import {shown(import_id)!r} was planned by {shown(planned_by)}, so {shown(planner)} cannot plan it too: "
            "the rows of the first plan would be withdrawn. Give each plan its own import_id; for a mapped task, "
            "add {{ ti.map_index }} to it."
        )


class GongStoreNotSharedError(GongStoreError):
    """
    A task does not see what the plan of its import wrote.

    :param planned: id and location of what the plan wrote
    :param found: id and location of what this task sees; empty if it sees nothing
    :param import_path: folder of the import, if it is kept in one
    """

    retry_can_help = False

    def __init__(self, planned: str, found: str, import_path: str | None = None) -> None:
        if import_path:
            what = (
                f"The plan {planned} of the import was written to {shown(import_path)}, where this task sees "
                f"{f'plan {found}' if found else 'no plan'}: its workers do not share this folder. Set import_path to "
                "a folder that all workers can reach, such as s3://bucket/gong-imports."
            )
        elif planned.partition("/")[0] == found.partition("/")[0]:
            what = (
                f"The import was planned as {planned}, and the store now holds {found}: the plan was lost or replaced, "
                "for example because an older backup was restored. Clear the plan task; calls that were sent are not "
                "sent again."
            )
        else:
            what = (
                f"The import was planned in store {planned}, but this task uses store {found}: its workers do not "
                "share a store. Set store_conn_id in the extra of the Gong connection to a database that all workers "
                "can reach, set import_path of the import to a folder in object storage, or run all tasks of the "
                "import on one host."
            )
        super().__init__(what)


class JournalTakenOverError(GongStoreError):
    """
    Another task has started to work on an import in a folder, so this one has to stop.

    :param journal: the import's journal
    """

    def __init__(self, journal: str) -> None:
        super().__init__(
            f"Another task has begun to work on the import in {journal}, so this one stops. Only one task at a time "
            "can work on it. To use several workers, set store_conn_id to a shared database instead of import_path."
        )


class LeaseLostError(GongStoreError):
    """Another worker has taken over the row because this one did not renew its lease in time."""
