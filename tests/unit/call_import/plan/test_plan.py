"""The plan: all that is wrong with a manifest is found at once, before anything is written to Gong."""

from __future__ import annotations

import csv
import json
import logging
import os
import stat
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from airflow_provider_gong.call_import.choices import MediaMode
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.ledger.plan_draft import plan_draft
from airflow_provider_gong.ledger.rows import CallState, PlannedRow, Problem
from tests.support.recordings import manifest_row, write_manifest, write_wav
from tests.unit.call_import.conftest import USERS, NightlyImport, SeenPlan, plan_offline

URL = "https://files.example.com/recordings/1.wav?X-Amz-Signature=secret"


def plan_rows(folder: Path, rows: Sequence[Mapping[str, str]], **settings: Any) -> SeenPlan:
    """Plan rows whose recordings are there, as far as they have the usual places."""
    usual = {manifest_row(number)["media"] for number in range(20)}
    for row in rows:
        if row.get("media") in usual and not (folder / row["media"]).exists():
            write_wav(folder / row["media"], seconds=60, seed=int(Path(row["media"]).stem))
    return plan_offline(write_manifest(folder / "manifest.csv", rows), **{"is_strict": True, **settings})


def problems(plan: SeenPlan) -> dict[int, list[Problem]]:
    return {row.row_number: list(row.problems) for row in plan.rejected}


def planned_row(folder: Path, **changes: str) -> PlannedRow:
    (row,) = plan_rows(folder, [manifest_row(1, **changes)]).rows
    assert row.state is CallState.PLANNED, row.problems
    return row


def test_a_row_without_problems_is_planned_with_all_that_is_sent(tmp_path: Path) -> None:
    row = planned_row(tmp_path)
    assert row.payload is not None
    assert row.call["clientUniqueId"] == row.client_unique_id == "pbx-00001"
    assert row.media == str(tmp_path / "recordings/00001.wav")
    assert row.media_bytes == os.path.getsize(row.media)
    assert row.source == manifest_row(1)


def test_every_bad_input_is_found_in_one_pass(tmp_path: Path) -> None:
    write_wav(tmp_path / "short.wav", seconds=30, seed=1)
    (tmp_path / "empty.wav").touch()
    (tmp_path / "text.wav").write_text("no audio")
    bad = [
        ({"actual_start": "2026-11-20T14:03:00"}, "actual_start", "2026-11-20T14:03:00", "offset"),
        ({"primary_user": "tobias.okafo@example.com"}, "primary_user", "tobias.okafo@example.com", "Did you mean tob"),
        ({"primary_user": "noor.haddad@example.com"}, "primary_user", "noor.haddad@example.com", "administrator"),
        ({"primary_user": "amelie.dubois@example.com"}, "primary_user", "amelie.dubois@example.com", "active user"),
        ({"party_1_email": "na"}, "party_1_email", "'na'", "Correct it or leave the field out"),
        ({"media": "nowhere.wav"}, "media", str(tmp_path / "nowhere.wav"), "Correct the path"),
        ({"media": "empty.wav"}, "media", str(tmp_path / "empty.wav"), "Export the recording again"),
        ({"media": "short.wav"}, "media", str(tmp_path / "short.wav"), "Remove the call"),
        ({"media": "text.wav"}, "media", str(tmp_path / "text.wav"), "Convert it to WAV, MP3"),
        ({"media": "/etc/passwd"}, "media", "/etc/passwd", "media_base"),
        ({"client_unique_id": "pbx-00000"}, "client_unique_id", "pbx-00000", "each call a unique id"),
        ({"direction": "Sideways"}, "direction", "'Sideways'", "Use one of these"),
    ]
    rows = [manifest_row(0), *(manifest_row(number, **changes) for number, (changes, *_) in enumerate(bad, 1))]
    plan = plan_rows(tmp_path, rows)
    assert len(plan.planned) == 1
    assert set(problems(plan)) == set(range(2, len(bad) + 2))
    for (_, field, value, remedy), (problem,) in zip(bad, problems(plan).values(), strict=True):
        assert (problem.field, problem.value) == (field, value)
        assert remedy in problem.remedy
        assert problem.rule


def test_a_row_may_have_several_problems(tmp_path: Path) -> None:
    row = manifest_row(1, actual_start="yesterday", primary_user="nobody@example.com", party_1_email="na", media="x")
    (found,) = problems(plan_rows(tmp_path, [row])).values()
    assert [problem.field for problem in found] == ["primary_user", "actual_start", "party_1_email", "media"]


@pytest.mark.parametrize("column", ["client_unique_id", "actual_start", "direction", "primary_user", "media"])
def test_required_cells_may_not_be_empty(tmp_path: Path, column: str) -> None:
    (problem,) = problems(plan_rows(tmp_path, [manifest_row(1), manifest_row(2, **{column: ""})]))[2]
    assert (problem.field, problem.value, problem.rule) == (column, "nothing", "is required")


def test_cells_beyond_the_header_reject_their_row(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "manifest.csv", [manifest_row(1)])
    write_wav(tmp_path / "recordings/00001.wav", seconds=60, seed=1)
    manifest.write_text(manifest.read_text().rstrip() + ",more,cells\n")
    (problem,) = problems(plan_offline(manifest))[1]
    assert (problem.field, problem.value) == ("row", "more, cells")
    assert "Quote cells that contain commas" in problem.remedy


def test_of_rows_with_one_id_the_first_is_sent(tmp_path: Path) -> None:
    rows = [manifest_row(1), manifest_row(2, client_unique_id="pbx-00001"), manifest_row(1)]
    found = problems(plan_rows(tmp_path, rows))
    assert [(number, problem.rule) for number, (problem,) in found.items()] == [
        (2, "is already in row 1 of the same manifest"),
        (3, "is already in row 1 of the same manifest"),
    ]


def test_of_rows_with_one_recording_the_first_is_sent(tmp_path: Path) -> None:
    rows = [manifest_row(1), manifest_row(2, media=f"{tmp_path}/recordings/../recordings/00001.wav")]
    (problem,) = problems(plan_rows(tmp_path, rows))[2]
    assert (problem.field, problem.rule) == ("media", "is already in row 1 of the same manifest")
    assert "Gong stores each recording only once" in problem.remedy


def test_rows_without_ids_are_not_taken_for_one(tmp_path: Path) -> None:
    without = [manifest_row(number, client_unique_id="") for number in (2, 3)]
    found = problems(plan_rows(tmp_path, [manifest_row(1), *without]))
    assert [problem.rule for (problem,) in found.values()] == ["is required", "is required"]


def test_times_without_an_offset_are_read_in_the_zone_of_the_connection(tmp_path: Path) -> None:
    row = manifest_row(1, actual_start="2026-11-19 08:01")
    (planned,) = plan_rows(tmp_path, [row], timezone="Europe/Berlin").planned
    assert planned.payload is not None
    assert planned.call["actualStart"] == "2026-11-19T08:01:00+01:00"


def test_remarks_of_gong_and_of_the_header_are_warnings(tmp_path: Path) -> None:
    plan = plan_rows(tmp_path, [manifest_row(1, party_2_nmae="Sam")])
    assert plan.warnings == [
        "Column 'party_2_nmae' is unknown and ignored. Did you mean 'party_2_name'?",
    ]


def test_the_fingerprint_is_that_of_the_content(tmp_path: Path) -> None:
    first = planned_row(tmp_path).fingerprint
    assert planned_row(tmp_path).fingerprint == first
    assert planned_row(tmp_path, title="Another").fingerprint != first
    assert planned_row(tmp_path, primary_user="t.okafor@example.com").fingerprint == first
    (tmp_path / "archive").mkdir()
    (tmp_path / "recordings/00001.wav").rename(tmp_path / "archive/00001.wav")
    assert planned_row(tmp_path, media="archive/00001.wav").fingerprint == first
    write_wav(tmp_path / "archive/00001.wav", seconds=62, seed=1)
    assert planned_row(tmp_path, media="archive/00001.wav").fingerprint != first


def test_the_order_of_names_in_nested_cells_is_no_part_of_the_content(tmp_path: Path) -> None:
    crm = '[{"system": "Generic", "objects": [{"objectType": "Account", "objectId": "1", "fields": [%s]}]}]'
    one, other = '{"name": "n", "value": {"a": 1, "b": 2}}', '{"value": {"b": 2, "a": 1}, "name": "n"}'
    cells = [crm % field for field in (one, other, one.replace("2", "3"))]
    fingerprints = [planned_row(tmp_path, context=cell).fingerprint for cell in cells]
    assert fingerprints[0] == fingerprints[1] != fingerprints[2]


@pytest.mark.parametrize("column", ["context", "parties"])
def test_halves_of_characters_in_nested_cells_reject_their_row(tmp_path: Path, column: str) -> None:
    (problem,) = problems(plan_rows(tmp_path, [manifest_row(1, **{column: '[{"name": "\\ud800"}]'})]))[1]
    assert problem.field == column
    assert "surrogates not allowed" in problem.rule


def test_recordings_with_signs_of_urls_in_their_names_are_told_apart(tmp_path: Path) -> None:
    for name in ("call #1.wav", "call #2.wav"):
        write_wav(tmp_path / name, seconds=60, seed=1)
    first, second = (planned_row(tmp_path, media=f"call #{number}.wav").fingerprint for number in (1, 2))
    assert first != second


def test_what_gong_says_of_the_host_is_no_part_of_the_content(tmp_path: Path) -> None:
    before = planned_row(tmp_path)
    changed = {
        "first_name": "Toby",
        "email_address": "toby@example.com",
        "email_aliases": ["tobias.okafor@example.com"],
    }
    (after,) = plan_offline(tmp_path / "manifest.csv", [USERS[0].model_copy(update=changed)]).planned
    assert after.payload != before.payload
    assert after.fingerprint == before.fingerprint


def test_fingerprints_never_change_since_ledgers_hold_them(tmp_path: Path) -> None:
    parties = [
        {"userId": USERS[0].id, "name": 'T "\\" O', "phoneNumber": "1"},
        {"name": '"userId":"5"', "partyId": "é"},
    ]
    row = planned_row(tmp_path, parties=json.dumps(parties), duration="61.5")
    assert row.fingerprint == "bd472b0556abe6adf50318334f7bc756bb14a7b81a2661215e836f4051e48b69"


def test_nobody_else_can_read_a_plan_while_it_is_created(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with plan_draft() as draft:
        folder = draft.finished().parent.parent
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert not folder.exists()


def test_the_estimate_tells_requests_time_and_bytes(tmp_path: Path) -> None:
    rows = [manifest_row(number) for number in range(10)] + [manifest_row(13, direction="x")]
    plan = plan_rows(tmp_path, rows)
    size = os.path.getsize(tmp_path / "recordings/00001.wav")
    assert plan.estimate == {
        "rows": 11,
        "planned": 10,
        "rejected": 1,
        "already_imported": 0,
        "requests": 21,
        "requests_by_push": 21,
        "requests_by_pull": 11,
        "quota_days": 0.5,
        "seconds_at_least": 7,
        "bytes": 10 * size,
    }


def test_the_estimate_leaves_out_what_was_imported(night: NightlyImport) -> None:
    rows = [manifest_row(number) for number in range(1, 4)]
    night.plan_night(rows[:2])
    night.upload()
    night.finish()
    plan = night.plan_night(rows)
    size = os.path.getsize(night.folder / rows[2]["media"])
    figures = ("planned", "already_imported", "requests_by_push", "requests_by_pull", "bytes")
    assert [plan.estimate[name] for name in figures] == [3, 2, 3, 2, size]


def test_the_estimate_spreads_requests_over_days(tmp_path: Path) -> None:
    rows = [manifest_row(number, media=f"https://files.example.com/{number}.wav") for number in range(50)]
    plan = plan_rows(tmp_path, rows, media_mode=MediaMode.PULL)
    assert (plan.estimate["requests"], plan.estimate["quota_days"]) == (51, 1.21)
    assert plan.estimate["seconds_at_least"] == 86_400 + 3
    assert plan.estimate["bytes"] == 0


def test_an_estimate_of_nothing(tmp_path: Path) -> None:
    estimate = plan_rows(tmp_path, []).estimate
    assert (estimate["rows"], estimate["requests_by_push"], estimate["seconds_at_least"]) == (0, 0, 0)


def test_gong_may_fetch_the_recordings(tmp_path: Path) -> None:
    (row,) = plan_rows(tmp_path, [manifest_row(1, media=URL)], media_mode=MediaMode.PULL).planned
    assert row.payload is not None
    assert "downloadMediaUrl" not in row.call
    assert (row.is_pulled, row.media) == (True, URL)
    assert row.media_bytes is None
    signed_anew = manifest_row(1, media=URL.replace("secret", "other"))
    other = plan_rows(tmp_path, [signed_anew], media_mode=MediaMode.PULL).rows[0]
    assert other.fingerprint == row.fingerprint


@pytest.mark.parametrize(
    "media",
    [
        "recordings/00001.wav",
        "s3://recordings/1.wav?X-Amz-Signature=secret",
        "http://files.example.com/1.wav?X-Amz-Signature=secret",
        "https://user:secret@files.example.com/1.wav",
        "https:///1.wav?X-Amz-Signature=secret",
        "https://[files/1.wav?X-Amz-Signature=secret",
    ],
)
def test_what_gong_cannot_fetch_is_rejected_and_keeps_its_secret(tmp_path: Path, media: str) -> None:
    (problem,) = problems(plan_rows(tmp_path, [manifest_row(1, media=media)], media_mode=MediaMode.PULL))[1]
    assert problem.field == "media"
    assert "secret" not in str(problem.as_dict())


def test_a_web_address_is_not_uploaded(tmp_path: Path) -> None:
    (problem,) = problems(plan_rows(tmp_path, [manifest_row(1, media=URL)]))[1]
    assert problem.value == "https://files.example.com/recordings/1.wav"
    assert "media_mode='pull' or 'auto'" in problem.remedy


@pytest.mark.parametrize("column", ["client_unique_id", "actual_start", "direction", "primary_user", "party_1_email"])
@pytest.mark.parametrize("text", [URL, 'x\n[2026-11-20] ERROR - "forged"\x1b[0m'], ids=["signed URL", "forged line"])
def test_a_cell_in_the_wrong_column_neither_tells_a_secret_nor_forges_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, column: str, text: str
) -> None:
    caplog.set_level(logging.INFO)
    plan = plan_rows(tmp_path, [manifest_row(1, **{column: text}, media="nowhere.wav", title=text)], is_logged=True)
    assert plan.rejected
    assert "secret" not in caplog.text
    assert all(message.isprintable() for message in caplog.messages)


def test_the_log_names_every_rejected_row_and_the_first_warnings(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    rows = [manifest_row(number, direction="x") | {f"column_{number}": "x"} for number in range(1, 23)]
    plan_rows(tmp_path, rows, is_logged=True)
    table = [text.split() for text in caplog.messages]
    assert [*["Rows", "without", "problems"], "0"] in table
    assert ["Rejected", "rows", "22"] in table
    for number in range(1, 23):
        assert any(text.startswith(f"Row {number}, pbx-{number:05d}: direction") for text in caplog.messages)
    assert sum("is unknown" in text for text in caplog.messages) == 20
    assert caplog.messages[-1] == "2 more warnings like these."


def test_plans_can_be_kept_as_json(tmp_path: Path) -> None:
    (row,) = plan_rows(tmp_path, [manifest_row(1, title="Zoë\u2028")]).rows
    assert row.payload is not None
    assert json.loads(json.dumps(row.call)) == json.loads(row.payload) == row.call


def test_a_manifest_that_ends_in_the_middle_of_a_cell_is_refused_as_a_whole(tmp_path: Path) -> None:
    manifest = write_manifest(tmp_path / "manifest.csv", [manifest_row(1)])
    with manifest.open("a", newline="") as file:
        csv.writer(file, quoting=csv.QUOTE_ALL).writerow(["pbx-2", "2026"])
    manifest.write_text(manifest.read_text().rstrip()[:-1])
    with pytest.raises(GongManifestError, match="line 3"):
        plan_offline(manifest)
