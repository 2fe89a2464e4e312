"""The plan of an import: checks every row of a manifest and writes it to the ledger. Writes nothing to Gong."""

from __future__ import annotations

import contextlib
import itertools
import logging
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from airflow_provider_gong._text import counted, shown
from airflow_provider_gong.call_import.choices import MediaMode, OnRejected
from airflow_provider_gong.call_import.errors import GongImportRejectedError, GongManifestError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap, Columns
from airflow_provider_gong.call_import.manifest.fields import REQUIRED_COLUMNS
from airflow_provider_gong.call_import.manifest.files import find_files, read_files
from airflow_provider_gong.call_import.manifest.folders.folder import RecordingFolder
from airflow_provider_gong.call_import.manifest.folders.listing import ListedRecordings
from airflow_provider_gong.call_import.manifest.manifest import Manifest, Table
from airflow_provider_gong.call_import.manifest.records import list_table
from airflow_provider_gong.call_import.media import MediaStorage
from airflow_provider_gong.call_import.plan.cells import CellRules
from airflow_provider_gong.call_import.plan.company_users import CompanyUsers
from airflow_provider_gong.call_import.plan.host_overrides import read_overrides
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.plan.rows import PlanSettings, checked_rows
from airflow_provider_gong.call_import.plan.summary import estimate, log_plan
from airflow_provider_gong.call_import.reconcile import Reconciliation
from airflow_provider_gong.call_import.verify import can_read_calls
from airflow_provider_gong.client.clients import GongClient
from airflow_provider_gong.ledger.imports import Imports
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.plan_draft import PlanDraft
from airflow_provider_gong.store.user_lists import UserList

log = logging.getLogger(__name__)

_DAY = 86_400
# An XCom is not the place for the warnings of a hundred thousand rows.
_KEPT_WARNINGS = 50
_BLIND_KEY = (
    "The access key sees no call of the last 90 days. Either the company has no calls, or the key is not allowed to "
    "see calls. In that case, uploads cannot be verified."
)


class ImportPlan:
    """
    Checks all rows of a manifest and writes them to the ledger, replacing an earlier plan of the same import.

    :param ledger: the rows
    :param client: client for Gong
    :param manifest: path, URL or path object of a file, a pattern, a list of these, or a list of rows
    :param storage: storage of manifests and recordings
    :param columns: sources of fields, as for ``ColumnMap``
    :param name_template: template that reads fields from the names of recordings; with this or ``sidecar``, the
        manifest is a folder of recordings
    :param sidecar: path of each recording's JSON or XML file
    :param media_mode: how recordings get to Gong: ``push``, ``pull`` or ``auto``
    :param media_base: folder of the recordings, as text or path object; None for the manifest's folder
    :param host_overrides: path, URL or path object of the file that maps unknown hosts to Gong users
    :param default_primary_user: id or address of the user who hosts calls without a host of their own
    :param on_rejected: ``continue`` or ``stop`` if rows are rejected
    :param strict: reject rows with optional cells that cannot be read, instead of leaving out these cells
    :param dry_run: write nothing
    :param timezone: IANA time zone of times without an offset; None rejects such times
    :param requests_per_second: share of the company's limit, for the estimate
    :param requests_per_day: share of the company's limit that imports may use, for the estimate
    :param retention_days: forget finished imports that were planned more than this many days ago; None keeps them
    :param clock: the current time, after which no call can have started
    :param planner: the task that plans the import; None for a program, which may replace any plan
    :raises ValueError: for an unknown choice
    """

    def __init__(
        self,
        ledger: Ledger,
        client: GongClient,
        *,
        manifest: Any,
        storage: MediaStorage,
        columns: Columns | None = None,
        name_template: str | None = None,
        sidecar: str | None = None,
        media_mode: str = MediaMode.PUSH,
        media_base: object = None,
        host_overrides: object = None,
        default_primary_user: str | None = None,
        on_rejected: str = OnRejected.CONTINUE,
        strict: bool = False,
        dry_run: bool = False,
        timezone: str | None = None,
        requests_per_second: float = 3.0,
        requests_per_day: float = 10_000,
        retention_days: float | None = None,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        planner: str | None = None,
    ) -> None:
        self._ledger = ledger
        self._client = client
        self._manifest = _listed(manifest)
        self._storage = storage
        self._folder: RecordingFolder | None = None
        if name_template or sidecar:
            self._storage = storage = ListedRecordings(storage)
            self._folder = RecordingFolder(storage, columns, name_template, sidecar)
        self._columns = self._folder.columns if self._folder else ColumnMap(columns)
        self._known = KnownCalls(ledger.store, ledger.company)
        self._settings = PlanSettings(
            media_base=MediaBase.at(str(media_base)) if media_base else None,
            storage=storage,
            media_mode=MediaMode.of("media_mode", media_mode),
            rules=CellRules(timezone, is_strict=strict, now=clock()),
            known=self._known,
        )
        self._host_overrides = host_overrides
        # A number where templates are rendered as native objects.
        self._default_host = str(default_primary_user or "")
        self._on_rejected = OnRejected.of("on_rejected", on_rejected)
        self._is_dry_run = dry_run
        self._share = {"requests_per_second": requests_per_second, "requests_per_day": requests_per_day}
        self._retention_days = retention_days
        self._planner = planner

    def run(self) -> dict[str, Any]:
        """
        Plan the import and return the plan's figures as a JSON object.

        :raises GongManifestError: if the manifest cannot be read
        :raises GongImportRejectedError: if rows were rejected, with ``on_rejected="stop"``
        """
        with self._checked() as (draft, users):
            Reconciliation(self._ledger, self._client, self._known).run(draft, is_dry_run=self._is_dry_run)
            figures = estimate(draft, **self._share)
            figures["users_listed_at"] = users.listed_at.isoformat(timespec="seconds")
            log_plan(draft, figures)
            if not self._is_dry_run:
                self._write(draft)
            warnings = [shown(warning) for warning in itertools.islice(draft.warnings(), _KEPT_WARNINGS)]
            warning_count = draft.figures().warnings
        if figures["rejected"] and self._on_rejected is OnRejected.STOP:
            raise GongImportRejectedError(
                f"{figures['rejected']} of {counted(figures['rows'], 'row')} rejected, and nothing was sent "
                "(on_rejected='stop'). The log above shows these rows and their problems."
            )
        identity = {"import_id": self._ledger.import_id, "store_id": self._ledger.store_name}
        return {**figures, **identity, "warning_count": warning_count, "warnings": warnings}

    @contextlib.contextmanager
    def _checked(self) -> Iterator[tuple[PlanDraft, CompanyUsers]]:
        required = [column for column in REQUIRED_COLUMNS if column != "primary_user" or not self._default_host]
        with contextlib.closing(self._tables()) as tables:
            manifest = Manifest(tables, self._columns, required)
            overrides = self._read_overrides()
            kept = UserList(self._ledger.store, self._ledger.company)
            users = CompanyUsers(kept, self._client, keep=not self._is_dry_run)
            hosts = HostDirectory(users.users(), overrides, self._default_host, users.refresh)
            is_blind = not can_read_calls(self._client)
            with checked_rows(manifest, hosts, self._settings) as draft:
                if self._folder is not None:
                    self._folder.forget()
                draft.remarks[:0] = [_BLIND_KEY] if is_blind else []
                yield draft, users

    def _tables(self) -> Generator[Table, None, None]:
        names = self._manifest
        are_places = bool(names) and all(map(_is_place, names))
        places = [str(name) for name in names] if are_places else []
        if self._folder is not None:
            if not are_places:
                raise GongManifestError("name_template and sidecar are for recordings: give a folder or a pattern.")
            return self._folder.tables(places)
        if not are_places:
            rows = list_table(names)
            return (table for table in [rows])
        files = find_files(places, self._storage.path)
        return read_files(files, self._storage.path, may_be_empty=files != places)

    def _read_overrides(self) -> Mapping[str, str]:
        if not self._host_overrides:
            return {}
        with contextlib.closing(read_files([str(self._host_overrides)], self._storage.path)) as tables:
            (overrides,) = map(read_overrides, tables)
        return overrides

    def _write(self, draft: PlanDraft) -> None:
        self._ledger.replace_plan(_described(self._manifest), draft, self._planner)
        self._ledger.add_usage(*self._client.take_usage())
        if self._retention_days is None:
            return
        for purged in Imports(self._ledger.store, self._ledger.company).purge(self._retention_days * _DAY):
            if purged.rows is None:
                log.warning("Older than retention_days, and kept: %s", purged.reason)
            else:
                log.info("Older than retention_days, and forgotten: import %s.", shown(purged.info.import_id))


def _listed(manifest: Any) -> Sequence[Any]:
    """Return the files or rows of a manifest, which can be a single file."""
    if manifest is None or manifest == "":
        raise GongManifestError(
            f"The manifest is {manifest!r}: the task or template for it returned nothing. Return a file, files, or a "
            "list of rows; an empty list is an import without rows."
        )
    return [manifest] if _is_place(manifest) else list(manifest)


def _is_place(name: object) -> bool:
    # Path objects of object stores are no os.PathLike.
    return isinstance(name, str | os.PathLike) or hasattr(name, "open")


def _described(names: Sequence[Any]) -> str:
    places = ", ".join(shown(str(name)) for name in names if _is_place(name))
    return places or f"{counted(len(names), 'row')} of a task"
