"""The connection or the store that a command works on."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from airflow_provider_gong._text import shown
from airflow_provider_gong.commands.options import STORE_VARIABLE, UsageError
from airflow_provider_gong.hooks.object_storage import ObjectStorage
from airflow_provider_gong.store.errors import GongStoreError

if TYPE_CHECKING:
    from airflow_provider_gong.hooks.gong import GongHook
    from airflow_provider_gong.ledger.ledger import Ledger
    from airflow_provider_gong.ledger.view import ImportView
    from airflow_provider_gong.store.database import Store

_CHECK = "Check the import_path of the tasks, and the company of their connection."


class Target:
    """
    The connection or the store on the command line, opened when needed and closed at the end of the block.

    :param conn_id: Airflow connection; by default ``gong_default``, unless a store is given
    :param store: file or URL of a store; by default the one in the environment, unless a connection is given
    :param company: the Gong company; None for the company of the connection
    :raises UsageError: if both a connection and a store are given
    """

    def __init__(self, conn_id: str | None, store: str | None, company: str | None) -> None:
        if conn_id and store:
            raise UsageError("use either --conn-id or --store, not both")
        self._conn_id = conn_id
        self.named_store = store
        self.named_company = company
        self._closing = contextlib.ExitStack()

    def __enter__(self) -> Self:
        from airflow_provider_gong._compat import metadata_database

        self._closing.enter_context(metadata_database())
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.close()

    @cached_property
    def hook(self) -> GongHook:
        """The connection."""
        from airflow_provider_gong.hooks.gong import GongHook

        return self._closing.enter_context(GongHook(self._conn_id or GongHook.default_conn_name))

    @cached_property
    def has_connection(self) -> bool:
        """Whether the store belongs to a connection."""
        return self._store_alone is None

    @cached_property
    def store(self) -> Store:
        """The store; if it is given by name, it must exist, because a mistyped name would create an empty store."""
        from airflow_provider_gong.store.database import Store, file_url

        name = self._store_alone
        if name is None:
            return self.hook.store
        store = Store(name if "://" in name else file_url(Path(name)))
        self._closing.callback(store.close)
        store.require()
        return store

    def journal(self, import_path: str, company: str, import_id: str) -> Ledger:
        """
        Return the ledger of an import that is kept in a folder.

        :raises GongStoreError: if the folder holds no such import, or a file of it is damaged
        """
        from airflow_provider_gong.ledger.folder.journaled import journaled_ledger

        folder: Any = ObjectStorage().path(import_path)
        ledger = self._closing.enter_context(journaled_ledger(folder, company, import_id))
        if not ledger.is_planned():
            raise GongStoreError(
                f"{shown(import_path)} holds no import {shown(import_id)!r} of company {shown(company)}. {_CHECK}"
            )
        return ledger

    def journals(self, import_path: str, company: str) -> Iterator[tuple[str, ImportView | GongStoreError]]:
        """
        Yield the imports of a company that are kept in a folder, with their ids, or why one of them cannot be read.

        Each can be used until the next one is requested.

        :raises GongStoreError: if the folder holds none
        """
        from airflow_provider_gong.ledger.folder.journaled import journaled_imports

        folder: Any = ObjectStorage().path(import_path)
        found = None
        for found in journaled_imports(folder, company):
            yield found
        if found is None:
            raise GongStoreError(f"{shown(import_path)} holds no imports of company {shown(company)}. {_CHECK}")

    @property
    def _store_alone(self) -> str | None:
        from_environment = None if self._conn_id else os.environ.get(STORE_VARIABLE)
        return self.named_store or from_environment
