"""Checks, by each phase after the plan, that the plan exists and is complete."""

from __future__ import annotations

from airflow_provider_gong.call_import.errors import GongImportFailedError
from airflow_provider_gong.ledger.view import ImportView


def require_plan(ledger: ImportView) -> None:
    """
    Check that the import has a plan and all of its rows.

    :raises GongImportFailedError: if it was never planned, or rows of its plan are lost
    """
    if not ledger.is_planned():
        raise GongImportFailedError(
            f"Import {ledger.import_id} has no plan, so nothing was imported: its plan task failed or did not run. Fix "
            "the error in that task's log, then clear it."
        )
    require_whole(ledger)


def require_whole(ledger: ImportView) -> None:
    """
    Check that all rows of the import's plan exist, if it has one.

    :raises GongImportFailedError: if some are lost or changed
    """
    if not ledger.is_whole():
        raise GongImportFailedError(
            f"The store does not hold the rows of import {ledger.import_id} as they were planned: some are lost or "
            "changed. Restore the store, or clear the plan task to plan them again; nothing is sent twice."
        )
