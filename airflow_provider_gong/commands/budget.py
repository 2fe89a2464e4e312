"""``airflow-gong budget``: a company's remaining requests, and why requests wait."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from airflow_provider_gong._text import counted, duration, local_time
from airflow_provider_gong.commands.groups import Group
from airflow_provider_gong.commands.options import UsageError
from airflow_provider_gong.commands.output import Output

if TYPE_CHECKING:
    from airflow_provider_gong.client.pacing import Pace, Share
    from airflow_provider_gong.commands.target import Target
    from airflow_provider_gong.store.budget import SharedBudget


GROUP = Group("budget", "show how many of a company's requests are used and left, and why requests wait")


@GROUP.command("show", "show the request budget without using any of it")
def _show(options: argparse.Namespace, target: Target) -> Output:
    company, share = _limits(target)
    now, pace = _budget(target).look()
    described = {
        "company": company,
        "store": target.store.location,
        "scope": "all workers that reach this database" if target.store.is_server else "the processes of this host",
        **_described(share, now, pace),
    }
    lines = (f"{name:<14}{text}" for name, text in described.items())
    return Output({**described, "figures": _figures(share, now, pace)}, lines)


@GROUP.command(
    "reset", "open the gate and reset the daily count and the spacing, for example after Gong has raised a limit"
)
def _reset(options: argparse.Namespace, target: Target) -> Output:
    _budget(target).reset()
    return _show(options, target)


def _budget(target: Target) -> SharedBudget:
    from airflow_provider_gong.store.budget import SharedBudget

    return SharedBudget(target.store, *_limits(target))


def _limits(target: Target) -> tuple[str, Share]:
    """Return the company, and the share of its requests that imports may use."""
    from airflow_provider_gong.client.pacing import Share

    if target.has_connection:
        settings = target.hook.settings
        return target.named_company or settings.company, settings.share(bulk=True)
    if target.named_company is None:
        raise UsageError("--store requires --company, because a store can contain several companies")
    return target.named_company, Share()


def _described(share: Share, now: float, pace: Pace) -> dict[str, str]:
    used, spacing = pace.used(share, now), pace.spacing(share)
    return {
        "share": f"{share.requests_per_second:g} requests per second, {share.requests_per_day} per day",
        "reserved": f"{share.reserved_requests} of the day, left by imports for everything else",
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
