"""Calls and recordings that Gong has already: ours are gone on with, those of others are left alone."""

from __future__ import annotations

import json
import zlib
from typing import Any

import pytest

from airflow_provider_gong.client.errors import GongAuthenticationError, GongDailyQuotaError
from airflow_provider_gong.emulator.faults import Fault
from tests.support.recordings import manifest_row
from tests.unit.call_import.conftest import NightlyImport

pytestmark = pytest.mark.slow

TWO_ROWS = [manifest_row(1), manifest_row(2)]


def test_a_create_without_an_answer_is_remembered_over_a_failure(night: NightlyImport) -> None:
    """Gong has the call, although it answered 500 each time: the next try goes on with it."""
    night.plan_night(TWO_ROWS[:1])
    night.emulator.add_faults(Fault(operation="addCall", every=1, when="after", action="status", status=500))
    assert night.upload() == {"failed": 1}
    night.emulator.clear_faults()
    assert night.upload() == {"uploaded": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "verified"}


@pytest.mark.parametrize("text", ["detailed", "bare"])
def test_the_same_audio_in_another_call(night: NightlyImport, text: str) -> None:
    night.emulator.set(duplicate_media_text=text)
    night.plan_night(TWO_ROWS)
    elsewhere = night.post_elsewhere(recording=zlib.crc32(b"pbx-00002"), clientUniqueId="elsewhere-1")
    before = night.media_requests()
    assert night.upload(in_flight=1) == {"failed": 1, "uploaded": 1}
    (problem,) = night.rows()["pbx-00002"].problems
    assert night.rows()["pbx-00002"].burned
    assert (problem.field, problem.who) == ("media", "recording")
    if text == "detailed":
        assert f"call {elsewhere}" in problem.rule
    assert night.upload() == {"failed": 1, "uploaded": 1}
    assert night.media_requests() == before + 2


@pytest.mark.parametrize("on_existing", ["resume", "skip", "fail"])
@pytest.mark.parametrize("recording", [None, 7], ids=["without recording", "with recording"])
def test_nothing_is_uploaded_to_a_call_of_somebody_else(
    night: NightlyImport, other: NightlyImport, on_existing: str, recording: int | None
) -> None:
    night.plan_night(TWO_ROWS)
    call_id = night.post_elsewhere(recording=recording)
    before = night.media_requests()
    judged = "incomplete" if recording is None else "conflict"
    state = "failed" if on_existing == "fail" else judged
    for run in (night, night, other):
        run.plan(night.folder / "manifest.csv")
        run.upload(on_existing=on_existing)
        run.finish()
        row = run.rows()["pbx-00001"]
        assert (row.state, row.call_id) == (state, call_id)
        (problem,) = row.problems
        assert f"call {call_id}" in problem.rule
        assert run.states()["pbx-00002"] == "verified"
    assert night.media_requests() == before + 1


def test_a_refused_intent_does_not_make_a_foreign_call_ours(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    night.emulator.add_faults(Fault(operation="addCall", nth=1, action="status", status=429, retry_after=3600))
    with pytest.raises(GongDailyQuotaError):
        night.upload()
    night.tomorrow().post_elsewhere()
    assert night.tomorrow().upload() == {"duplicate": 1}
    assert night.media_requests() == 0


def test_intents_that_waited_behind_a_refused_one_do_not_make_foreign_calls_ours(night: NightlyImport) -> None:
    night.plan_night([manifest_row(number) for number in range(1, 5)])
    night.emulator.add_faults(Fault(operation="addCall", every=1, action="status", status=429, retry_after=3600))
    with pytest.raises(GongDailyQuotaError):
        night.upload(in_flight=4)
    night.emulator.clear_faults()
    tomorrow = night.tomorrow()
    for ident in night.rows():
        tomorrow.post_elsewhere(clientUniqueId=ident)
    assert tomorrow.upload() == {"duplicate": 4}
    assert night.media_requests() == 0


def test_a_lost_request_does_not_make_a_foreign_call_ours(night: NightlyImport) -> None:
    """The request never arrived, and its repetition finds a call that was there before."""
    night.plan_night(TWO_ROWS[:1])
    call_id = night.post_elsewhere(recording=7)
    night.emulator.advance(3600)
    before = night.media_requests()
    night.emulator.add_faults(Fault(operation="addCall", nth=1, when="before", action="reset"))
    assert night.upload() == {"duplicate": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "conflict"}
    assert night.rows()["pbx-00001"].call_id == call_id
    assert night.media_requests() == before


def test_a_foreign_call_that_could_not_be_read_yet_is_compared_when_it_can(night: NightlyImport) -> None:
    """The request never arrived; the call that has the id is another conversation, which Gong is still processing."""
    night.plan_night(TWO_ROWS)
    call_id = night.post_elsewhere(recording=7)
    night.emulator.add_faults(Fault(operation="addCall", nth=1, when="before", action="reset"))
    night.upload(in_flight=1)
    night.finish()
    assert night.states() == {"pbx-00001": "conflict", "pbx-00002": "verified"}
    assert night.rows()["pbx-00001"].call_id == call_id
    assert "started at" in night.rows()["pbx-00001"].problems[0].rule


def test_the_log_of_verification_does_not_call_another_conversation_verified(
    night: NightlyImport, caplog: pytest.LogCaptureFixture
) -> None:
    night.plan_night(TWO_ROWS[:1])
    night.post_elsewhere(recording=7)
    night.emulator.add_faults(Fault(operation="addCall", nth=1, when="before", action="reset"))
    night.upload(in_flight=1)
    caplog.set_level("INFO")
    night.finish()
    assert night.states() == {"pbx-00001": "conflict"}
    assert "1 call read in Gong now, 0 not seen yet" in caplog.text
    assert "call verified" not in caplog.text


def test_a_row_changed_by_somebody_else_is_told_as_existing_again(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    night.post_elsewhere()
    night.upload(on_existing="fail")
    night.plan_night([manifest_row(1, title="Another")])
    assert night.states() == {"pbx-00001": "planned"}
    assert night.upload(on_existing="fail") == {"failed": 1}


def test_a_recording_that_gong_calls_a_duplicate_of_its_own_call_has_arrived(night: NightlyImport) -> None:
    night.plan_night(TWO_ROWS[:1])
    stop = Fault(operation="addCallRecording", nth=1, action="status", status=401, text="Unauthorized")
    night.emulator.add_faults(stop)
    with pytest.raises(GongAuthenticationError):
        night.upload()
    call_id = night.calls_in_gong()["pbx-00001"]["id"]
    night.emulator.clear_faults()
    text = "A media file with the same content has been uploaded in the past. callID with the same content: "
    night.emulator.add_faults(
        Fault(operation="addCallRecording", nth=1, when="after", action="status", status=400, text=text + call_id)
    )
    assert night.upload() == {"uploaded": 1}
    night.finish()


def test_a_create_without_an_answer_is_remembered_when_the_quota_ends_before_it_is_looked_at(
    night: NightlyImport,
) -> None:
    night.plan_night(TWO_ROWS[:1])
    night.emulator.add_faults(
        Fault(operation="addCall", nth=1, when="after", action="reset"),
        Fault(operation="getCall", nth=1, action="status", status=429, retry_after=3600),
    )
    with pytest.raises(GongDailyQuotaError):
        night.upload()
    assert night.tomorrow().upload() == {"uploaded": 1}


NONSENSE = {
    "half a character": {"url": "https://app.example.com/\ud800"},
    "no text for a database": {"url": "https://app.example.com/\0"},
    "no end": {"url": "x" * 1_000_000},
    "more seconds than there are": {"duration": 10**400},
    "endless": {"duration": float("inf")},
    "no offset": {"started": "2026-11-19T07:01:00"},
}


@pytest.mark.parametrize("is_own", [True, False], ids=["own", "of others"])
@pytest.mark.parametrize("changes", NONSENSE.values(), ids=NONSENSE)
def test_a_readable_call_is_judged_whatever_is_said_of_it(
    night: NightlyImport, changes: dict[str, Any], is_own: bool
) -> None:
    night.plan_night(TWO_ROWS[:1])
    if not is_own:
        night.post_elsewhere(recording=7, actualStart="2026-11-19T07:01:00Z")
    night.upload()
    night.emulator.advance(7200)
    (call,) = night.calls_in_gong().values()
    known = {"id": call["id"], "clientUniqueId": "pbx-00001", "started": "2026-11-19T07:01:00Z"}
    body = json.dumps({"requestId": "x", "calls": [{"metaData": known | changes}]})
    night.emulator.add_faults(Fault(action="answer", operation="listCallsExtensive", every=1, status=200, body=body))
    assert night.verify() is None
    (row,) = night.rows().values()
    assert row.state == ("verified" if is_own else "exists")
    assert len(row.url or "") < 100


@pytest.mark.parametrize("call_id", ["../../v2/users", "9" * 100, "\ud800"], ids=["path", "long", "half a character"])
def test_a_row_keeps_no_id_that_is_none(night: NightlyImport, call_id: str) -> None:
    """Somebody else answers after the effect; then Gong names the call that it has."""
    night.plan_night(TWO_ROWS[:1])
    body = json.dumps({"requestId": "x", "callId": call_id})
    night.emulator.add_faults(Fault(action="answer", operation="addCall", nth=1, when="after", status=201, body=body))
    assert night.upload() == {"uploaded": 1}
    (call,) = night.calls_in_gong().values()
    assert night.rows()["pbx-00001"].call_id == call["id"]
