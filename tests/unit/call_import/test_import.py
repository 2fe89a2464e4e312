"""The main job without Airflow: a night of recordings goes into Gong, each call once."""

from __future__ import annotations

import wave
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_import.errors import GongImportError, GongImportUnfinishedError
from airflow_provider_gong.call_import.verify import ImportVerification
from tests.support.media import Files
from tests.support.recordings import manifest_row, write_night
from tests.unit.call_import.conftest import NightlyImport


def test_a_night_goes_into_gong(night: NightlyImport) -> None:
    rows = [manifest_row(number) for number in range(1, 6)]
    plan = night.plan_night(rows)
    assert not plan.rejected
    assert night.upload() == {"uploaded": 5}
    assert night.verify() == pytest.approx(15)
    night.finish()
    assert night.summary()["states"] == {"verified": 5}
    stored = night.calls_in_gong()
    assert {row.client_unique_id: row.call_id for row in night.ledger.rows()} == {
        ident: call["id"] for ident, call in stored.items()
    }
    for ident, row in night.rows().items():
        assert row.media_sha256 == stored[ident]["media"]["sha256"]
        assert stored[ident]["media"]["received"] == 1
        assert row.duration == pytest.approx(61)


class ExpiredPath(type(Path())):  # type: ignore[misc]
    """The path of an object whose store no longer accepts the credentials, as s3fs says so."""

    def stat(self, **_: Any) -> Any:
        cause = Exception("ExpiredToken")
        cause.response = {"Error": {"Code": "ExpiredToken"}}  # type: ignore[attr-defined]
        raise PermissionError("The provided token has expired.") from cause


def test_credentials_that_expire_during_an_upload_fail_no_row(night: NightlyImport) -> None:
    night.plan_night([manifest_row(number) for number in (1, 2, 3)])
    with pytest.raises(GongImportError, match="The provided token has expired") as raised:
        night.upload(Files(ExpiredPath))
    assert raised.value.retry_can_help
    assert set(night.states().values()) == {"planned"}
    assert night.upload() == {"uploaded": 3}
    assert len(night.calls_in_gong()) == 3


def test_the_wait_says_which_recordings_gong_has_probably_discarded(night: NightlyImport, other: NightlyImport) -> None:
    """Gong tells one who asks that it is processing a recording, and forgets one that it has discarded."""
    manifest = write_night(night.folder, [manifest_row(number) for number in (1, 2)])
    with wave.open(str(night.folder / "recordings" / "00001.wav"), "wb") as silence:
        silence.setparams((1, 2, 8000, 0, "NONE", ""))
        silence.writeframes(bytes(2 * 8000 * 61))
    night.plan(manifest)
    night.upload()
    night.emulator.advance(3600)

    assert night.verify() is not None  # pbx-00002 is there
    said = reason_to_wait(night)
    assert "1 recording of the import cannot be read yet. Of 1 call that" in said
    assert "does not find 1: pbx-00001. It has probably discarded" in said
    assert night.states() == {"pbx-00001": "uploaded", "pbx-00002": "verified"}
    other.plan(write_night(night.folder, [manifest_row(3)]))
    other.upload()
    assert "Of 1 call that it was asked about, Gong is still processing 1. A" in reason_to_wait(other)


def test_the_wait_says_nothing_of_discarded_recordings_before_gong_may_have_processed_them(
    night: NightlyImport,
) -> None:
    night.plan_night([manifest_row(1)])
    night.upload()
    before = len(night.emulator.requests())

    assert "Gong is still processing 1 recording of the import, or has" in reason_to_wait(night, between_looks=600)
    assert len(night.emulator.requests()) == before + 1


def reason_to_wait(night: NightlyImport, between_looks: float = 0.0) -> str:
    with night.client() as client, pytest.raises(GongImportUnfinishedError) as unfinished:
        ImportVerification(night.ledger, client, timeout=3600, between_looks=between_looks).run()
    return str(unfinished.value)
