from __future__ import annotations

from datetime import timedelta

import pytest
from jinja2 import UndefinedError

from airflow_provider_gong import _compat
from airflow_provider_gong.call_import.errors import GongImportFailedError, GongImportUnfinishedError
from airflow_provider_gong.client import errors
from airflow_provider_gong.hooks.connection import GongConnectionConfigError
from airflow_provider_gong.operators.meetings import GongDeleteMeetingOperator
from airflow_provider_gong.retries import gong_retries, gong_retry_policy
from airflow_provider_gong.store.errors import GongStoreNotSharedError

KNOWS_POLICIES = hasattr(_compat, "RetryPolicy")
needs_policies = pytest.mark.skipif(not KNOWS_POLICIES, reason="needs Airflow 3.3")


def decide(error: BaseException):
    policy = gong_retry_policy()
    assert policy is not None
    return policy.evaluate(error, try_number=1, max_tries=3)


@needs_policies
@pytest.mark.parametrize("kind", [errors.GongRateLimitError, errors.GongDailyQuotaError, GongImportUnfinishedError])
def test_waits_as_long_as_gong_asks_for_and_spreads_the_tasks(kind):
    delays = {decide(kind("The budget is used up.", retry_after=7200.0)).retry_delay for _ in range(20)}
    assert min(delays) >= timedelta(seconds=7200)
    assert max(delays) <= timedelta(seconds=7260)
    assert len(delays) > 1


@needs_policies
@pytest.mark.parametrize(
    "error",
    [
        errors.GongAuthenticationError("refused"),
        errors.GongPermissionError("not allowed"),
        errors.GongValidationError("wrong"),
        errors.GongDuplicateCallError("exists", call_id="1"),
        errors.GongOutcomeUnknownError("lost"),
        errors.GongRedirectError("elsewhere"),
        GongConnectionConfigError("gong_default", "login is missing"),
        GongImportFailedError("3 rows failed"),
        GongStoreNotSharedError("a", "b"),
        UndefinedError("'data_interval_start' is undefined"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_fails_at_once_when_no_retry_can_mend_it(error):
    decision = decide(error)
    assert decision.action.value == "fail"
    assert type(error).__name__ in decision.reason


@needs_policies
@pytest.mark.parametrize(
    "error",
    [
        errors.GongTimeoutError("no answer"),
        errors.GongServerError("500"),
        errors.GongCallNotReadyError("not yet", errors=["is not ready yet"]),
        errors.GongCursorExpiredError("expired"),
        OSError("disk"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_leaves_everything_else_to_the_tasks_settings(error):
    assert decide(error).action.value == "default"


@needs_policies
def test_policy_survives_serialization():
    policy = gong_retry_policy()
    assert type(policy).deserialize(policy.serialize()).serialize() == policy.serialize()


def test_operators_take_the_settings():
    operator = GongDeleteMeetingOperator(task_id="delete", meeting_id="1", **gong_retries(retries=7))
    assert operator.retries == 7
    assert operator.retry_delay == timedelta(minutes=1)
    assert operator.max_retry_delay == timedelta(hours=1)
    assert operator.retry_exponential_backoff
    assert hasattr(operator, "retry_policy") == KNOWS_POLICIES


def test_there_is_a_plain_fallback_on_older_airflow(monkeypatch):
    monkeypatch.setitem(_compat._HOMES, "RetryPolicy", ())
    monkeypatch.delitem(__import__("sys").modules, "airflow_provider_gong._retry_policy", raising=False)
    assert gong_retry_policy() is None
    assert "retry_policy" not in gong_retries()
