"""``airflow-gong budget``: a company's remaining requests, and why requests wait."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._text import counted, duration, local_time
from airflow_provider_gong.commands.options import UsageError, add_command, add_group
from airflow_provider_gong.commands.output import Output

if TYPE_CHECKING:
    from airflow_provider_gong.client.pacing import Pace, Share
    from airflow_provider_gong.commands.target import Target


def add_commands(groups: Any, common: argparse.ArgumentParser) -> None:
    """Add the commands to the parser."""
    text = "show how many of a company's requests are used and left, and why requests wait"
    commands = add_group(groups, common, "budget", text)
    text = "show the request budget without using any of it"
    add_command(commands, common, name="show", run=_show, text=text)
    text = "open the gate and reset the daily count and the spacing, for example after Gong has raised a limit"
    add_command(commands, common, name="reset", run=_reset, text=text)


@dataclass(frozen=True)
class _Limits:
    """
    The share of a company's requests that may be used.

    :param reserved: how many of the day's requests imports leave for everything else
    """

    company: str
    share: Share
    reserved: int


def _show(options: argparse.Namespace, target: Target) -> Output:
    return _budget(target, is_reset=False)


def _reset(options: argparse.Namespace, target: Target) -> Output:
    return _budget(target, is_reset=True)


def _budget(target: Target, *, is_reset: bool) -> Output:
    from airflow_provider_gong.store.budget import SharedBudget

    limits = _limits(target)
    budget = SharedBudget(target.store, limits.company, limits.share)
    if is_reset:
        budget.reset()
    now, pace = budget.look()
    described = {
        "company": limits.company,
        "store": target.store.location,
        "scope": "all workers that reach this database" if target.store.is_server else "the processes of this host",
        **_described(limits, now, pace),
    }
    lines = (f"{name:<14}{text}" for name, text in described.items())
    return Output({**described, "figures": _figures(limits.share, now, pace)}, lines)


def _limits(target: Target) -> _Limits:
    from airflow_provider_gong.client.pacing import Share

    if target.has_connection:
        settings = target.hook.settings
        company = target.named_company or settings.company
        return _Limits(company, settings.share(bulk=False), settings.reserved_requests)
    if target.named_company is None:
        raise UsageError("--store requires --company, because a store can contain several companies")
    return _Limits(target.named_company, Share(), 0)


def _described(limits: _Limits, now: float, pace: Pace) -> dict[str, str]:
    share, used = limits.share, pace.used(limits.share, now)
    spacing = pace.spacing(share)
    return {
        "share": f"{share.requests_per_second:g} requests per second, {share.requests_per_day} per day",
        "reserved": f"{limits.reserved} of the day, left by imports for everything else",
        "day": _day(share),
        "used": f"{used} of {counted(share.requests_per_day, 'request')} today ({used / share.requests_per_day:.0%})",
        "gate": _gate(now, pace),
        "spacing": f"{spacing * 1000:.0f} ms between two requests ({1 / spacing:.2f} per second)",
        "last refusal": "none known" if pace.refused_at is None else local_time(pace.refused_at),
        "booked ahead": f"{max(pace.next_slot - now, 0.0):.1f} s",
    }


def _day(share: Share) -> str:
    from airflow_provider_gong.client.pacing import DailyReset

    if isinstance(share.day, DailyReset):
        return f"ends at {share.day.time:%H:%M} {share.day.zone.key}"
    return "a rolling 24 hours"


def _gate(now: float, pace: Pace) -> str:
    if pace.opens_at <= now:
        return "open"
    why = "the day's requests are used up" if pace.day_is_gone else "Gong refused requests"
    return f"closed for another {duration(pace.opens_at - now)}, until {local_time(pace.opens_at)}: {why}"


def _figures(share: Share, now: float, pace: Pace) -> dict[str, float | bool]:
    return {
        "requests_used": pace.used(share, now),
        "requests_per_day": share.requests_per_day,
        "requests_per_second": share.requests_per_second,
        "is_open": pace.opens_at <= now,
        "opens_in_seconds": max(pace.opens_at - now, 0.0),
        "booked_ahead_seconds": max(pace.next_slot - now, 0.0),
    }
