"""What the operators of a bulk import share: the ledger of their import."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import BaseOperator
from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.store.errors import GongStoreNotSharedError

if TYPE_CHECKING:
    from airflow_provider_gong.store.ledger import Ledger


class CallImportOperator(BaseOperator):
    """
    What the phases share: the connection, the import's identity, and its ledger.

    :param import_id: identity of the import (templated)
    :param gong_conn_id: Airflow connection to Gong
    :param store_id: identity of the store that the plan has written, its result ``store_id`` (templated): a worker that
        sees another store stops before any request. Empty if the plan has no result; None skips the check
    """

    template_fields: Sequence[str] = ("import_id", "gong_conn_id", "store_id")

    def __init__(
        self,
        *,
        import_id: str,
        gong_conn_id: str = GongHook.default_conn_name,
        store_id: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.import_id = import_id
        self.gong_conn_id = gong_conn_id
        self.store_id = store_id

    @cached_property
    def hook(self) -> GongHook:
        """The hook of the connection."""
        return GongHook(self.gong_conn_id, bulk=True)

    def open_ledger(self, canary: int | None = None) -> Ledger:
        """
        Return the import's ledger.

        :param canary: only its first so many planned rows; None for all
        :raises GongImportFailedError: if the plan has no result
        :raises GongStoreNotSharedError: if this worker sees another store than the plan has written
        """
        from airflow_provider_gong.store.ledger import Ledger

        if self.store_id == "":
            raise GongImportFailedError(
                f"The plan of import {self.import_id} has failed or did not run. Mend what the log of the plan task "
                "says, and clear it."
            )
        store = self.hook.store
        if self.store_id is not None and self.store_id != store.id:
            raise GongStoreNotSharedError(self.store_id, store.id)
        ledger = Ledger(store, self.hook.settings.import_company, self.import_id)
        return ledger if canary is None else ledger.first_rows(canary)
