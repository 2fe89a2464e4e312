"""Imports whose recordings Gong fetches, which are quick to make in numbers."""

from __future__ import annotations

import signal
from collections.abc import Mapping

import pytest

from airflow_provider_gong.call_import.choices import MediaMode
from airflow_provider_gong.client.errors import GongConnectionError, GongDailyQuotaError
from airflow_provider_gong.client.media import MediaPath
from airflow_provider_gong.emulator.faults import Fault
from airflow_provider_gong.store.database import folder_url
from tests.support.media import Files
from tests.support.recordings import manifest_row, write_manifest, write_night
from tests.support.upload_process import UploadProcess
from tests.unit.call_import.conftest import COMPANY, NightlyImport

pytestmark = pytest.mark.slow


def pull_row(**changes: str) -> Mapping[str, str]:
    return manifest_row(1, **{"media": "https://files.example.com/1.wav?X-Amz-Signature=secret", **changes})


def pull(night: NightlyImport, number: int) -> None:
    rows = [manifest_row(place, media=f"https://files.example.com/{place}.wav") for place in range(number)]
    night.plan(write_manifest(night.folder / "manifest.csv", rows), media_mode=MediaMode.PULL)
    assert night.upload(in_flight=16) == {"uploaded": number}


def test_gong_fetches_recordings(night: NightlyImport, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    night.plan(write_manifest(night.folder / "manifest.csv", [pull_row()]), media_mode=MediaMode.PULL)
    assert night.upload() == {"uploaded": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "verified"}
    assert night.media_requests() == 0
    assert "secret" not in caplog.text


def test_recordings_are_fetched_or_uploaded_row_by_row(night: NightlyImport) -> None:
    write_night(night.folder, [manifest_row(2)])
    rows = [pull_row(), manifest_row(2), manifest_row(3, media="nowhere.wav")]
    plan = night.plan(write_manifest(night.folder / "manifest.csv", rows), media_mode=MediaMode.AUTO)
    assert (plan.estimate["planned"], plan.estimate["rejected"], plan.estimate["requests"]) == (2, 1, 4)
    assert night.upload() == {"rejected": 1, "uploaded": 2}
    night.finish()
    assert night.states() == {"pbx-00001": "verified", "pbx-00002": "verified", "pbx-00003": "rejected"}
    assert night.media_requests() == 1


def test_recordings_in_a_store_are_fetched_by_urls_that_are_signed_when_they_are_sent(night: NightlyImport) -> None:
    write_night(night.folder, [manifest_row(1), manifest_row(2)])
    signed: list[str] = []

    def sign(media: MediaPath) -> str:
        signed.append(f"https://files.example.com/{media.name}?signature={len(signed)}")
        return signed[-1]

    plan = night.plan(night.folder / "manifest.csv", media_mode=MediaMode.AUTO, storage=Files(sign=sign))
    assert plan.estimate["requests"] == 3
    assert [row.media for row in plan.rows] == [str(night.folder / f"recordings/0000{number}.wav") for number in (1, 2)]
    assert night.upload(Files(sign=sign)) == {"uploaded": 2}
    assert len(signed) == 4
    night.finish()
    assert set(night.states().values()) == {"verified"}
    assert night.media_requests() == 0


URL = "https://files.example.com/1.wav"


def cannot_sign(_: MediaPath) -> str:
    raise OSError("its credentials end soon")


def test_a_recording_whose_url_cannot_be_signed_any_more_is_uploaded(
    night: NightlyImport, caplog: pytest.LogCaptureFixture
) -> None:
    write_night(night.folder, [manifest_row(1)])
    night.plan(night.folder / "manifest.csv", media_mode=MediaMode.PULL, storage=Files(sign=lambda media: URL))
    assert night.upload(Files(sign=cannot_sign)) == {"uploaded": 1}
    assert "The recording of row 1 is uploaded because its credentials end soon." in caplog.text
    night.finish()
    assert night.calls_in_gong()["pbx-00001"]["media"]["received"] == 1


@pytest.mark.parametrize("when", ["created", "uploaded"])
def test_an_import_that_was_begun_by_upload_goes_on_by_upload(night: NightlyImport, when: str) -> None:
    """The call is in Gong without a URL, so that nobody would fetch its recording."""
    write_night(night.folder, [manifest_row(1)])
    night.plan(night.folder / "manifest.csv")
    kill_upload(night, kill_at_state=when)
    assert len(night.calls_in_gong()) == 1
    night.plan(night.folder / "manifest.csv", media_mode=MediaMode.PULL, storage=Files(sign=lambda media: URL))
    assert night.upload(Files(sign=lambda media: URL)) == {"uploaded": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "verified"}
    assert night.calls_in_gong()["pbx-00001"]["media"]["received"] == 1


def test_an_import_that_was_begun_by_url_sends_no_bytes(night: NightlyImport) -> None:
    write_night(night.folder, [manifest_row(1)])
    night.plan(night.folder / "manifest.csv", media_mode=MediaMode.PULL, storage=Files(sign=lambda media: URL))
    lost = Fault(operation="addCall", probability=1.0, action="reset", when="after")
    night.emulator.add_faults(lost)
    with pytest.raises(GongConnectionError):
        night.upload(Files(sign=lambda media: URL))
    night.emulator.clear_faults()
    night.plan(night.folder / "manifest.csv")
    assert night.upload() == {"uploaded": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "verified"}
    assert night.media_requests() == 0


def kill_upload(night: NightlyImport, **kill: str) -> None:
    url = folder_url(night.folder / "store").render_as_string()
    process = UploadProcess.of(night.emulator, COMPANY, "night", store_url=url, **kill)
    assert process.run() == -signal.SIGKILL


def test_an_interrupted_row_goes_on_with_another_url(night: NightlyImport) -> None:
    """The signature is not part of what makes a call the same."""
    write_night(night.folder, [manifest_row(1)])
    urls = iter(f"https://files.example.com/1.wav?signature={number}" for number in range(9))
    night.plan(night.folder / "manifest.csv", media_mode=MediaMode.PULL, storage=Files(sign=lambda media: next(urls)))
    lost = Fault(operation="addCall", probability=1.0, action="reset", when="after")
    night.emulator.add_faults(lost)
    with pytest.raises(GongConnectionError):
        night.upload(Files(sign=lambda media: next(urls)))
    night.emulator.clear_faults()
    assert night.upload(Files(sign=lambda media: next(urls))) == {"uploaded": 1}
    night.finish()
    assert night.states() == {"pbx-00001": "verified"}


def test_a_url_that_gong_refuses_is_shown_without_its_query(
    night: NightlyImport, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    text = f"downloadMediaUrl: {pull_row()['media']} cannot be fetched\n[2026] forged"
    night.emulator.add_faults(Fault(operation="addCall", nth=1, action="status", status=400, text=text))
    night.plan(write_manifest(night.folder / "manifest.csv", [pull_row()]), media_mode=MediaMode.PULL)
    assert night.upload() == {"failed": 1}
    (problem,) = night.rows()["pbx-00001"].problems
    assert "https://files.example.com/1.wav cannot be fetched" in problem.rule
    assert "secret" not in caplog.text + str(night.summary())
    assert not [message for message in caplog.messages if "\n" in message]


def test_verification_goes_on_where_it_was_when_the_quota_ends_in_its_middle(night: NightlyImport) -> None:
    pull(night, 102)
    night.emulator.advance(3600)
    night.emulator.add_faults(
        Fault(operation="listCallsExtensive", nth=2, action="status", status=429, retry_after=3600)
    )
    with pytest.raises(GongDailyQuotaError):
        night.verify()
    assert night.summary()["states"] == {"uploaded": 2, "verified": 100}
    assert night.tomorrow().verify() is None
    assert night.summary()["states"] == {"verified": 102}
    assert len(night.emulator.requests("listCallsExtensive")) == 3


def test_a_blind_key_is_found_out_with_a_few_requests(night: NightlyImport) -> None:
    pull(night, 30)
    night.emulator.set(key_sees_calls=False)
    night.emulator.advance(7200)
    assert night.verify(timeout=0) is None
    assert night.summary()["states"] == {"unverifiable": 30}
    assert len(night.emulator.requests("getCall")) == 10
