"""OAuth in a real triggerer, which asks Airflow's supervisor to mask each token that it gets."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.hooks.gong import GongHook
from tests.e2e.airflow_standalone import AirflowStandalone
from tests.support.oauth import CALLBACK, LIFETIME, agree, oauth_connection

if TYPE_CHECKING:
    from airflow_provider_gong.emulator import RunningEmulator
    from airflow_provider_gong.store.tokens import StoredTokens

DAG_ID = "e2e_oauth"


@pytest.fixture
def tokens(
    standalone: AirflowStandalone,
    emulator: RunningEmulator,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> StoredTokens:
    """Authorize the app of the connection, and return its tokens as workers and triggers share them."""
    from airflow_provider_gong.commands.__main__ import main

    monkeypatch.setenv("AIRFLOW_HOME", str(standalone.home))
    monkeypatch.setenv("AIRFLOW_CONN_GONG_OAUTH", oauth_connection(emulator))
    monkeypatch.setattr("builtins.input", lambda _: agree(capsys.readouterr().err))
    main(["oauth", "authorize", "--conn-id", "gong_oauth", "--redirect-uri", CALLBACK])
    tokens = GongHook("gong_oauth").tokens
    assert tokens is not None
    return tokens


def not_ready(text: str) -> Fault:
    return Fault(action="status", operation="getCall", every=1, status=404, text=text)


def test_token_that_a_trigger_has_refreshed_is_in_no_log(
    standalone: AirflowStandalone, emulator: RunningEmulator, tokens: StoredTokens
) -> None:
    def refreshed() -> bool:
        return bool(emulator.state()["tokens"]["refreshed"])

    def waiting() -> bool:
        return "try again with" in standalone.task_log(DAG_ID, run_id, "processed")

    call_id = next(call["id"] for call in emulator.state()["calls"] if call["state"] == "visible")
    emulator.add_faults(not_ready("is not ready yet"))
    run_id = standalone.trigger(DAG_ID, {"call_id": call_id})
    standalone.wait_for_task(DAG_ID, run_id, "processed", "deferred")
    emulator.advance(LIFETIME)
    standalone.poll(refreshed, "the trigger to refresh the token")

    # Somebody on the way quotes what was sent.
    token = tokens.token()
    emulator.clear_faults()
    emulator.add_faults(not_ready(f"is not ready yet, try again with {token}"))
    standalone.poll(waiting, "the trigger to log what it was told")
    emulator.clear_faults()
    ended = standalone.wait(DAG_ID, run_id)
    log = standalone.task_log(DAG_ID, run_id, "processed")
    assert ended == "success", log
    assert "try again with ***" in log
    assert token not in log
