"""Which errors end a task for good, because no retry of Airflow's can mend them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.client.errors import (
    GongAuthenticationError,
    GongConflictError,
    GongConnectionError,
    GongCursorExpiredError,
    GongNotFoundError,
    GongOutcomeUnknownError,
    GongPermissionError,
    GongRedirectError,
    GongValidationError,
)
from airflow_provider_gong.hooks.connection import GongConnectionConfigError

_PERMANENT = (
    GongAuthenticationError,
    GongConflictError,
    GongConnectionConfigError,
    GongOutcomeUnknownError,
    GongPermissionError,
    GongRedirectError,
    GongValidationError,
)


def is_permanent(error: Exception) -> bool:
    """Tell whether the same request would fail again, however often it is repeated."""
    if isinstance(error, GongCursorExpiredError):
        return False
    return isinstance(error, _PERMANENT) or is_foreign(error)


def is_foreign(error: Exception) -> bool:
    """Tell a 404 of some other host, which only says that the connection's host is wrong, from one of Gong's."""
    if isinstance(error, GongConnectionError):
        return error.status == 404
    return isinstance(error, GongNotFoundError) and not error.errors


@contextlib.contextmanager
def fail_without_retry() -> Iterator[None]:
    """
    Fail the task at once, whatever its ``retries``, when the block raises an error that no retry can mend.

    Other errors pass, so that Airflow retries. A request with an unknown outcome counts as one that no retry can
    mend, since sending it again may do twice what was meant once.

    :raises AirflowFailException: with the text of the error, which is its cause
    """
    try:
        yield
    except Exception as error:
        if not is_permanent(error):
            raise
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error
