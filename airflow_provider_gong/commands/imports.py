"""The command ``gong-import``: what stands in the store, and what people on call do with it."""

from __future__ import annotations

import argparse
import contextlib
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_gong.ledger.imports import Imports

_DAY = 86_400
_DEFAULT_CONNECTION = "gong_default"


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the command.

    :param arguments: the command line without the program's name; the process's own by default
    """
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except _expected_errors() as error:
        sys.exit(f"gong-import: {error}")


def _list(options: argparse.Namespace) -> None:
    with _opened(options) as (imports, _):
        table = []
        for info in imports.all():
            counts = imports.counts(info)
            states = ", ".join(f"{count} {state.value}" for state, count in sorted(counts.items()))
            table.append([info.import_id, info.company, _moment(info.planned_at), states or "no rows", info.manifest])
    _print_table(("import", "company", "planned", "rows", "manifest"), table)


def _show(options: argparse.Namespace) -> None:
    from airflow_provider_gong._text import counted, row_place
    from airflow_provider_gong.call_import.outcomes import BAD_STATES
    from airflow_provider_gong.call_import.report import summarize
    from airflow_provider_gong.ledger.rows import Actor

    with _opened(options) as (imports, _):
        ledger = imports.ledger(options.import_id)
        summary = summarize(ledger)
        print(f"Import {_line(ledger.import_id)} of company {_line(ledger.company)}: {summary['rows']} rows")
        _print_table(("state", "rows"), [[state, str(count)] for state, count in summary["states"].items()])
        for who, count in summary["who_must_act"].items():
            print(f"{counted(count, 'problem')} for {Actor(who).described}")
        wanted = {options.state} if options.state else {state.value for state in BAD_STATES}
        for row in ledger.rows():
            if row.state.value in wanted:
                call = f" call {row.call_id}" if row.call_id else ""
                print(f"{row_place(row.row_number, row.file)} ({_line(row.client_unique_id)}): {row.state.value}{call}")
                for problem in row.problems:
                    print(f"    {problem}")


def _retry(options: argparse.Namespace) -> None:
    with _opened(options) as (imports, _):
        ledger = imports.ledger(options.import_id)
        reopened = ledger.reopen()
    print(f"{reopened} failed rows wait to be sent again. Clear the upload task of the import in Airflow to send them.")


def _forget(options: argparse.Namespace) -> None:
    with _opened(options) as (imports, _):
        deleted = imports.forget(imports.ledger(options.import_id))
    print(f"{deleted} rows were deleted. What was sent stays known by its ids and is never sent again.")


def _purge(options: argparse.Namespace) -> None:
    verb = "would be forgotten" if options.dry_run else "forgotten"
    with _opened(options) as (imports, _):
        for purged in imports.purge(options.older_than * _DAY, dry_run=options.dry_run):
            if purged.rows is None:
                print(f"kept: {purged.reason}")
            else:
                planned = _moment(purged.info.planned_at)
                print(f"{verb}: {_line(purged.info.import_id)} of {planned}, {purged.rows} rows")


def _adopt(options: argparse.Namespace) -> None:
    with _opened(options) as (imports, company):
        if company is None:
            raise ValueError("--company is needed with --store, to say whose calls these are.")
        adoption = imports.adopt(company, _read_calls(options.file))
    print(f"{adoption.adopted} calls adopted, {adoption.known} were known already.")
    if adoption.conflicts:
        for ident in adoption.conflicts:
            print(f"not adopted: {_line(ident)} was sent by an import of this store, or has another call id there")
        sys.exit(1)


def _read_calls(file: Path) -> dict[str, str]:
    """Return the call ids of a file by client unique id, or raise all that is wrong with it."""
    from airflow_provider_gong.call_import.manifest.csv_files import csv_table

    with file.open(encoding="utf-8-sig", newline="") as lines:
        table = csv_table(lines, str(file))
        lacking = [column for column in ("client_unique_id", "call_id") if column not in (table.header or ())]
        if lacking:
            raise ValueError(f"{file} lacks the columns {', '.join(lacking)}.")
        found: dict[str, str] = {}
        wrong = []
        for number, record in enumerate(table.records, 1):
            ident, call_id = record.get("client_unique_id", ""), record.get("call_id", "")
            if not ident or not re.fullmatch(r"[0-9]{1,20}", call_id):
                wrong.append(f"row {number} needs a client_unique_id and a call_id of 1 to 20 digits")
            elif found.setdefault(ident, call_id) != call_id:
                wrong.append(f"row {number} gives {_line(ident)!r} another call_id than an earlier row")
    if wrong:
        raise ValueError(f"{file} was not adopted: {'; '.join(wrong)}.")
    return found


@contextlib.contextmanager
def _opened(options: argparse.Namespace) -> Iterator[tuple[Imports, str | None]]:
    """Open the store that the command line names; yield its imports and the company."""
    from airflow_provider_gong.ledger.imports import Imports
    from airflow_provider_gong.store.database import Store

    if options.store:
        store, company = Store(options.store), options.company
    else:
        from airflow_provider_gong.hooks.gong import GongHook

        hook = GongHook(options.conn_id)
        store, company = hook.store, options.company or hook.settings.require_company()
    try:
        yield Imports(store, company), company
    finally:
        store.close()


def _expected_errors() -> tuple[type[Exception], ...]:
    from airflow_provider_gong._compat import AirflowException
    from airflow_provider_gong.call_import.errors import GongImportError
    from airflow_provider_gong.store.errors import GongStoreError

    return (AirflowException, GongImportError, GongStoreError, OSError, ValueError)


def _print_table(header: Sequence[str], table: Iterable[Sequence[str]]) -> None:
    lines = [list(header), *([_line(cell) for cell in row] for row in table)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _line(text: str) -> str:
    """Return a text as one line that cannot control the terminal."""
    from airflow_provider_gong._text import shown

    return shown(text)


def _moment(seconds: float) -> str:
    return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M} UTC"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="gong-import", description="Look at imports of calls into Gong, and mend them. Nothing is sent to Gong."
    )
    where = parser.add_mutually_exclusive_group()
    where.add_argument(
        "--conn-id", default=_DEFAULT_CONNECTION, help="Airflow connection to Gong; default: %(default)s"
    )
    where.add_argument("--store", metavar="URL", help="URL of the store, such as sqlite:////opt/airflow/gong_store.db")
    parser.add_argument("--company", help="Gong company; default: that of the connection, with --store all")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    commands.add_parser("list", help="list the imports, the oldest first").set_defaults(run=_list)
    one = argparse.ArgumentParser(add_help=False)
    one.add_argument("import_id", help="name of the import, as 'list' shows it")
    show = commands.add_parser("show", parents=[one], help="show what became of an import, and who has to act")
    show.add_argument("--state", help="list the rows in this state, in place of those that are wrong")
    show.set_defaults(run=_show)
    retry = commands.add_parser("retry", parents=[one], help="let failed rows be sent again by the upload task")
    retry.set_defaults(run=_retry)
    forget = commands.add_parser("forget", parents=[one], help="delete the rows of an import, which are personal data")
    forget.set_defaults(run=_forget)
    purge = commands.add_parser("purge", help="forget all finished imports that are old enough")
    purge.add_argument("--older-than", type=float, required=True, metavar="DAYS", help="days since they were planned")
    purge.add_argument("--dry-run", action="store_true", help="only say what would be forgotten")
    purge.set_defaults(run=_purge)
    adopt = commands.add_parser("adopt", help="make calls known that another tool has imported, so that none is resent")
    adopt.add_argument("file", type=Path, help="CSV file with the columns client_unique_id and call_id")
    adopt.set_defaults(run=_adopt)
    return parser
