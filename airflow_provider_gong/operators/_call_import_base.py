"""What the operators of a bulk import share: the ledger of their import."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._operator import GongOperator, required_id
from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.operators._tasks import warn_of_other_hosts
from airflow_provider_gong.store.errors import GongStoreNotSharedError

if TYPE_CHECKING:
    from airflow_provider_gong._choices import Choice
    from airflow_provider_gong._compat import Place
    from airflow_provider_gong.ledger.ledger import Ledger


def check_choice(choices: type[Choice], parameter: str, value: Any) -> None:
    """
    Check a choice when the DAG is parsed. Templates and outputs of tasks are checked later, when their value is known.

    :raises ValueError: if it is none of the choices
    """
    if not hasattr(value, "resolve") and "{{" not in str(value):
        choices.of(parameter, value)


class CallImportOperator(GongOperator):
    """
    Base class of the phases: the connection, the import's id, and its ledger.

    :param import_id: id of the import (templated)
    :param gong_conn_id: Airflow connection to Gong (templated)
    :param store_id: the ``store_id`` in the plan's result, which identifies the plan and its store (templated). A
        worker that uses another store stops before it sends any request. Empty if the plan has no result; None skips
        the check
    :param import_path: folder in an object store in which the import is kept, for workers without a shared database
        (templated); None keeps it in the store of the connection
    """

    template_fields: Sequence[str] = ("import_id", "gong_conn_id", "store_id", "import_path")

    def __init__(
        self,
        *,
        import_id: str,
        gong_conn_id: str = GongHook.default_conn_name,
        store_id: str | None = None,
        import_path: Place | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.import_id = import_id
        self.gong_conn_id = gong_conn_id
        self.store_id = store_id
        self.import_path = import_path

    @cached_property
    def hook(self) -> GongHook:
        """The hook of the connection."""
        return GongHook(self.gong_conn_id, bulk=True)

    def _check_places(self, report_path: Place | None) -> None:
        """
        Check the places where tasks of the import will write, and warn if other hosts cannot see what they write.

        :param report_path: folder of the report; None if none is written
        :raises GongFolderError: if nothing can be written there
        """
        from airflow_provider_gong.hooks.object_storage import ObjectStorage

        storage = ObjectStorage()
        if report_path:
            storage.require_writable("report_path", report_path)
        if self.import_path:
            storage.require_writable("import_path", self.import_path)
        elif not self.hook.store.is_server:
            warn_of_other_hosts(self.hook.store.place)

    @contextlib.contextmanager
    def open_ledger(self, canary: int | None = None) -> Iterator[Ledger]:
        """
        Open the import's ledger.

        :param canary: use only this many of the first planned rows; None for all
        :raises GongImportFailedError: if the plan has no result
        :raises GongStoreNotSharedError: if this worker does not see what the plan wrote
        """
        import_id = required_id("import_id", self.import_id)
        if self.store_id == "":
            raise GongImportFailedError(
                f"The plan of import {import_id} has failed or did not run. Fix the error in the plan task's "
                "log, then clear that task."
            )
        with self.hook, self._whole_ledger(import_id) as ledger:
            if self.store_id is not None and self.store_id.partition(" ")[0] != ledger.store_id:
                folder = str(self.import_path) if self.import_path else None
                raise GongStoreNotSharedError(self.store_id, ledger.store_name, folder)
            yield ledger if canary is None else ledger.first_rows(canary)

    def _whole_ledger(self, import_id: str) -> contextlib.AbstractContextManager[Ledger]:
        company = self.hook.settings.require_company()
        if self.import_path:
            from airflow_provider_gong._compat import ObjectStoragePath
            from airflow_provider_gong.ledger.folder.journaled import journaled_ledger

            return journaled_ledger(ObjectStoragePath(self.import_path), company, import_id)
        from airflow_provider_gong.ledger.ledger import Ledger

        return contextlib.nullcontext(Ledger(self.hook.store, company, import_id))
