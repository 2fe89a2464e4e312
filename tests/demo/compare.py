"""Whether what an import says of itself agrees with what the emulated Gong holds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.demo.night import Night, NightRow

VERIFIED, REJECTED = "verified", "rejected"
_PROCESSED = "visible"  # as the emulator names it

State = Mapping[str, Any]


@dataclass(frozen=True)
class ImportReport:
    """
    What an import says of itself.

    :param summary: The summary of the report task.
    :param rows: The rows of ``report.csv``.
    """

    summary: Mapping[str, Any]
    rows: Sequence[Mapping[str, str]]


def differences(night: Night, report: ImportReport, before: State, after: State) -> list[str]:
    """
    Return in plain words everything that disagrees, call by call.

    :param before: What the emulator held before the import, as ``/_emulator/state`` tells it.
    :param after: What it holds afterwards.
    """
    claims = {int(row["row"]): row for row in report.rows}
    calls = _new(before, after, "calls")
    return [
        *_wrong_outcomes(night, report, claims),
        *_wrong_calls(night, claims, calls),
        *_unexpected(report, calls, _new(before, after, "meetings")),
    ]


def request_differences(report: ImportReport, before: State, after: State) -> list[str]:
    """Return what is wrong with the requests that an import counted; only for one whose workers all lived."""
    sent = sum(after["requests"][kind] - before["requests"][kind] for kind in ("accepted", "refused"))
    refused = after["requests"]["refused"] - before["requests"]["refused"]
    counted = (report.summary["requests_sent"], report.summary["requests_refused"])
    if counted == (sent, refused):
        return []
    return [
        f"the report counts {counted[0]} requests, {counted[1]} of them refused; Gong got {sent} and refused {refused}"
    ]


def _new(before: State, after: State, kind: str) -> list[Mapping[str, Any]]:
    known = {record["id"] for record in before[kind]}
    return [record for record in after[kind] if record["id"] not in known]


def _wrong_outcomes(night: Night, report: ImportReport, claims: Mapping[int, Mapping[str, str]]) -> Iterator[str]:
    if sorted(claims) != [row.number for row in night.rows] or len(claims) != len(report.rows):
        yield f"the manifest has {len(night.rows)} rows, and the report these: {[row['row'] for row in report.rows]}"
    states = Counter(row["state"] for row in report.rows)
    if states != Counter(report.summary["states"]):
        yield f"the summary says {report.summary['states']}, and report.csv {dict(states)}"
    named = {(problem["row"], problem["field"]) for problem in report.summary["problems"]}
    for row in night.rows:
        claim = claims.get(row.number, {})
        expected = VERIFIED if row.mistake is None else REJECTED
        if claim.get("state") != expected:
            yield f"{_name(row)} should be {expected} and is {claim.get('state')}: {claim.get('problem')}"
        if row.mistake is not None and (row.number, row.mistake.column) not in named:
            yield f"{_name(row)}: {row.mistake.what}, and the report names no problem of {row.mistake.column}"


def _wrong_calls(
    night: Night, claims: Mapping[int, Mapping[str, str]], calls: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    for row in night.rows:
        claim = claims.get(row.number)
        if claim is None or claim["state"] != VERIFIED:
            continue
        found = [call for call in calls if call["clientUniqueId"] == row.client_unique_id]
        if len(found) != 1:
            yield f"{_name(row)} is verified, and Gong has {len(found)} new calls of that id"
        for call in found:
            yield from _unlike(row, claim["call_id"], call)


def _unlike(row: NightRow, call_id: str, call: Mapping[str, Any]) -> Iterator[str]:
    media = call["media"] or {}
    aspects = {
        "the call's id": (call_id, call["id"]),
        "the state": (_PROCESSED, call["state"]),
        "the title": (row.cells.get("title"), call["title"]),
        "the host": (row.host_id, call["primaryUser"]),
        "the start": (_moment(row.cells["actual_start"]), _moment(call["started"])),
        "the recording's SHA-256": (row.sha256, media.get("sha256")),
        "the number of times the recording was received": (1, call["received"]),
    }
    for aspect, (expected, found) in aspects.items():
        if expected != found:
            yield f"{_name(row)}: {aspect} should be {expected} and is {found} in Gong"


def _unexpected(
    report: ImportReport, calls: Sequence[Mapping[str, Any]], meetings: Sequence[Mapping[str, Any]]
) -> Iterator[str]:
    verified = {row["client_unique_id"] for row in report.rows if row["state"] == VERIFIED}
    for call in calls:
        if call["clientUniqueId"] not in verified:
            yield f"call {call['id']} ({call['clientUniqueId']}) is in Gong, and no verified row of the report says so"
    for meeting in meetings:
        yield f"meeting {meeting['id']} is in Gong, and an import creates no meetings"


def _name(row: NightRow) -> str:
    return f"row {row.number} ({row.client_unique_id})"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
