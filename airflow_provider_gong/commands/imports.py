"""``airflow-gong imports``: show and repair the imports in a store."""

from __future__ import annotations

import argparse
import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import counted, local_time, row_place
from airflow_provider_gong.commands.adoption import adopt_from_gong, days_window, read_calls
from airflow_provider_gong.commands.groups import ASK_FIRST, Group, argument
from airflow_provider_gong.commands.options import UsageError
from airflow_provider_gong.commands.output import DONE_IN_PART, Output, table
from airflow_provider_gong.ledger.rows import WRONG, Actor, CallState, ImportRow
from airflow_provider_gong.store.errors import GongStoreError

if TYPE_CHECKING:
    from airflow_provider_gong.commands.target import Target
    from airflow_provider_gong.ledger.imports import Adoption, ImportInfo, Imports
    from airflow_provider_gong.ledger.ledger import Ledger

_DAY = 86_400


_IMPORT = argument("import_id", help="id of the import, as shown by 'list'")
_FOLDER = argument(
    "--import-path",
    metavar="FOLDER",
    help="import_path of the tasks, for imports that are kept in a folder: a path, or a URL of object storage",
)
_NO_FOLDER = argument("--import-path", metavar="FOLDER", help=argparse.SUPPRESS)

GROUP = Group("imports", "show and repair imports of calls; changes nothing in Gong")


@GROUP.command("list", "list the imports, oldest first", _FOLDER)
def _list(options: argparse.Namespace, target: Target) -> Output:
    found = list(_stored(target) if options.import_path is None else _in_folder(options.import_path, target))
    rows = (
        (
            entry["import_id"],
            entry["company"],
            entry.get("planned_at", ""),
            entry.get("problem")
            or ", ".join(f"{count} {state}" for state, count in entry["rows"].items())
            or "no rows",
            entry.get("manifest", ""),
        )
        for entry in found
    )
    lines = table(("import", "company", "planned", "rows", "manifest"), rows)
    return Output(found, lines, DONE_IN_PART if any("problem" in entry for entry in found) else 0)


def _stored(target: Target) -> Iterator[dict[str, Any]]:
    imports = _imports(target)
    for info in imports.all():
        yield {**_info(info), "rows": _by_state(imports.ledger_of(info).counts())}


def _in_folder(import_path: str, target: Target) -> Iterator[dict[str, Any]]:
    from airflow_provider_gong.ledger.imports import Imports

    company = _company_of_folder(target)
    for import_id, found in target.journals(import_path, company):
        if isinstance(found, GongStoreError):
            yield {"import_id": import_id, "company": company, "problem": str(found)}
        else:
            (info,) = Imports(found.store, company).all()
            yield {**_info(info), "import_id": import_id, "rows": _by_state(found.counts())}


@GROUP.command(
    "show",
    "show the outcome of an import and who needs to act",
    _IMPORT,
    _FOLDER,
    argument("--state", help="list the rows in this state instead of the wrong rows"),
)
def _show(options: argparse.Namespace, target: Target) -> Output:
    from airflow_provider_gong.call_import.report.summary import summarize

    wanted = {_state(options.state)} if options.state else WRONG
    ledger = _ledger(options, target)
    summary = summarize(ledger)
    rows = (row for row in ledger.rows() if row.state in wanted)
    figures = {name: value for name, value in summary.items() if name != "problems"}
    return Output({**figures, "listed": map(_row_data, rows)}, _import_lines(summary, rows))


@GROUP.command("retry", "allow the upload task to send failed rows again", _IMPORT, _NO_FOLDER)
def _retry(options: argparse.Namespace, target: Target) -> Output:
    if options.import_path:
        raise UsageError("an import in a folder needs no retry: clear its upload task, which sends failed rows again")
    reopened = _imports(target).ledger(options.import_id).reopen()
    line = f"{counted(reopened, 'failed row')} can be sent again. Clear the upload task of the import in Airflow."
    return Output({"import_id": options.import_id, "reopened": reopened}, [line])


@GROUP.command("forget", "delete the rows of a finished import, which contain personal data", _IMPORT, _NO_FOLDER)
def _forget(options: argparse.Namespace, target: Target) -> Output:
    if options.import_path:
        raise UsageError("files in an import_path are never deleted: delete the folder of a finished import yourself")
    imports = _imports(target)
    deleted = imports.forget(imports.ledger(options.import_id))
    was = "was" if deleted == 1 else "were"
    line = (
        f"{counted(deleted, 'row')} {was} deleted. The ids of sent calls are kept, so the calls are never sent again."
    )
    return Output({"import_id": options.import_id, "deleted": deleted}, [line])


@GROUP.command(
    "purge",
    "forget all finished imports that are older than the given number of days",
    argument("--older-than", type=float, required=True, metavar="DAYS", help="number of days since they were planned"),
    argument("--dry-run", action="store_true", help="only show what would be forgotten"),
)
def _purge(options: argparse.Namespace, target: Target) -> Output:
    if not options.older_than >= 0:
        raise UsageError("--older-than must be 0 days or more")
    verb = "would be forgotten" if options.dry_run else "forgotten"
    found = [
        {**_info(purged.info), "rows": purged.rows, "kept_because": purged.reason or None}
        for purged in _imports(target).purge(options.older_than * _DAY, dry_run=options.dry_run)
    ]
    lines = (
        f"kept: {entry['kept_because']}"
        if entry["rows"] is None
        else f"{verb}: {entry['import_id']} of {entry['planned_at']}, {counted(entry['rows'], 'row')}"
        for entry in found
    )
    return Output({"dry_run": options.dry_run, "imports": found}, lines)


@GROUP.command(
    "adopt",
    "adopt calls that another tool has imported, so they are not sent again",
    argument("file", type=Path, nargs="?", help="CSV file with the columns client_unique_id and call_id"),
    argument(
        "--from",
        dest="first",
        metavar="DAY",
        help="instead of a file: adopt the calls that Gong lists from this day on",
    ),
    argument("--to", dest="last", metavar="DAY", help="last day of the list, in UTC; default: today"),
    argument(
        "--yes", action="store_true", help="adopt them; without this option, only the number of requests is shown"
    ),
)
def _adopt(options: argparse.Namespace, target: Target) -> Output:
    if bool(options.file) == bool(options.first):
        raise UsageError("give either FILE or --from, optionally with --to")
    if options.first:
        return _adopt_from_gong(options, target)
    company = _company(target)
    if company is None:
        raise UsageError("--store requires --company, the company that these calls belong to")
    return _adopted(company, _imports(target).adopt(company, read_calls(options.file)))


def _adopt_from_gong(options: argparse.Namespace, target: Target) -> Output:
    from airflow_provider_gong.call_import.reconcile import count_requests

    company, client = _asked_company(target), target.hook.client
    window = days_window(options.first, options.last)
    requests = count_requests(client, *window)
    if not options.yes:
        line = f"Listing these calls takes about {counted(requests, 'request')}. Send them with --yes."
        return Output({"company": company, "requests": requests}, [line])
    return _adopted(company, adopt_from_gong(_imports(target), company, client, window, requests))


def _adopted(company: str, adoption: Adoption) -> Output:
    lines = [f"{counted(adoption.adopted, 'call')} adopted, {adoption.known} known already."]
    lines += [
        f"not adopted: {ident} was sent by an import of this store, or has another call id there"
        for ident in adoption.conflicts
    ]
    return Output(
        {"company": company, **dataclasses.asdict(adoption)}, lines, DONE_IN_PART if adoption.conflicts else 0
    )


@GROUP.command("check", "check whether the calls of an import are still in Gong", _IMPORT, _FOLDER, ASK_FIRST)
def _check(options: argparse.Namespace, target: Target) -> Output:
    from airflow_provider_gong.call_import.completeness import check_completeness, expected_requests

    _asked_company(target)
    ledger = _ledger(options, target)
    if not options.yes:
        requests = expected_requests(ledger)
        line = f"Reading the calls takes about {counted(requests, 'request')}. Send them with --yes."
        return Output({"import_id": options.import_id, "requests": requests}, [line])
    found = check_completeness(ledger, target.hook.client)
    never = _by_state(found.never)
    data = {
        "import_id": options.import_id,
        "is_complete": found.is_complete,
        "in_gong": found.in_gong,
        "gone": [_row_data(row) for row in found.gone],
        "never_in_gong": never,
    }
    lines = [f"{counted(found.in_gong, 'call')} in Gong with their recordings, {len(found.gone)} gone."]
    lines += [f"never read in Gong: {', '.join(f'{count} {state}' for state, count in never.items())}"] if never else []
    lines += [
        f"gone: {row_place(row.row_number, row.file)} ({row.client_unique_id}): call {row.call_id}"
        for row in found.gone
    ]
    lines += ["The import is complete." if found.is_complete else "The import is not complete."]
    return Output(data, lines, 0 if found.is_complete else DONE_IN_PART)


def _asked_company(target: Target) -> str:
    """Return the company of the connection, which is required to read from Gong."""
    if not target.has_connection or target.named_company:
        raise UsageError("this command reads from Gong: use a connection (--conn-id), without --store and --company")
    return target.hook.settings.require_company()


def _ledger(options: argparse.Namespace, target: Target) -> Ledger:
    """Return the ledger of an import for reading; what is kept in a folder stays as it is there."""
    if options.import_path is None:
        return _imports(target).ledger(options.import_id)
    return target.journal(options.import_path, _company_of_folder(target), options.import_id)


def _company_of_folder(target: Target) -> str:
    company = _company(target)
    if target.named_store or company is None:
        raise UsageError("with --import-path, use --conn-id or --company, without --store")
    return company


def _imports(target: Target) -> Imports:
    from airflow_provider_gong.ledger.imports import Imports

    return Imports(target.store, _company(target))


def _company(target: Target) -> str | None:
    """Return the company whose imports to use; None for all companies in a store."""
    if target.named_company or not target.has_connection:
        return target.named_company
    return target.hook.settings.require_company()


def _state(name: str) -> CallState:
    try:
        return CallState(name)
    except ValueError:
        raise UsageError(f"--state must be one of {', '.join(CallState)}, not {name!r}") from None


def _by_state(counts: Mapping[CallState, int]) -> dict[str, int]:
    return {state.value: count for state, count in sorted(counts.items())}


def _info(info: ImportInfo) -> dict[str, Any]:
    return {
        "import_id": info.import_id,
        "company": info.company,
        "manifest": info.manifest,
        "planned_at": local_time(info.planned_at),
    }


def _import_lines(summary: Mapping[str, Any], rows: Iterable[ImportRow]) -> Iterator[str]:
    yield f"Import {summary['import_id']} of company {summary['company']}: {counted(summary['rows'], 'row')}"
    yield from table(("state", "rows"), summary["states"].items())
    for who, count in summary["who_must_act"].items():
        yield f"{counted(count, 'problem')} for {Actor(who).described}"
    for row in rows:
        call = f" call {row.call_id}" if row.call_id else ""
        yield f"{row_place(row.row_number, row.file)} ({row.client_unique_id}): {row.state.value}{call}"
        yield from (f"    {problem}" for problem in row.problems)


def _row_data(row: ImportRow) -> dict[str, Any]:
    return {
        "file": row.file,
        "row": row.row_number,
        "line": row.line,
        "client_unique_id": row.client_unique_id,
        "state": row.state.value,
        "call_id": row.call_id,
        "problems": [problem.as_dict() for problem in row.problems],
    }
