"""Imports whose outcome is sent by email and to Slack, and imports that publish asset events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from airflow_provider_gong.notifications.call_import import GongCallImportNotifier
from airflow_provider_gong.task_groups import gong_call_import
from tests.scenario.support import retrying_dag, task_states
from tests.support.messaging import MailServer, SlackServer, serving
from tests.support.recordings import manifest_row, write_night

if TYPE_CHECKING:
    from airflow_provider_gong.notifications.outcome import CallImportOutcome
    from tests.scenario.support import Example, RunDag

pytestmark = pytest.mark.usefixtures("gong_connection")

HOSTILE = "</td><script>alert(1)</script> {{ 7 * 7 }} <!channel> & *you*"
NIGHT = datetime(2026, 11, 20, 3, tzinfo=UTC)


@pytest.fixture
def mail(monkeypatch: pytest.MonkeyPatch) -> Iterator[MailServer]:
    with serving(MailServer()) as server:
        monkeypatch.setenv("AIRFLOW_CONN_SMTP_DEFAULT", server.airflow_connection)
        yield server


@pytest.fixture
def slack(monkeypatch: pytest.MonkeyPatch) -> Iterator[SlackServer]:
    with serving(SlackServer()) as server:
        monkeypatch.setenv("AIRFLOW_CONN_SLACK_API_DEFAULT", server.airflow_connection)
        yield server


def html_of(mail: MailServer) -> str:
    (message,) = mail.messages
    body = message.get_body(("html",))
    assert body is not None
    return str(body.get_content())


def written_night(folder: Path, *wrong: dict[str, str]) -> Path:
    rows = [manifest_row(1), *(manifest_row(number, **change) for number, change in enumerate(wrong, start=2))]
    return write_night(folder, rows)


def test_email_of_the_example_has_what_a_person_needs(
    example: Example, run_dag: RunDag, mail: MailServer, slack: SlackServer, tmp_path: Path
) -> None:
    written_night(tmp_path / "2026-11-19", {"direction": "sideways", "title": HOSTILE})

    run = run_dag(example("example_gong_import_alerts"), logical_date=NIGHT, run_conf={"recordings": str(tmp_path)})

    assert run.state == "success"
    (message,) = mail.messages
    assert message["To"] == "revenue-operations@example.com"
    assert message["Subject"].startswith("Gong import: 1 of 2 rows is wrong (example_gong_import_alerts_")
    html = html_of(mail)
    assert "1 verified" in html
    assert "1 problem for the manifest&#39;s owner" in html
    assert "pbx-00002" in html
    assert f"Report: {tmp_path}/2026-11-19/report/report.html" in html
    assert "&lt;/td&gt;&lt;script&gt;" in html
    assert "{{ 7 * 7 }}" in html
    assert "<script" not in html
    # Nothing waits for a Gong administrator.
    assert slack.messages == []


def test_slack_is_told_what_waits_for_an_administrator(
    example: Example, run_dag: RunDag, mail: MailServer, slack: SlackServer, tmp_path: Path
) -> None:
    inactive = {"primary_user": "amelie.dubois@example.com", "title": HOSTILE}
    written_night(tmp_path / "2026-11-19", {"direction": "sideways"}, inactive)

    run_dag(example("example_gong_import_alerts"), logical_date=NIGHT, run_conf={"recordings": str(tmp_path)})

    (sent,) = slack.messages
    assert sent["channel"] == "#gong-admins"
    assert "1 problem for a Gong administrator" in sent["text"]
    assert "&lt;!channel&gt; &amp; *you*" in sent["text"]
    assert "<!" not in sent["text"]
    blocks = json.loads(sent["blocks"])
    texts = [block["text"] for block in blocks]
    assert HOSTILE[:40] in "".join(text["text"] for text in texts if text["type"] == "plain_text")
    assert "script" not in "".join(text["text"] for text in texts if text["type"] == "mrkdwn")
    assert "pbx-00003" in sent["text"]
    assert "pbx-00002" not in sent["text"]


def run_import(run_dag: RunDag, manifest: Path | str, dag_id: str, **options: Any) -> Any:
    with retrying_dag(dag_id) as dag:
        gong_call_import(str(manifest), **options)
    return run_dag(dag)


def email(outcome: CallImportOutcome) -> Any:
    from airflow.providers.smtp.notifications.smtp import SmtpNotifier

    return SmtpNotifier(to="ops@example.com", subject=outcome.subject, html_content=outcome.html)


def test_right_import_is_silent_unless_asked(run_dag: RunDag, mail: MailServer, tmp_path: Path) -> None:
    manifest = written_night(tmp_path)
    run_import(run_dag, manifest, "silent", notifiers=[GongCallImportNotifier(email)])
    assert mail.messages == []

    write_night(tmp_path / "second", [manifest_row(9)])
    notifier = GongCallImportNotifier(email, always=True)
    run_import(run_dag, tmp_path / "second" / "manifest.csv", "speaking", notifiers=[notifier])
    assert mail.messages[0]["Subject"].startswith("Gong import: no row is wrong")


def test_failed_import_is_told(run_dag: RunDag, mail: MailServer, tmp_path: Path) -> None:
    manifest = written_night(tmp_path, {"direction": "sideways"})
    run = run_import(run_dag, manifest, "red", notifiers=[GongCallImportNotifier(email)])
    assert run.state == "failed"
    assert "1 of 2 rows is wrong" in mail.messages[0]["Subject"]


def test_import_without_a_manifest_is_told(run_dag: RunDag, mail: MailServer, tmp_path: Path) -> None:
    run = run_import(run_dag, tmp_path / "missing.csv", "missing", notifiers=[GongCallImportNotifier(email)])
    assert run.state == "failed"
    assert [message["Subject"] for message in mail.messages] == ["Gong import: failed without a report"]
    assert "missing.csv" in html_of(mail)


def events_of(dag_id: str) -> list[dict[str, Any]]:
    from airflow.models.asset import AssetEvent
    from airflow.utils.session import create_session
    from sqlalchemy import select

    with create_session() as session:
        query = select(AssetEvent).where(AssetEvent.source_dag_id == dag_id)
        return [dict(event.extra) for event in session.scalars(query)]


@pytest.mark.parametrize(("event_on", "rows"), [("success", []), ("end", [2])])
def test_import_with_rejected_rows_has_an_event_if_asked(
    run_dag: RunDag, tmp_path: Path, event_on: str, rows: list[int]
) -> None:
    from airflow.sdk import Asset

    manifest = written_night(tmp_path, {"direction": "sideways"})
    run = run_import(
        run_dag, manifest, f"rejected_{event_on}", outlets=[Asset("gong://us-12345/calls")], event_on=event_on
    )
    # The event changes nothing about the run's state.
    assert run.state == "failed"
    assert [event["rows"] for event in events_of(f"rejected_{event_on}")] == rows


def test_event_of_the_example_has_the_counts(example: Example, run_dag: RunDag, tmp_path: Path) -> None:
    written_night(tmp_path / "2026-11-19")
    run = run_dag(example("example_gong_import_event"), logical_date=NIGHT, run_conf={"recordings": str(tmp_path)})
    assert run.state == "success", task_states(run)
    (event,) = events_of("example_gong_import_event")
    assert (event["rows"], event["states"], event["wrong"]) == (1, {"verified": 1}, 0)
    assert event["import_id"].startswith("example_gong_import_event")


def test_import_without_a_plan_has_no_event(run_dag: RunDag, tmp_path: Path) -> None:
    from airflow.sdk import Asset

    run = run_import(
        run_dag, tmp_path / "missing.csv", "no_event", outlets=[Asset("gong://us-12345/calls")], event_on="end"
    )
    assert run.state == "failed"
    assert events_of("no_event") == []
