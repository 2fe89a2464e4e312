"""``airflow-gong export``: show an export, compare it with Gong, and read days again."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterator
from datetime import date
from typing import TYPE_CHECKING

from airflow_provider_gong._text import counted, shown
from airflow_provider_gong.call_export.choices import OnShrink
from airflow_provider_gong.commands.groups import ASK_FIRST, Group, argument
from airflow_provider_gong.commands.options import UsageError
from airflow_provider_gong.commands.output import DONE_IN_PART, Output

if TYPE_CHECKING:
    from airflow_provider_gong.call_export.export import CallExport
    from airflow_provider_gong.call_export.inspection import DayDifference
    from airflow_provider_gong.commands.target import Target

_SHOWN_CALLS = 20
_DAYS = "days, such as 2026-11-20, 2026-11-01..2026-11-30, or several of them separated by commas"


_PLACE = argument("path", help="folder of the export, as in the DAG")

GROUP = Group("export", "show exports of calls and update days")


@GROUP.command("status", "show a calendar of the days of an export; sends no requests", _PLACE)
def _status(options: argparse.Namespace, target: Target) -> Output:
    from airflow_provider_gong.call_export.inspection import SIGNS, status

    found = status(_export(options, target))
    data = {
        "days": {day.isoformat(): condition.value for day, condition in found.days.items()},
        "counts": found.counts,
        "calls": found.calls,
        "missing_transcripts": found.missing_transcripts,
    }
    signs = ", ".join(f"{sign} {condition.value}" for condition, sign in SIGNS.items())
    totals = f"{counted(found.calls, 'call')}, {counted(found.missing_transcripts, 'missing transcript')}"
    days = ", ".join(f"{count} {condition}" for condition, count in found.counts.items())
    return Output(data, [*found.calendar(), signs, f"days: {days or 'none'}", totals])


@GROUP.command(
    "check",
    "compare days of an export with Gong; writes nothing",
    _PLACE,
    argument("--days", required=True, help=_DAYS),
    ASK_FIRST,
)
def _check(options: argparse.Namespace, target: Target) -> Output:
    from airflow_provider_gong.call_export.inspection import check, expected_requests

    export, days = _export(options, target), _days(options.days)
    requests = expected_requests(export, days)
    if not options.yes:
        line = (
            f"Comparing {counted(len(days), 'day')} takes about {counted(requests, 'request')}. Send them with --yes."
        )
        return Output({"days": len(days), "requests": requests}, [line])
    checked = list(check(export, target.hook.client, days))
    found = [different for different in checked if different]
    data = [
        {
            "day": different.day.isoformat(),
            "not_exported": different.not_exported,
            "not_in_gong": different.not_in_gong,
            "tables": different.tables,
        }
        for different in found
    ]
    lines = [line for different in found for line in _difference(different)]
    if found and not any(different.shown for different in checked):
        lines.append("Gong shows no calls at all on these days: check which calls the access key may see.")
    return Output(data, lines or ["Nothing differs."], DONE_IN_PART if found else 0)


def _difference(different: DayDifference) -> Iterator[str]:
    yield f"{different.day}: {', '.join(different.tables) or 'only the list of calls'} would change"
    for what, call_ids in (("not exported", different.not_exported), ("not in Gong", different.not_in_gong)):
        if call_ids:
            more = f" and {len(call_ids) - _SHOWN_CALLS} more" if len(call_ids) > _SHOWN_CALLS else ""
            yield f"    {what}: {', '.join(call_ids[:_SHOWN_CALLS])}{more}"


@GROUP.command(
    "refresh",
    "read days again immediately, for example after calls were deleted in Gong",
    _PLACE,
    argument("--days", help=_DAYS),
    argument("--call-ids", help="calls whose days are read; those that Gong no longer shows are removed immediately"),
    argument(
        "--on-shrink",
        choices=[choice.value for choice in OnShrink],
        default=OnShrink.FAIL.value,
        help="what to do if too many calls are missing; see the documentation of gong_call_export",
    ),
)
def _refresh(options: argparse.Namespace, target: Target) -> Output:
    call_ids = [call_id.strip() for call_id in (options.call_ids or "").split(",") if call_id.strip()]
    if not options.days and not call_ids:
        raise UsageError("give --days, --call-ids, or both")
    days = _days(options.days) if options.days else []
    export = dataclasses.replace(_export(options, target), on_shrink=OnShrink(options.on_shrink))
    first, today = export.folder.first_day(), export.clock().date()
    if outside := [day for day in days if first is None or not first <= day <= today]:
        raise UsageError(f"--days: {outside[0]} is not a day of the export, which has those from {first} to {today}")
    unknown = sorted(set(call_ids) - export.held_of(call_ids))
    wanted = sorted({*days, *export.days_with(call_ids)})
    result = export.read(target.hook.client, wanted, worker="command", erased=call_ids)
    left = sorted(export.held_of(call_ids))
    lines = [
        f"Read {counted(result['days_read'], 'day')} with {counted(result['requests'], 'request')}; "
        f"{result['days_changed']} changed, {counted(result['removed_calls'], 'call')} removed.",
        *(f"The export does not contain call {shown(call_id)}." for call_id in unknown),
        *(f"Gong still shows call {shown(call_id)}: it stays in the export." for call_id in left),
    ]
    return Output({**result, "not_exported": unknown, "still_exported": left}, lines, DONE_IN_PART if left else 0)


def _export(options: argparse.Namespace, target: Target) -> CallExport:
    """Return the export in a folder, with the settings of its last run."""
    from airflow_provider_gong.call_export.export import CallExport
    from airflow_provider_gong.call_export.storage.identity import claimed
    from airflow_provider_gong.hooks.export_folder import export_folder

    if target.named_store or target.named_company:
        raise UsageError("an export belongs to a connection: use --conn-id, without --store and --company")
    folder = export_folder(options.path)
    settings, company = claimed(folder)
    if options.run is not _status and company != target.hook.company:
        raise UsageError(f"the folder is an export of company {company}, not of {target.hook.company}: use --conn-id")
    return CallExport(folder, settings, company)


def _days(text: str) -> list[date]:
    from airflow_provider_gong.call_export.days import parse_days
    from airflow_provider_gong.call_export.errors import GongExportSettingsError

    try:
        return parse_days("--days", text)
    except GongExportSettingsError as error:
        raise UsageError(str(error)) from error
