"""The outcome of an import in the forms that notifiers send."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from airflow_provider_gong._compat import BaseNotifier
from airflow_provider_gong.ledger.rows import Actor
from airflow_provider_gong.notifications.call_import import GongCallImportNotifier
from airflow_provider_gong.notifications.outcome import CallImportOutcome

HOSTILE = "<script>x</script> <!channel> {{ 1 }} \x1b[31m\nforged & \u202e"


def problem(number: int, **changes: Any) -> dict[str, Any]:
    return {
        "file": "calls.csv",
        "row": number,
        "client_unique_id": f"pbx-{number}",
        "title": "Renewal",
        "state": "rejected",
        "field": "direction",
        "value": "'IN'",
        "rule": "must be one of Inbound, Outbound",
        "remedy": "Use one of these.",
        "who": "manifest",
    } | changes


def summary(problems: list[dict[str, Any]] | None = None, **changes: Any) -> dict[str, Any]:
    problems = problems or []
    who = [entry["who"] for entry in problems]
    return {
        "import_id": "night",
        "company": "us-12345",
        "rows": 9,
        "states": {"verified": 9 - len(problems), "rejected": len(problems)},
        "unfinished": 0,
        "wrong": len(problems),
        "who_must_act": {name: who.count(name) for name in dict.fromkeys(who)},
        "problems": problems,
    } | changes


def test_text_says_verdict_counts_actors_problems_and_where_the_report_is() -> None:
    outcome = CallImportOutcome.of(
        summary([problem(2)]), report="s3://bucket/report/report.html", log_url="https://airflow.example.com/log"
    )
    assert outcome.text.splitlines() == [
        "Gong import: 1 of 9 rows is wrong (night)",
        "Company us-12345, 9 rows: 8 verified, 1 rejected",
        "1 problem for the manifest's owner",
        "- Row 2 of calls.csv, pbx-2 \"Renewal\" (rejected): direction: must be one of Inbound, Outbound (got 'IN'). "
        "Use one of these.",
        "Report: s3://bucket/report/report.html",
        "Task: https://airflow.example.com/log",
    ]


def test_only_the_first_problems_are_listed() -> None:
    outcome = CallImportOutcome.of(summary([problem(number) for number in range(1, 9)]))
    assert len(outcome.problems) == 5
    assert "3 more problems in the report" in outcome.text
    assert "3 more problems in the report" in outcome.html


def test_problems_of_one_actor() -> None:
    both = summary([problem(1), problem(2, who="gong_administrator")])
    outcome = CallImportOutcome.of(both).only(Actor.ADMINISTRATOR)
    assert outcome.subject == "Gong import: 1 problem for a Gong administrator (night)"
    assert "pbx-2" in outcome.text
    assert "pbx-1" not in outcome.text
    assert "manifest's owner" not in outcome.text


def test_nothing_from_outside_is_more_than_text() -> None:
    hostile = problem(2, title=HOSTILE, client_unique_id=HOSTILE, value=HOSTILE, rule=HOSTILE, remedy=HOSTILE)
    outcome = CallImportOutcome.of(
        summary([hostile], import_id=HOSTILE, company=HOSTILE), report=HOSTILE, log_url="javascript:alert(1)"
    )
    assert "<script" not in outcome.html
    assert "javascript:" not in outcome.html
    assert len(outcome.subject.splitlines()) == 1
    assert outcome.text.isprintable() or set(re.findall(r"[^\x20-\x7e]", outcome.text)) == {"\n"}
    assert "forged" not in [line[:6] for line in outcome.text.splitlines()]
    assert "<!" not in outcome.slack_text
    assert all(block["text"]["type"] == "plain_text" for block in outcome.slack_blocks)


def test_secrets_of_a_report_path_are_left_out() -> None:
    outcome = CallImportOutcome.of(summary(), report="https://bucket.example.com/report.html?X-Amz-Signature=abc")
    assert "abc" not in outcome.text + outcome.html


def test_blocks_keep_to_the_limits_of_slack() -> None:
    long = [problem(number, rule="x" * 5000, title="t" * 500, remedy="r" * 5000) for number in range(1, 60)]
    blocks = CallImportOutcome.of(summary(long, import_id="i" * 500)).slack_blocks
    assert len(blocks) <= 50
    assert len(blocks[0]["text"]["text"]) <= 150
    assert all(len(block["text"]["text"]) <= 3000 for block in blocks)


def units(text: str) -> int:
    """Return the length as JavaScript and many chat programs count it, at least that of Python."""
    return len(text.encode("utf-16-le")) // 2


@pytest.mark.parametrize("sign", ["x", "&", "\U0001f600", "%"])
def test_messages_keep_to_the_limits_of_slack_whatever_they_consist_of(sign: str) -> None:
    long = sign * 5000
    changes = dict.fromkeys(("rule", "title", "remedy", "value", "field", "client_unique_id", "file"), long)
    outcome = CallImportOutcome.of(
        summary([problem(number, **changes) for number in range(1, 9)], import_id=long, company=long),
        report=f"https://reports.example.com/{long}",
        log_url=f"https://airflow.example.com/{long if sign.isascii() else ''}",
    )
    for block in outcome.slack_blocks:
        longest = 150 if block["type"] == "header" else 3000
        assert 0 < units(block["text"]["text"]) <= longest
    # More in all is refused as msg_blocks_too_long: https://github.com/slackapi/bolt-js/issues/2509
    assert units(json.dumps(outcome.slack_blocks, ensure_ascii=False)) <= 13_000
    # Longer texts are split: https://docs.slack.dev/reference/methods/chat.postMessage, "Truncating content"
    assert units(outcome.slack_text) <= 4000
    assert re.fullmatch(r"[^&]*(&(amp|lt|gt);[^&]*)*", outcome.slack_text)


class _Recorder(BaseNotifier):
    def __init__(self, outcome: CallImportOutcome, sent: list[str]) -> None:
        super().__init__()
        self._text, self._sent = outcome.text, sent

    def notify(self, context: Any) -> None:
        self._sent.append(self._text)


class _UnreachableTask:
    """A task instance whose XComs cannot be read, as in a process that only runs callbacks."""

    task_id, map_index = "report", -1

    def xcom_pull(self, **_: Any) -> Any:
        raise RuntimeError("no supervisor")


@pytest.mark.parametrize("ti", [_UnreachableTask(), object(), None])
def test_a_callback_that_cannot_read_the_summary_is_sent_all_the_same(ti: Any) -> None:
    sent: list[str] = []
    context = (
        {"exception": "The worker was killed."} if ti is None else {"ti": ti, "exception": RuntimeError("Killed.")}
    )
    GongCallImportNotifier(lambda outcome: _Recorder(outcome, sent)).notify(context)  # type: ignore[arg-type]
    (text,) = sent
    assert text.startswith("Gong import: failed without a report\n")
    assert "illed." in text


def test_links_are_links_where_there_is_a_web_page() -> None:
    outcome = CallImportOutcome.of(
        summary([problem(1)]), report="https://reports.example.com/report.html", log_url="https://airflow/a|b>c"
    )
    assert '<a href="https://reports.example.com/report.html">' in outcome.html
    links = [block["text"]["text"] for block in outcome.slack_blocks[-2:]]
    assert links == [
        "<https://reports.example.com/report.html|Report>",
        "<https://airflow/a%7Cb&gt;c|Task in Airflow>",
    ]


@pytest.mark.parametrize(
    ("found", "needs_action"),
    [
        (None, True),
        (summary(), False),
        (summary(unfinished=1), True),
        (summary([problem(1)]), True),
        (summary(who_must_act={"gong_support": 1}), True),
    ],
)
def test_who_need_not_act_is_not_disturbed(found: dict[str, Any] | None, needs_action: bool) -> None:
    assert CallImportOutcome.of(found).needs_action is needs_action


def test_unknown_actor_is_refused() -> None:
    with pytest.raises(ValueError, match=r"who must be one of gong_administrator, manifest, .*, not 'boss'\."):
        GongCallImportNotifier(lambda outcome: pytest.fail(outcome.text), who="boss")
