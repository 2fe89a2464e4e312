"""The plan of an import between Airflow and ``call_import``: opens what the operator names, keeps what it returns."""

from __future__ import annotations

import contextlib
import itertools
import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow_provider_gong import _text as texts
from airflow_provider_gong.call_import.choices import MediaMode, OnRejected
from airflow_provider_gong.call_import.errors import GongImportRejectedError
from airflow_provider_gong.call_import.manifest.column_map import ColumnMap
from airflow_provider_gong.call_import.manifest.fields import REQUIRED_COLUMNS
from airflow_provider_gong.call_import.manifest.files import find_files, read_files
from airflow_provider_gong.call_import.manifest.manifest import Manifest, Table
from airflow_provider_gong.call_import.manifest.records import list_table
from airflow_provider_gong.call_import.plan.company_users import CompanyUsers
from airflow_provider_gong.call_import.plan.host_overrides import read_overrides
from airflow_provider_gong.call_import.plan.hosts import HostDirectory
from airflow_provider_gong.call_import.plan.media_paths import MediaBase
from airflow_provider_gong.call_import.plan.plan import PlanSettings, make_plan
from airflow_provider_gong.call_import.plan.summary import estimate, log_plan
from airflow_provider_gong.call_import.verify import can_read_calls
from airflow_provider_gong.hooks.object_storage import ObjectStorage
from airflow_provider_gong.ledger.imports import Imports
from airflow_provider_gong.ledger.known_calls import KnownCalls
from airflow_provider_gong.store.user_lists import UserList

if TYPE_CHECKING:
    from airflow_provider_gong.ledger.ledger import Ledger
    from airflow_provider_gong.ledger.plan_draft import PlanDraft
    from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator

log = logging.getLogger(__name__)

_DAY = 86_400
_STORAGE = ObjectStorage()
# An XCom is no place for the remarks of a hundred thousand rows.
_KEPT_WARNINGS = 50
_BLIND_KEY = (
    "The access key sees no call of the last 90 days. Either the company is empty, or the key may not see calls, "
    "and then nothing that is uploaded can be verified."
)


def plan_call_import(operator: GongPlanCallImportOperator) -> dict[str, Any]:
    """
    Plan the import that an operator describes and return the plan's figures.

    :raises GongManifestError: if the manifest cannot be read
    :raises GongImportRejectedError: if rows were rejected and the operator is set to stop
    """
    with operator.open_ledger() as ledger:
        return _plan(operator, ledger)


def _plan(operator: GongPlanCallImportOperator, ledger: Ledger) -> dict[str, Any]:
    with _make_plan(operator, ledger) as (plan, users):
        settings = operator.hook.settings
        for_imports = settings.requests_per_day - settings.reserved_requests
        figures = estimate(plan, requests_per_second=settings.requests_per_second, requests_per_day=for_imports)
        figures["users_listed_at"] = users.listed_at.isoformat(timespec="seconds")
        log_plan(plan, figures)
        if not operator.is_dry_run:
            ledger.replace_plan(_described(operator.manifest), plan)
            ledger.add_usage(*operator.hook.client.take_usage())
            _forget_old_imports(ledger, settings.retention_days)
        warnings = [texts.shown(warning) for warning in itertools.islice(plan.warnings(), _KEPT_WARNINGS)]
        warning_count = plan.figures().warnings
    if figures["rejected"] and OnRejected.of("on_rejected", operator.on_rejected) is OnRejected.STOP:
        raise GongImportRejectedError(
            f"{figures['rejected']} of {figures['rows']} rows were rejected, and nothing was sent "
            "(on_rejected='stop'). The rows and what is wrong with them stand in the log above."
        )
    identity = {"import_id": operator.import_id, "store_id": ledger.store_id}
    return {**figures, **identity, "warning_count": warning_count, "warnings": warnings}


@contextlib.contextmanager
def _make_plan(operator: GongPlanCallImportOperator, ledger: Ledger) -> Iterator[tuple[PlanDraft, CompanyUsers]]:
    hook = operator.hook
    base = MediaBase.at(operator.media_base) if operator.media_base else None
    required = [column for column in REQUIRED_COLUMNS if column != "primary_user" or not operator.default_primary_user]
    manifest = Manifest(_tables(operator.manifest), ColumnMap(operator.columns), required)
    overrides = _overrides(operator.host_overrides)
    known = KnownCalls(ledger.store, ledger.company)
    settings = PlanSettings(
        base, _STORAGE, MediaMode.of("media_mode", operator.media_mode), hook.settings.timezone, known
    )
    users = CompanyUsers(UserList(ledger.store, ledger.company), hook.users.list, keep=not operator.is_dry_run)
    hosts = _hosts(users, overrides, operator.default_primary_user)
    readable = can_read_calls(hook.client)
    with make_plan(manifest, hosts, settings) as plan:
        if not readable:
            plan.remarks.insert(0, _BLIND_KEY)
        yield plan, users


def _hosts(users: CompanyUsers, overrides: Mapping[str, str], default: str | None) -> HostDirectory:
    listed = users.users()
    return HostDirectory(listed, overrides, default, users.refresh if users.is_old else None)


def _forget_old_imports(ledger: Ledger, retention_days: float | None) -> None:
    if retention_days is None:
        return
    for purged in Imports(ledger.store, ledger.company).purge(retention_days * _DAY):
        if purged.rows is None:
            log.warning("Older than retention_days, and kept: %s", purged.reason)
        else:
            log.info("Older than retention_days, and forgotten: import %s.", texts.shown(purged.info.import_id))


def _overrides(file: str | None) -> dict[str, str]:
    if not file:
        return {}
    (overrides,) = (read_overrides(table) for table in read_files([file], _STORAGE.path))
    return overrides


def _tables(manifest: str | Sequence[Any]) -> Iterable[Table]:
    """Return what an operator's manifest stands for: a file, files, or rows."""
    names = [manifest] if isinstance(manifest, str) else list(manifest)
    if names and all(isinstance(name, str) for name in names):
        return read_files(find_files(names, _STORAGE.path), _STORAGE.path)
    return [list_table(names)]


def _described(manifest: str | Sequence[Any]) -> str:
    if isinstance(manifest, str):
        return manifest
    names = [name for name in manifest if isinstance(name, str)]
    return ", ".join(names) or f"{len(manifest)} rows of a task"
