"""The command of the people on call, on a store that an import has left behind."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from airflow_provider_gong.call_import.report.report import ImportReport
from airflow_provider_gong.commands.__main__ import main
from airflow_provider_gong.emulator import RunningEmulator
from airflow_provider_gong.ledger.folder.journaled import journaled_ledger
from airflow_provider_gong.ledger.ledger import Ledger
from airflow_provider_gong.ledger.rows import CallState, Problem, Reading
from airflow_provider_gong.operators.call_import import GongPlanCallImportOperator
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.user_lists import UserList
from tests.support.recordings import manifest_row, write_night
from tests.unit.call_import.conftest import plan_offline
from tests.unit.hooks.support import task_context

Command = Callable[..., str]
PROBLEM = Problem("media", "a.wav", "cannot be read", "Put it back.", "recording")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    opened = Store(f"sqlite:///{tmp_path}/store.db")
    _ = opened.id
    yield opened
    opened.close()


@pytest.fixture
def command(store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Command:
    """Return a function that runs the command on the store, and returns what it prints."""

    def run(*arguments: str) -> str:
        # What was printed before is not the command's.
        capsys.readouterr()
        main(["imports", "--store", f"sqlite:///{tmp_path}/store.db", *arguments])
        return capsys.readouterr().out

    return run


def plan(store: Store, folder: Path, *numbers: int, import_id: str = "night", company: str = "emulated") -> Ledger:
    ledger = Ledger(store, company, import_id)
    manifest = write_night(folder / import_id, [manifest_row(number) for number in numbers])
    ledger.replace_plan(str(manifest), plan_offline(manifest).rows)
    return ledger


def fail(ledger: Ledger, *, sent: bool = False) -> None:
    (lease,) = ledger.lease("worker", limit=1, seconds=60)
    ledger.failed(lease, PROBLEM, sent=sent)


def verify(ledger: Ledger) -> None:
    (lease,) = ledger.lease("worker", limit=1, seconds=60)
    ledger.created(lease, f"77{lease.row_number}", is_pulled=True)
    ledger.read_back([Reading(lease.client_unique_id, CallState.VERIFIED, "https://gong.example.com/call?id=1")])


def states(ledger: Ledger) -> dict[str, str]:
    return {row.client_unique_id: row.state.value for row in ledger.rows()}


def test_imports_are_listed_with_their_states(command: Command, store: Store, tmp_path: Path) -> None:
    verify(plan(store, tmp_path, 1, 2))
    plan(store, tmp_path, 3, import_id="other", company="another")
    header, first, second = command("list").splitlines()
    assert header.split() == ["import", "company", "planned", "rows", "manifest"]
    assert first.startswith("night   emulated  20")
    assert "1 planned, 1 verified" in first
    assert first.endswith(f"{tmp_path}/night/manifest.csv")
    assert second.startswith("other   another")
    assert len(command("--company", "another", "list").splitlines()) == 2


def test_an_empty_store_has_no_imports(command: Command) -> None:
    assert command("list").split() == ["import", "company", "planned", "rows", "manifest"]


def test_an_import_is_shown_with_who_has_to_act(command: Command, store: Store, tmp_path: Path) -> None:
    ledger = plan(store, tmp_path, 1, 2)
    fail(ledger)
    verify(ledger)
    text = command("show", "night")
    assert "Import night of company emulated: 2 rows" in text
    assert "1 problem for the recordings' owner" in text
    assert f"Row 1 of {tmp_path}/night/manifest.csv (pbx-00001): failed\n    {PROBLEM}\n" in text
    assert "pbx-00002" not in text
    assert "(pbx-00002): verified call 772" in command("show", "night", "--state", "verified")


def test_failed_rows_are_tried_again(command: Command, store: Store, tmp_path: Path) -> None:
    ledger = plan(store, tmp_path, 1, 2)
    fail(ledger)
    verify(ledger)
    assert command("retry", "night").startswith("1 failed row can be sent again. Clear the upload task")
    assert states(ledger) == {"pbx-00001": "planned", "pbx-00002": "verified"}


def test_what_was_sent_stays_known_when_an_import_is_forgotten(command: Command, store: Store, tmp_path: Path) -> None:
    ledger = plan(store, tmp_path, 1, 2)
    fail(ledger)
    verify(ledger)
    assert command("forget", "night").startswith("2 rows were deleted.")
    assert not ledger.is_planned()
    assert list(ledger.rows()) == []
    again = plan(store, tmp_path, 1, 2, import_id="again")
    first, second = again.rows()
    assert (first.state, first.problems) == (CallState.PLANNED, ())
    assert (second.state, second.call_id, second.url) == (CallState.VERIFIED, "772", None)


def test_an_unfinished_import_is_not_forgotten(command: Command, store: Store, tmp_path: Path) -> None:
    ledger = plan(store, tmp_path, 1)
    with pytest.raises(SystemExit, match="Import 'night' has 1 unfinished row"):
        command("forget", "night")
    assert states(ledger) == {"pbx-00001": "planned"}


def test_old_imports_are_purged(command: Command, store: Store, tmp_path: Path) -> None:
    old = plan(store, tmp_path, 1)
    verify(old)
    plan(store, tmp_path, 2, import_id="unfinished")
    assert command("purge", "--older-than", "1") == ""
    assert "would be forgotten: night of 20" in command("purge", "--older-than", "0", "--dry-run")
    assert old.is_planned()
    first, second = command("purge", "--older-than", "0").splitlines()
    assert first.startswith("forgotten: night of 20")
    assert first.endswith(", 1 row")
    assert second.startswith("kept: Import 'unfinished' has 1 unfinished row")
    assert not old.is_planned()


@pytest.mark.parametrize("days", ["nan", "-1"])
def test_an_age_that_all_imports_have_purges_none(
    command: Command, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str], days: str
) -> None:
    finished = plan(store, tmp_path, 1)
    verify(finished)
    with pytest.raises(SystemExit, match="2"):
        command("purge", "--older-than", days)
    assert "--older-than must be 0 days or more" in capsys.readouterr().err
    assert finished.is_planned()


def test_lists_of_users_are_purged_with_the_imports(command: Command, store: Store) -> None:
    users = UserList(store, "emulated")
    users.keep([{"id": "1"}])
    assert command("purge", "--older-than", "1") == command("purge", "--older-than", "0", "--dry-run") == ""
    assert users.read(60) is not None
    assert command("purge", "--older-than", "0") == ""
    assert users.read(60) is None


def adoption_file(folder: Path, *lines: str) -> str:
    file = folder / "calls.csv"
    file.write_text("\n".join(("client_unique_id,call_id", *lines)))
    return str(file)


def test_calls_of_another_tool_are_adopted(command: Command, store: Store, tmp_path: Path) -> None:
    file = adoption_file(tmp_path, "pbx-00001,7782342274025937895", "pbx-00009,5")
    adopt = ("--company", "emulated", "adopt", file)
    assert command(*adopt) == "2 calls adopted, 0 known already.\n"
    assert command(*adopt) == "0 calls adopted, 2 known already.\n"
    ledger = plan(store, tmp_path, 1, 2)
    assert states(ledger) == {"pbx-00001": "duplicate", "pbx-00002": "planned"}
    assert next(ledger.rows()).call_id == "7782342274025937895"
    assert [lease.client_unique_id for lease in ledger.lease("worker", limit=9, seconds=60)] == ["pbx-00002"]
    assert ImportReport(ledger).run()["wrong"] == 0


def test_a_call_that_failed_before_it_was_sent_is_adopted(command: Command, store: Store, tmp_path: Path) -> None:
    ledger = plan(store, tmp_path, 1)
    fail(ledger)
    command("--company", "emulated", "adopt", adoption_file(tmp_path, "pbx-00001,5"))
    assert states(ledger) == {"pbx-00001": "duplicate"}
    ledger.reopen()
    assert states(ledger) == {"pbx-00001": "duplicate"}


def test_calls_that_contradict_the_store_are_not_adopted(
    command: Command, store: Store, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    ledger = plan(store, tmp_path, 1, 2, 3)
    verify(ledger)
    fail(ledger, sent=True)
    ledger.lease("worker", limit=1, seconds=60)
    before = states(ledger)
    with pytest.raises(SystemExit, match="3"):
        command("--company", "emulated", "adopt", adoption_file(tmp_path, "pbx-00001,5", "pbx-00002,6", "pbx-00003,7"))
    assert [line.split()[2] for line in capsys.readouterr().out.splitlines()[1:]] == [
        "pbx-00001",
        "pbx-00002",
        "pbx-00003",
    ]
    assert states(ledger) == before


def test_all_that_is_wrong_with_a_file_is_said_before_anything_is_adopted(
    command: Command, store: Store, tmp_path: Path
) -> None:
    file = adoption_file(tmp_path, "pbx-00001,5", "pbx-2,x", ",5", "pbx-00001,6")
    with pytest.raises(SystemExit) as raised:
        command("--company", "emulated", "adopt", file)
    for row in ("row 2 needs", "row 3 needs", "row 4 gives 'pbx-00001' another call_id"):
        assert row in str(raised.value)
    assert states(plan(store, tmp_path, 1)) == {"pbx-00001": "planned"}


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("show", "nothing"), "There is no import 'nothing'"),
        (("--company", "x", "adopt", "nowhere.csv"), "No such file"),
    ],
)
def test_errors_are_one_line(command: Command, arguments: tuple[str, ...], says: str) -> None:
    with pytest.raises(SystemExit, match=says) as raised:
        command(*arguments)
    assert str(raised.value).startswith("airflow-gong: ")


def test_an_import_of_several_companies_needs_one(command: Command, store: Store, tmp_path: Path) -> None:
    for company in ("a", "b"):
        plan(store, tmp_path, 1, company=company)
    with pytest.raises(SystemExit, match="Several companies have an import 'night': a, b"):
        command("show", "night")
    assert "of company b" in command("--company", "b", "show", "night")


def test_the_store_of_a_connection_is_the_default(
    gong: RunningEmulator, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    manifest = write_night(tmp_path / "rows", [manifest_row(1)])
    GongPlanCallImportOperator(task_id="plan", manifest=str(manifest), import_id="nightly").execute(task_context())
    requests = len(gong.requests())
    capsys.readouterr()
    main(["imports", "list"])
    assert "nightly" in capsys.readouterr().out
    with pytest.raises(SystemExit, match="nowhere"):
        main(["imports", "--conn-id", "nowhere", "list"])
    assert len(gong.requests()) == requests


def test_texts_of_an_import_cannot_control_a_terminal(command: Command, store: Store, tmp_path: Path) -> None:
    plan(store, tmp_path, 1, import_id="x\x1b[2Jy")
    assert "\x1b" not in command("list")


def test_every_command_explains_itself(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["imports", "--help"])
    text = capsys.readouterr().out
    for name in ("list", "show", "retry", "forget", "purge", "adopt", "--conn-id", "--store", "--company"):
        assert name in text


def test_adopting_needs_a_company(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command("adopt", "nowhere.csv")
    assert "--store requires --company" in capsys.readouterr().err


def test_an_unknown_state_is_wrong_usage(command: Command, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command("show", "night", "--state", "verifed")
    assert "--state must be one of planned, created" in capsys.readouterr().err


def test_programs_get_the_same_as_json(command: Command, store: Store, tmp_path: Path) -> None:
    ledger = plan(store, tmp_path, 1, 2)
    fail(ledger)
    verify(ledger)
    (info,) = json.loads(command("list", "--json"))
    assert (info["import_id"], info["rows"]) == ("night", {"failed": 1, "verified": 1})
    assert datetime.fromisoformat(info["planned_at"]) <= datetime.now(UTC)
    shown = json.loads(command("--json", "show", "night"))
    assert (shown["rows"], shown["who_must_act"]) == (2, {"recording": 1})
    assert [(row["client_unique_id"], row["problems"][0]["rule"]) for row in shown["listed"]] == [
        ("pbx-00001", "cannot be read")
    ]
    assert json.loads(command("retry", "night", "--json")) == {"import_id": "night", "reopened": 1}
    purged = json.loads(command("purge", "--older-than", "0", "--json"))["imports"]
    assert "has 1 unfinished row" in purged[0]["kept_because"]
    adopted = json.loads(command("adopt", "--company", "emulated", adoption_file(tmp_path, "pbx-00001,5"), "--json"))
    assert adopted == {"company": "emulated", "adopted": 1, "known": 0, "conflicts": []}
    assert json.loads(command("forget", "night", "--json")) == {"import_id": "night", "deleted": 2}


def journal(folder: Path, *numbers: int) -> dict[str, bytes]:
    """Let a worker that is killed keep an import in a folder, and return its files."""
    manifest = write_night(folder / "night", [manifest_row(number) for number in numbers])
    with journaled_ledger(folder / "imports", "emulated", "night") as ledger:
        ledger.replace_plan(str(manifest), plan_offline(manifest).rows)
    with contextlib.suppress(KeyboardInterrupt), journaled_ledger(folder / "imports", "emulated", "night") as ledger:
        (lease,) = ledger.lease("worker", limit=1, seconds=60)
        ledger.created(lease, "123", is_pulled=False)
        raise KeyboardInterrupt
    return files_of(folder / "imports")


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_an_import_in_a_folder_is_shown_and_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = journal(tmp_path, 1, 2)
    place = ["--company", "emulated", "--import-path", str(tmp_path / "imports")]
    main(["imports", "show", "night", "--state", "created", *place])
    shown = capsys.readouterr().out
    assert "Import night of company emulated: 2 rows" in shown
    assert "(pbx-00001): created call 123" in shown
    assert files_of(tmp_path / "imports") == files


def test_an_import_in_a_folder_is_read_while_a_worker_writes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    journal(tmp_path, 1, 2)
    place = ["--company", "emulated", "--import-path", str(tmp_path / "imports")]
    with journaled_ledger(tmp_path / "imports", "emulated", "night") as worker:
        worker.resume("worker")
        leases = worker.lease("worker", limit=2, seconds=60)
        main(["imports", "show", "night", *place])
        # The worker goes on: nobody has taken its place.
        for number, lease in enumerate(leases):
            worker.failed(lease, PROBLEM, sent=bool(number))
    capsys.readouterr()
    main(["imports", "show", "night", *place])
    assert "cannot be read" in capsys.readouterr().out


def test_a_folder_that_holds_no_such_import(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal(tmp_path, 1)
    for company, folder in (("acme", "imports"), ("emulated", "mistyped")):
        with pytest.raises(SystemExit, match="holds no import 'night' of company"):
            main(["imports", "show", "night", "--company", company, "--import-path", str(tmp_path / folder)])
    assert not (tmp_path / "mistyped").exists()
    with pytest.raises(SystemExit) as wrong:
        main(["imports", "show", "night", "--store", "x.db", "--import-path", str(tmp_path / "imports")])
    assert wrong.value.code == 2


def test_a_damaged_folder_names_the_file(tmp_path: Path) -> None:
    journal(tmp_path, 1, 2)
    (segment,) = tmp_path.rglob("plans/*/*.jsonl")
    segment.write_bytes(segment.read_bytes()[:-100])
    with pytest.raises(SystemExit, match=f"is damaged: plans/.*{segment.name}"):
        main(["imports", "show", "night", "--company", "emulated", "--import-path", str(tmp_path / "imports")])


def test_the_imports_in_a_folder_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal(tmp_path, 1, 2)
    nightly = "nightly__scheduled__2026-11-20T00:00:00+00:00__import"
    manifest = write_night(tmp_path / "night", [manifest_row(3)])
    with journaled_ledger(tmp_path / "imports", "emulated", nightly) as ledger:
        ledger.replace_plan(str(manifest), plan_offline(manifest).rows)
    files = files_of(tmp_path / "imports")
    place = ["--company", "emulated", "--import-path", str(tmp_path / "imports")]
    main(["imports", "list", "--json", *place])
    found = {entry["import_id"]: entry["rows"] for entry in json.loads(capsys.readouterr().out)}
    assert found == {"night": {"created": 1, "planned": 1}, nightly: {"planned": 1}}
    main(["imports", "list", *place])
    assert "1 created, 1 planned" in capsys.readouterr().out
    assert files_of(tmp_path / "imports") == files
    # What is listed can be shown.
    main(["imports", "show", nightly, *place])
    assert f"Import {nightly} of company emulated: 1 row" in capsys.readouterr().out


def test_a_damaged_import_in_a_folder_hides_no_other(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    journal(tmp_path, 1, 2)
    (segment,) = tmp_path.rglob("plans/*/*.jsonl")
    manifest = write_night(tmp_path / "night", [manifest_row(3)])
    with journaled_ledger(tmp_path / "imports", "emulated", "later") as ledger:
        ledger.replace_plan(str(manifest), plan_offline(manifest).rows)
    segment.write_bytes(segment.read_bytes()[:-100])
    with pytest.raises(SystemExit, match="3"):
        main(["imports", "list", "--company", "emulated", "--import-path", str(tmp_path / "imports")])
    _, later, damaged = capsys.readouterr().out.splitlines()
    assert later.startswith("later ")
    assert "1 planned" in later
    assert damaged.startswith("night ")
    assert segment.name in damaged


@pytest.mark.parametrize(("company", "folder"), [("acme", "imports"), ("emulated", "mistyped")])
def test_a_folder_without_imports_is_an_error(tmp_path: Path, company: str, folder: str) -> None:
    journal(tmp_path, 1)
    with pytest.raises(SystemExit, match=f"holds no imports of company {company}. Check the import_path"):
        main(["imports", "list", "--company", company, "--import-path", str(tmp_path / folder)])


def test_an_import_of_an_earlier_version_is_listed_by_its_folder(capsys: pytest.CaptureFixture[str]) -> None:
    journal_of_schema_4 = Path(__file__).parents[2] / "fixtures" / "schema_4" / "journal"
    main(["imports", "list", "--json", "--company", "emulated", "--import-path", str(journal_of_schema_4)])
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["import_id"], sum(found["rows"].values())) == ("night", 14)


@pytest.mark.parametrize(
    ("name", "says"), [("retry", "clear its upload task"), ("forget", "delete the folder of a finished import")]
)
def test_what_people_do_with_a_folder_themselves(capsys: pytest.CaptureFixture[str], name: str, says: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        main(["imports", name, "night", "--company", "emulated", "--import-path", "imports"])
    assert says in capsys.readouterr().err
