from __future__ import annotations

import pytest

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.client import errors
from airflow_provider_gong.hooks.connection import GongConnectionConfigError
from airflow_provider_gong.retries import fail_without_retry

PERMANENT = [
    errors.GongAuthenticationError("No."),
    errors.GongPermissionError("No."),
    errors.GongValidationError("No."),
    errors.GongConflictError("No."),
    errors.GongDuplicateCallError("No.", call_id="1"),
    errors.GongRedirectError("No."),
    errors.GongOutcomeUnknownError("No."),
    errors.GongForeignAnswerError("Not one of Gong's answers.", status=404),
    GongConnectionConfigError("gong_default", "login is missing"),
]
PASSING = [
    errors.GongConnectionError("Later."),
    errors.GongTimeoutError("Later."),
    errors.GongServerError("Later."),
    errors.GongRateLimitError("Later.", retry_after=1),
    errors.GongDailyQuotaError("Later.", retry_after=3600),
    errors.GongCursorExpiredError("Again."),
    errors.GongNotFoundError("Not there.", errors=["Call ID 1 was not found"]),
    errors.GongCallNotReadyError("Not yet.", errors=["Call ID 1 is not ready yet"]),
    OSError("Not there."),
]


@pytest.mark.parametrize("error", PERMANENT, ids=lambda error: type(error).__name__)
def test_errors_that_no_retry_mends_fail_the_task_for_good(error):
    with pytest.raises(AirflowFailException) as caught, fail_without_retry():
        raise error
    assert str(caught.value) == f"{type(error).__name__}: {error}"
    assert caught.value.__cause__ is error


@pytest.mark.parametrize("error", PASSING, ids=lambda error: type(error).__name__)
def test_other_errors_are_left_to_airflows_retries(error):
    with pytest.raises(type(error)) as caught, fail_without_retry():
        raise error
    assert caught.value is error
