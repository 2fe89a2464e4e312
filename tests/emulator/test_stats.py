from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from .conftest import HOST_EMAIL, Api, errors_of

PATHS = {
    "aggregate": "/v2/stats/activity/aggregate",
    "by-period": "/v2/stats/activity/aggregate-by-period",
    "day-by-day": "/v2/stats/activity/day-by-day",
    "interaction": "/v2/stats/interaction",
}
FIRST, END = date(2026, 1, 5), date(2026, 3, 1)


@pytest.fixture(scope="module")
def api() -> Api:
    return Api(company={"generate": {"users": 5, "calls": 80, "months": 3}})


@pytest.fixture(scope="module")
def hosted(api: Api) -> Counter[str]:
    """How many calls each user hosted from the first day to the last one, in the company's time zone."""
    zone = ZoneInfo("America/Los_Angeles")
    calls = api.state()["calls"]
    days = [(call["primaryUser"], datetime.fromisoformat(call["started"]).astimezone(zone).date()) for call in calls]
    return Counter(user for user, day in days if FIRST <= day < END)


def ask(api: Api, name: str, first: date = FIRST, end: date = END, **body: Any) -> httpx.Response:
    filters = {"fromDate": first.isoformat(), "toDate": end.isoformat(), **body.pop("filter", {})}
    return api("POST", PATHS[name], json={"filter": filters, **body})


def test_totals_follow_from_the_calls(api: Api, hosted: Counter[str]) -> None:
    answer = ask(api, "aggregate").json()
    found = {row["userId"]: row["userAggregateActivityStats"] for row in answer["usersAggregateActivityStats"]}
    assert len(found) == len(api.users())
    assert {user: row["callsAsHost"] for user, row in found.items() if row["callsAsHost"]} == dict(hosted)
    assert sum(row["callsCommentsGiven"] for row in found.values()) > 0
    assert answer["timeZone"] == "America/Los_Angeles"
    assert answer["fromDateTime"] == "2026-01-05T00:00:00-08:00"


def test_a_new_call_changes_the_totals() -> None:
    api = Api()
    host = api.user_id()

    def total() -> int:
        rows = ask(api, "aggregate", filter={"userIds": [host]}).json()["usersAggregateActivityStats"]
        return int(rows[0]["userAggregateActivityStats"]["callsAsHost"])

    before = total()
    api.processed_call("pbx-1", actualStart="2026-02-20T10:00:00Z")
    assert total() == before + 1


@pytest.mark.parametrize(
    ("period", "starts"),
    [
        ("MONTH", ["2026-01-05", "2026-02-01"]),
        ("QUARTER", ["2026-01-05"]),
        ("YEAR", ["2026-01-05"]),
        ("WEEK", [str(FIRST + timedelta(days=7 * week)) for week in range(8)]),
    ],
)
def test_periods_are_those_of_the_calendar_and_add_up(
    api: Api, hosted: Counter[str], period: str, starts: list[str]
) -> None:
    rows = ask(api, "by-period", aggregationPeriod=period).json()["usersAggregateActivity"]
    for row in rows:
        assert [part["fromDate"] for part in row["userAggregateActivity"]] == starts
        assert row["userAggregateActivity"][-1]["toDate"] == END.isoformat()
        assert sum(part["callsAsHost"] for part in row["userAggregateActivity"]) == hosted[row["userId"]]


def test_periods_are_as_many_as_an_answer_can_hold(api: Api) -> None:
    day = date(2026, 3, 1)
    three_years = ask(api, "by-period", day - timedelta(days=1100), day, aggregationPeriod="DAY")
    rows = three_years.json()["usersAggregateActivity"]
    assert {len(row["userAggregateActivity"]) for row in rows} == {1100}
    more = ask(api, "by-period", date(2, 1, 1), day, aggregationPeriod="DAY")
    assert (more.status_code, "1100 periods" in errors_of(more)[0]) == (400, True)


def test_days_list_the_calls_of_those_who_did_something(api: Api, hosted: Counter[str]) -> None:
    rows = ask(api, "day-by-day").json()["usersDetailedActivities"]
    for row in rows:
        daily = row["userDailyActivityStats"]
        assert sum(len(day["callsAsHost"]) for day in daily) == hosted[row["userId"]]
        assert all(day["fromDate"] < day["toDate"] for day in daily)
    assert {row["userId"] for row in rows} >= set(hosted)


def test_interaction_figures_are_those_of_hosts(api: Api, hosted: Counter[str]) -> None:
    rows = ask(api, "interaction").json()["peopleInteractionStats"]
    assert {row["userId"] for row in rows} == set(hosted)
    figures = {stat["name"]: stat["value"] for stat in rows[0]["personInteractionStats"]}
    assert 0 < figures["Talk Ratio"] < 1
    assert figures["Longest Monologue"] > 0


def test_interaction_figures_are_averages_over_all_calls() -> None:
    calls = [
        {"clientUniqueId": f"pbx-{number}", "host": HOST_EMAIL, "daysAgo": 5 + number, "minutes": 2 + number}
        for number in range(25)
    ]
    api = Api(company={"calls": calls})
    body = {"filter": {}, "contentSelector": {"exposedFields": {"interaction": {"personInteractionStats": True}}}}
    found = api("POST", "/v2/calls/extensive", json=body).json()["calls"]
    values: dict[str, list[float]] = {}
    for stat in (stat for call in found for stat in call["interaction"]["interactionStats"]):
        values.setdefault(stat["name"], []).append(stat["value"])

    (row,) = ask(api, "interaction").json()["peopleInteractionStats"]

    assert {stat["name"]: stat["value"] for stat in row["personInteractionStats"]} == {
        name: pytest.approx(sum(each) / 25, abs=0.005) for name, each in values.items()
    }


@pytest.mark.parametrize("name", sorted(PATHS))
def test_wrong_and_empty_days(api: Api, name: str) -> None:
    def status(first: date, end: date, **body: Any) -> int:
        return ask(api, name, first, end, aggregationPeriod="DAY", **body).status_code

    assert status(FIRST, FIRST) == 404
    assert status(END, FIRST) == 400
    # It is the 2nd of March, one in the morning, in the company's time zone.
    assert status(FIRST, date(2026, 3, 2)) == 200
    assert status(FIRST, date(2026, 3, 3)) == 400
    assert status(FIRST, END, filter={"userIds": ["1"]}) == 404


@pytest.mark.parametrize(
    "change", [{"fromDate": "2026-01-05T00:00:00"}, {"fromDate": "05.01.2026"}, {"userIds": "all"}]
)
def test_a_wrong_filter_is_a_parse_error(api: Api, change: dict[str, Any]) -> None:
    assert ask(api, "aggregate", filter=change).status_code == 400


def test_an_unknown_period_is_a_parse_error(api: Api) -> None:
    answer = ask(api, "by-period", aggregationPeriod="DECADE")
    assert errors_of(answer) == ["Json parse error, verify Json format matches the API description."]


@pytest.fixture(scope="module")
def scorecards(api: Api) -> Callable[..., list[dict[str, Any]]]:
    def ask_for(**filters: Any) -> list[dict[str, Any]]:
        answer = api("POST", "/v2/stats/activity/scorecards", json={"filter": filters})
        return answer.json()["answeredScorecards"] if answer.status_code == 200 else []

    return ask_for


def test_automatic_reviews_are_hidden_unless_asked_for(scorecards: Callable[..., list[dict[str, Any]]]) -> None:
    manual, automatic = scorecards(), scorecards(reviewMethod="AUTOMATIC")
    assert {found["reviewMethod"] for found in manual} == {"MANUAL"}
    assert {found["reviewMethod"] for found in automatic} == {"AUTOMATIC"}
    assert len(scorecards(reviewMethod="BOTH")) == len(manual) + len(automatic)


def test_reviews_are_filtered(scorecards: Callable[..., list[dict[str, Any]]]) -> None:
    every = scorecards(reviewMethod="BOTH")
    user, card = every[0]["reviewedUserId"], every[0]["scorecardId"]
    found = scorecards(reviewMethod="BOTH", reviewedUserIds=[user], scorecardIds=[card])
    assert found == [one for one in every if (one["reviewedUserId"], one["scorecardId"]) == (user, card)]
    day = every[0]["reviewTime"][:10]
    following = str(date.fromisoformat(day) + timedelta(days=1))
    assert every[0] in scorecards(reviewMethod="BOTH", reviewFromDate=day, reviewToDate=following)
