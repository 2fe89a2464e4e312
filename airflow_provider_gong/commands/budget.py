"""The command ``gong-budget``: what is left of a company's requests, and why they wait."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from airflow_provider_gong._compat import AirflowException
from airflow_provider_gong.client.pacing import DailyReset, Pace, Share
from airflow_provider_gong.hooks.gong import GongHook
from airflow_provider_gong.store.budget import SharedBudget
from airflow_provider_gong.store.database import Store
from airflow_provider_gong.store.errors import GongStoreError


@dataclass(frozen=True)
class _Target:
    """A company's budget: where it is kept, and what may be used of it."""

    store: Store
    company: str
    share: Share
    reserved: int


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Show a company's request budget, or reset it.

    :param arguments: the command line without the program's name; the process's own by default
    """
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.store and not options.company:
        parser.error("--store needs --company: a store may hold several")
    try:
        # Airflow 2 and 3.0 log to the standard output, which is for what was asked.
        with contextlib.redirect_stdout(sys.stderr):
            shown = _look(options)
    except (GongStoreError, AirflowException, ValueError) as error:
        sys.exit(f"gong-budget: {error}")
    print(json.dumps(shown, indent=2) if options.json else "\n".join(f"{name:<14}{shown[name]}" for name in shown))


def _look(options: argparse.Namespace) -> dict[str, str]:
    target = _in_store(options) if options.store else _of_connection(options)
    budget = SharedBudget(target.store, target.company, target.share)
    if options.reset:
        budget.reset()
    return _described(target, *budget.look())


def _of_connection(options: argparse.Namespace) -> _Target:
    hook = GongHook(options.conn_id)
    settings = hook.settings
    return _Target(
        hook.store, options.company or settings.company, settings.share(bulk=False), settings.reserved_requests
    )


def _in_store(options: argparse.Namespace) -> _Target:
    url = options.store if "://" in options.store else f"sqlite:///{options.store}"
    return _Target(Store(url), options.company, Share(), 0)


def _described(target: _Target, now: float, pace: Pace) -> dict[str, str]:
    share, used = target.share, pace.used(target.share, now)
    spacing = pace.spacing(share)
    return {
        "company": target.company,
        "store": target.store.location,
        "scope": "all workers that reach this database" if target.store.is_server else "the processes of this host",
        "share": f"{share.requests_per_second:g} requests per second, {share.requests_per_day} per day",
        "reserved": f"{target.reserved} of the day, left by imports to everything else",
        "day": _day(share),
        "used": f"{used} of {share.requests_per_day} requests today ({used / share.requests_per_day:.0%})",
        "gate": _gate(now, pace),
        "spacing": f"{spacing * 1000:.0f} ms between two requests ({1 / spacing:.2f} per second)",
        "last refusal": "none known" if pace.refused_at is None else _moment(pace.refused_at),
        "booked ahead": f"{max(pace.next_slot - now, 0.0):.1f} s",
    }


def _day(share: Share) -> str:
    if isinstance(share.day, DailyReset):
        return f"ends at {share.day.time:%H:%M} {share.day.zone.key}"
    return "any 24 hours in a row"


def _gate(now: float, pace: Pace) -> str:
    if pace.opens_at <= now:
        return "open"
    why = "the day's requests are used up" if pace.day_is_gone else "Gong has refused requests"
    left = timedelta(seconds=round(pace.opens_at - now))
    return f"closed for another {left}, until {_moment(pace.opens_at)}: {why}"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _parser() -> Any:
    parser = argparse.ArgumentParser(
        prog="gong-budget",
        description="Show what is used and left of the requests that Gong grants a company, and what holds them back.",
    )
    parser.add_argument(
        "--conn-id", default=GongHook.default_conn_name, help="Airflow connection (default: %(default)s)"
    )
    parser.add_argument("--store", help="instead of a connection, the store as file or as URL in SQLAlchemy's form")
    parser.add_argument("--company", help="name of the company; default: that of the connection")
    parser.add_argument("--reset", action="store_true", help="forget the gate, the day's count and the spacing")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


if __name__ == "__main__":
    main()
