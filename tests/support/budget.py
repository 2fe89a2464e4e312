"""The shared request budget as tests need it."""

from __future__ import annotations

from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.store.budget import SharedBudget


def reopen_budget(gong_conn_id: str = GongHook.default_conn_name) -> None:
    """Forget that Gong refused requests, as if the time that it asked for had passed."""
    with GongHook(gong_conn_id) as hook:
        SharedBudget(hook.store, hook.company).reset()


def spend_the_day(gong_conn_id: str = GongHook.default_conn_name, *, retry_after: float = 7200.0) -> None:
    """Close the gate, as if Gong had said that the day's requests are used up."""
    with GongHook(gong_conn_id) as hook:
        SharedBudget(hook.store, hook.company).close(retry_after)
