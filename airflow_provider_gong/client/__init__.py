"""
The Gong API without Airflow, usable from any Python program.

``GongClient`` and ``AsyncGongClient`` have the same methods: ``client.calls``, ``client.meetings``, ``client.users``,
``client.workspaces``, and ``client.run`` for every other operation. The models of their arguments and results are in
:mod:`airflow_provider_gong.client.models`. Everything is loaded on first use.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_gong.client.auth import AccessKeyAuth, BearerAuth, TokenSource
    from airflow_provider_gong.client.budget import LocalBudget, RequestBudget
    from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
    from airflow_provider_gong.client.errors import (
        FieldProblem,
        GongAnswerTooLargeError,
        GongApiError,
        GongAuthenticationError,
        GongCallNotReadyError,
        GongConflictError,
        GongConnectionError,
        GongCursorExpiredError,
        GongDailyQuotaError,
        GongDuplicateCallError,
        GongDuplicateMediaError,
        GongEmptyResultError,
        GongError,
        GongForeignAnswerError,
        GongGrantRefusedError,
        GongMediaAlreadyHandledError,
        GongNotFoundError,
        GongOutcomeUnknownError,
        GongPermissionError,
        GongProviderDisconnectedError,
        GongRateLimitError,
        GongRecordingNotEnabledError,
        GongRedirectError,
        GongServerError,
        GongTimeoutError,
        GongValidationError,
    )
    from airflow_provider_gong.client.exchange import ExchangePolicy
    from airflow_provider_gong.client.media import MediaChangedError, MediaFile
    from airflow_provider_gong.client.pacing import Share

__all__ = [
    "AccessKeyAuth",
    "AsyncGongClient",
    "BearerAuth",
    "ExchangePolicy",
    "FieldProblem",
    "GongAnswerTooLargeError",
    "GongApiError",
    "GongAuthenticationError",
    "GongCallNotReadyError",
    "GongClient",
    "GongConflictError",
    "GongConnectionError",
    "GongCursorExpiredError",
    "GongDailyQuotaError",
    "GongDuplicateCallError",
    "GongDuplicateMediaError",
    "GongEmptyResultError",
    "GongError",
    "GongForeignAnswerError",
    "GongGrantRefusedError",
    "GongMediaAlreadyHandledError",
    "GongNotFoundError",
    "GongOutcomeUnknownError",
    "GongPermissionError",
    "GongProviderDisconnectedError",
    "GongRateLimitError",
    "GongRecordingNotEnabledError",
    "GongRedirectError",
    "GongServerError",
    "GongTimeoutError",
    "GongValidationError",
    "LocalBudget",
    "MediaChangedError",
    "MediaFile",
    "RequestBudget",
    "Share",
    "TokenSource",
]

# Except errors, which are all in one module.
_HOMES = {
    "AccessKeyAuth": "auth",
    "AsyncGongClient": "clients",
    "BearerAuth": "auth",
    "ExchangePolicy": "exchange",
    "GongClient": "clients",
    "LocalBudget": "budget",
    "MediaChangedError": "media",
    "MediaFile": "media",
    "RequestBudget": "budget",
    "Share": "pacing",
    "TokenSource": "auth",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'errors')}"), name)


def __dir__() -> list[str]:
    return __all__
