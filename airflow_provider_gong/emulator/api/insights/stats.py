"""Statistics, computed from the company's calls."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, timedelta
from itertools import islice
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.api.calls.conversation import COMMENTED_CALLS, FIGURES, Conversation, manager_of
from airflow_provider_gong.emulator.api.people.users import NO_USERS, chosen_users
from airflow_provider_gong.emulator.company.records import Call, User
from airflow_provider_gong.emulator.contract.checking import require_window
from airflow_provider_gong.emulator.contract.notation import schemas
from airflow_provider_gong.emulator.world.answers import GongApiError
from airflow_provider_gong.emulator.world.times import day_of, start_of, wire_time

_SCORED_CALLS = 2
# One of how many calls a manager comments on or reviews, and what that is for the manager and for the host.
_MANAGED = (
    (COMMENTED_CALLS, ("callsCommentsGiven", "othersCallsListenedTo"), "callsCommentsReceived"),
    (_SCORED_CALLS, ("callsScorecardsFilled",), "callsScorecardsReceived"),
)
_REVIEW_SECONDS = 86_400
_SCORES = 5
_CALLS_AT_A_TIME = 50
_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}
# Three years of days.
_MOST_PERIODS = 1_100

# Ids of calls by user and kind of activity.
Activities = dict[str, dict[str, list[str]]]


class _Days:
    """The days of a filter, in the company's time zone."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self.first, self.end = (date.fromisoformat(ask.body["filter"][name]) for name in ("fromDate", "toDate"))
        today = day_of(ask.emulator, ask.now)
        if self.end > today:
            raise GongApiError(400, "filter.toDate: must not be after today")
        if self.first > self.end:
            raise GongApiError(400, "filter.fromDate: must be before toDate")

    def calls(self, first: date | None = None, end: date | None = None) -> Sequence[Call]:
        ask, emulator = self._ask, self._ask.emulator
        start, stop = start_of(emulator, first or self.first), start_of(emulator, end or self.end)
        return ask.readable(emulator.calls.details, start=start, end=stop)

    def as_json(self) -> dict[str, str]:
        emulator = self._ask.emulator
        start, end = start_of(emulator, self.first), start_of(emulator, self.end)
        times = {"fromDateTime": wire_time(emulator, start), "toDateTime": wire_time(emulator, end)}
        return {**times, "timeZone": emulator.settings.company_time_zone}


def _activities(ask: Ask, calls: Iterable[Call]) -> Activities:
    """Return who did what: hosted, attended, commented, reviewed."""
    found: Activities = {}

    def note(user_id: str | None, kind: str, call: Call) -> None:
        if user_id:
            found.setdefault(user_id, {}).setdefault(kind, []).append(call.id)

    for call in calls:
        note(call.primary_user_id, "callsAsHost", call)
        for user in _attending(ask, call):
            note(user.id, "callsAttended", call)
        for every, given, received in _MANAGED:
            manager_id = manager_of(ask.emulator, call, every)
            for kind in given:
                note(manager_id, kind, call)
            note(call.primary_user_id if manager_id else None, received, call)
    return found


def _attending(ask: Ask, call: Call) -> list[User]:
    found = map(ask.emulator.users.of_party, call.posted["parties"])
    return list({user.id: user for user in found if user}.values())


def _each_kind(ids: Mapping[str, Sequence[str]], measure: Callable[[Sequence[str]], Any]) -> dict[str, Any]:
    return {kind: measure(ids.get(kind, ())) for kind in schemas()["AggregateActivity"].fields or ()}


def _reply(ask: Ask, name: str, users: Sequence[User], view: Callable[[User], dict[str, Any]]) -> dict[str, Any]:
    found, records = ask.page(users, none=NO_USERS)
    identified = [{"userId": user.id, "userEmailAddress": user.email_address, **view(user)} for user in found]
    return {"records": records, name: identified}


async def aggregate_activity(ask: Ask) -> Reply:
    """``POST /v2/stats/activity/aggregate``."""
    days = _Days(ask)
    found = _activities(ask, days.calls())
    body = _reply(
        ask,
        "usersAggregateActivityStats",
        chosen_users(ask) if days.first < days.end else [],
        lambda user: {"userAggregateActivityStats": _each_kind(found.get(user.id, {}), len)},
    )
    return Reply({**body, **days.as_json()})


async def aggregate_by_period(ask: Ask) -> Reply:
    """``POST /v2/stats/activity/aggregate-by-period``; the first and last period are clipped."""
    days = _Days(ask)
    periods = list(islice(_periods(days.first, days.end, ask.body["aggregationPeriod"]), _MOST_PERIODS + 1))
    if len(periods) > _MOST_PERIODS:
        # Gong has no known limit; centuries of days would make an answer of gigabytes.
        raise GongApiError(400, f"filter.fromDate: must not be more than {_MOST_PERIODS} periods before toDate")
    found = [(first, end, _activities(ask, days.calls(first, end))) for first, end in periods]

    def view(user: User) -> dict[str, Any]:
        return {
            "userAggregateActivity": [_dated(_each_kind(done.get(user.id, {}), len), *span) for *span, done in found]
        }

    return Reply(_reply(ask, "usersAggregateActivity", chosen_users(ask) if found else [], view))


def _dated(figures: dict[str, Any], first: date, end: date) -> dict[str, Any]:
    return {**figures, "fromDate": first.isoformat(), "toDate": end.isoformat()}


def _periods(first: date, end: date, period: str) -> Iterator[tuple[date, date]]:
    while first < end:
        following = min(_next_period(first, period), end)
        yield first, following
        first = following


def _next_period(day: date, period: str) -> date:
    if period in ("DAY", "WEEK"):
        # Weeks begin on Monday.
        return day + timedelta(days=1 if period == "DAY" else 7 - day.weekday())
    months = _MONTHS[period]
    year, month = divmod(day.year * 12 + (day.month - 1) // months * months + months, 12)
    return date(year, month + 1, 1)


async def day_by_day_activity(ask: Ask) -> Reply:
    """``POST /v2/stats/activity/day-by-day``; contains only users with activity."""
    days = _Days(ask)
    calls: dict[date, list[Call]] = {}
    for call in days.calls():
        calls.setdefault(day_of(ask.emulator, call.started), []).append(call)
    found = [(day, _activities(ask, calls[day])) for day in sorted(calls)]
    active = [user for user in chosen_users(ask) if any(user.id in done for _, done in found)]

    def view(user: User) -> dict[str, Any]:
        daily = [
            _dated(_each_kind(done[user.id], list), day, day + timedelta(days=1))
            for day, done in found
            if user.id in done
        ]
        return {"userDailyActivityStats": daily}

    return Reply(_reply(ask, "usersDetailedActivities", active, view))


async def interaction_stats(ask: Ask) -> Reply:
    """``POST /v2/stats/interaction``: averages over the calls that a user hosted."""
    days = _Days(ask)
    hosted: dict[str, list[Call]] = {}
    for number, call in enumerate(days.calls()):
        hosted.setdefault(call.primary_user_id, []).append(call)
        Conversation(ask.emulator, call).figures()
        if number % _CALLS_AT_A_TIME == 0:
            # Years of calls take seconds the first time, and must not block other requests.
            await asyncio.sleep(0)
    body = _reply(
        ask,
        "peopleInteractionStats",
        [user for user in chosen_users(ask) if user.id in hosted],
        lambda user: {"personInteractionStats": _averages(ask, hosted[user.id])},
    )
    return Reply({**body, **days.as_json()})


def _averages(ask: Ask, calls: Sequence[Call]) -> list[dict[str, Any]]:
    figures = zip(*(Conversation(ask.emulator, call).figures() for call in calls), strict=True)
    return [
        {"name": name, "value": round(sum(values) / len(values), 2)}
        for name, values in zip(FIGURES, figures, strict=True)
    ]


async def answered_scorecards(ask: Ask) -> Reply:
    """``POST /v2/stats/activity/scorecards``; only reviews by people, unless others are requested."""
    filters = ask.body["filter"]
    method = filters.get("reviewMethod") or "MANUAL"
    call_days = _bare_days(filters, "callFromDate", "callToDate")
    review_days = _bare_days(filters, "reviewFromDate", "reviewToDate")
    calls = ask.readable(ask.emulator.calls.details)
    every = (answered for call in calls for answered in _answered(ask, call))
    chosen = [
        answered
        for answered in every
        if method in ("BOTH", answered["reviewMethod"])
        and _within(answered["callStartTime"], call_days)
        and _within(answered["reviewTime"], review_days)
        and answered["reviewedUserId"] in (filters.get("reviewedUserIds") or [answered["reviewedUserId"]])
        and answered["scorecardId"] in (filters.get("scorecardIds") or [answered["scorecardId"]])
    ]
    found, records = ask.page(chosen, none="No answered scorecards found corresponding to the provided filters.")
    return Reply({"records": records, "answeredScorecards": found})


def _bare_days(filters: Mapping[str, Any], name: str, end_name: str) -> tuple[str | None, str | None]:
    start, end = filters.get(name), filters.get(end_name)
    if start != end:
        require_window(start, end, f"filter.{name}", end_name)
    return start, end


def _within(moment: str, days: tuple[str | None, str | None]) -> bool:
    day = moment[:10]
    return (days[0] is None or day >= days[0]) and (days[1] is None or day < days[1])


def _answered(ask: Ask, call: Call) -> list[dict[str, Any]]:
    """Return the reviews of a call: some by the host's manager, some automatic."""
    reviewer_id = manager_of(ask.emulator, call, _SCORED_CALLS)
    if reviewer_id is None:
        return []
    return [_review(ask, call, reviewer_id, scorecard) for scorecard in ask.emulator.seeded["scorecards"]]


def _review(ask: Ask, call: Call, manager_id: str, scorecard: Mapping[str, Any]) -> dict[str, Any]:
    emulator, manual = ask.emulator, scorecard["reviewMethod"] == "MANUAL"
    reviewer = {"reviewerUserId": manager_id, "editorUserId": manager_id} if manual else {}
    return {
        "answeredScorecardId": emulator.new_id("answered scorecard", f"{call.id}/{scorecard['scorecardId']}"),
        "scorecardId": scorecard["scorecardId"],
        "scorecardName": scorecard["scorecardName"],
        "callId": call.id,
        "callStartTime": wire_time(emulator, call.started),
        "reviewedUserId": call.primary_user_id,
        **reviewer,
        "reviewMethod": scorecard["reviewMethod"],
        "reviewTime": wire_time(emulator, call.started + _REVIEW_SECONDS),
        "visibilityType": "PUBLIC",
        "answers": [_answer(call, question) for question in scorecard["questions"]],
    }


def _answer(call: Call, question: Mapping[str, Any]) -> dict[str, Any]:
    answer = {name: question[name] for name in ("questionId", "questionRevisionId", "isOverall")}
    if question["questionType"] == "RANGE":
        return {**answer, "score": int(call.id) // 7 % _SCORES + 1, "notApplicable": False}
    options = [str(option["id"]) for option in question["answerOptions"]]
    return {**answer, "notApplicable": False, "selectedOptions": options[: int(call.id) // 11 % len(options) + 1]}
