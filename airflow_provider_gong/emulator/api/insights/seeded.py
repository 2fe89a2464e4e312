"""Operations whose answers are generated with the company or computed from its users and calls."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Handler, Reply, required
from airflow_provider_gong.emulator.company.records import Call, User
from airflow_provider_gong.emulator.contract.checking import read_window
from airflow_provider_gong.emulator.world.answers import GongApiError
from airflow_provider_gong.emulator.world.times import wire_time

_ACCESS_DAYS = 14
_CALLS_IN_FOLDER = 3
_SEARCHED_CALLS = 60


def seeded(name: str, *, key: str | None = None) -> Handler:
    """
    Return a handler that answers with the company's invented things of a name.

    :param key: the answer's key where it is not the name
    """

    async def answer(ask: Ask) -> Reply:
        workspace = ask.query.get("workspaceId")
        things = ask.emulator.seeded[name]
        chosen = [thing for thing in things if not workspace or thing.get("workspaceId", workspace) == workspace]
        return Reply({key or name: chosen})

    return answer


async def folder_content(ask: Ask) -> Reply:
    """``GET /v2/library/folder-content``: the latest calls, in their folder."""
    folders = ask.emulator.seeded["libraryFolders"]
    folder_id = ask.query.get("folderId")
    found = next((folder for folder in folders if folder["id"] == folder_id), None)
    folder = required(found, 404 if folder_id else 400, "folderId: folder was not found")
    calls = _latest_calls(ask, _CALLS_IN_FOLDER) if folder is folders[1] else []
    shown = {name: value for name, value in folder.items() if name != "parentFolderId"}
    return Reply({**shown, "calls": [_library_call(ask, call, folder["createdBy"]) for call in calls]})


def _latest_calls(ask: Ask, count: int) -> list[Call]:
    return list(islice(reversed(ask.readable(ask.emulator.calls.details)), count))


def _library_call(ask: Ask, call: Call, added_by: str) -> dict[str, Any]:
    return {
        "id": call.id,
        "title": call.posted.get("title") or "Call",
        "note": "Worth hearing",
        "addedBy": added_by,
        "created": wire_time(ask.emulator, call.started + 86_400),
        "url": f"{ask.base_url}call?id={call.id}",
        "snippet": {"fromSec": 30, "toSec": 90},
    }


async def coaching(ask: Ask) -> Reply:
    """``GET /v2/coaching``: the calls that a manager's people hosted in a window."""
    emulator = ask.emulator
    start, end = read_window(ask.query, "from", "to")
    ask.workspace_id(ask.query["workspace-id"])
    manager_id = ask.query["manager-id"]
    manager = required(emulator.users.get(manager_id), 400, f"manager-id: user {manager_id} was not found")
    calls = ask.readable(emulator.calls.details, start=start, end=end)
    reports = [user for user in emulator.users if user.manager_id == manager.id]
    metrics = [{"report": _coached(user), "metrics": _metrics(user, calls)} for user in reports]
    return Reply({"coachingData": [{"manager": _coached(manager), "directReportsMetrics": metrics}]})


def _coached(user: User) -> dict[str, str]:
    names = {"firstName": user.first_name, "lastName": user.last_name, "title": user.title}
    return {"id": user.id, "emailAddress": user.email_address, **names}


def _metrics(user: User, calls: Sequence[Call]) -> dict[str, list[str]]:
    hosted = [call.id for call in calls if call.primary_user_id == user.id]
    return {"totalCalls": hosted, "listenedCalls": hosted[::2]}


async def list_logs(ask: Ask) -> Reply:
    """``GET /v2/logs``."""
    start, end = read_window(ask.query, "fromDateTime", "toDateTime")
    start, stop = start or 0.0, ask.now if end is None else min(end, ask.now)
    entries = sorted(_log_entries(ask, ask.query["logType"], start, stop), key=lambda entry: entry[0])
    wanted = [entry for entry in entries if start <= entry[0] < stop]
    found, records = ask.page(wanted, none="No log records found corresponding to the provided filters")
    return Reply({"records": records, "logEntries": [_log_entry(ask, *entry) for entry in found]})


LogLine = tuple[float, User, dict[str, Any]]


def _log_entries(ask: Ask, log_type: str, start: float, stop: float) -> Iterator[LogLine]:
    users = ask.emulator.users
    if log_type == "AccessLog":
        yield from _logins(ask)
    elif log_type == "UserActivityLog":
        for user in users:
            for change in user.history:
                yield change.time.timestamp(), user, {"action": "settings", change.setting: change.value}
    else:
        # People listen within a day of the call; some calls are shared with a customer.
        for call in ask.readable(ask.emulator.calls.details, start=start - 86_400, end=stop):
            host = users.get(call.primary_user_id)
            if host is not None and (log_type == "UserCallPlay" or int(call.id) % 5 == 0):
                yield call.started + 7_200, host, {"callId": call.id, "title": call.posted.get("title") or "Call"}


def _logins(ask: Ask) -> Iterator[LogLine]:
    midnight = ask.now // 86_400 * 86_400
    for user in ask.emulator.users:
        for day in range(_ACCESS_DAYS if user.active else 0):
            minute = int(ask.emulator.new_id("login", f"{user.id}/{midnight - day}")) % 600
            yield midnight - day * 86_400 + 25_200 + minute * 60, user, {"action": "login", "method": "SSO"}


def _log_entry(ask: Ask, moment: float, user: User, record: Mapping[str, Any]) -> dict[str, Any]:
    who = {"userId": user.id, "userEmailAddress": user.email_address, "userFullName": user.name}
    return {**who, "eventTime": wire_time(ask.emulator, moment), "logRecord": record}


async def ask_entity(ask: Ask) -> Reply:
    """``GET /v2/entities/ask-entity``."""
    calls = _entity_calls(ask)
    answer = [{"answerItems": [ask.emulator.seeded["answers"]["question"]], **_findings(ask, calls)}]
    return Reply({"numOfCallsSearched": len(calls), "numOfEmailsSearched": 0, "answer": answer})


async def get_brief(ask: Ask) -> Reply:
    """``GET /v2/entities/get-brief``."""
    published = {brief["briefName"] for brief in ask.emulator.seeded["briefs"] if brief["status"] == "Published"}
    if ask.query["briefName"] not in published:
        raise GongApiError(404, "Brief not found - could be that the brief is not published")
    calls = _entity_calls(ask)
    section = {
        "title": ask.query["briefName"],
        "sectionSummary": ask.emulator.seeded["answers"]["brief"],
        "conversationFindings": _findings(ask, calls),
        "briefSectionType": "Conversations",
    }
    return Reply({"numOfCallsSearched": len(calls), "numOfEmailsSearched": 0, "briefSections": [section]})


def _entity_calls(ask: Ask) -> list[Call]:
    ask.workspace_id(ask.query["workspaceId"])
    start, end = _period(ask)
    calls = _latest_calls(ask, _SEARCHED_CALLS)
    return [call for call in calls if start <= call.started < end]


def _period(ask: Ask) -> tuple[float, float]:
    if ask.query["timePeriod"] != "CUSTOM_RANGE":
        return float("-inf"), ask.now
    start, end = read_window(ask.query, "fromDateTime", "toDateTime")
    if start is None:
        raise GongApiError(400, "fromDateTime: must not be null")
    return start, ask.now if end is None else end


def _findings(ask: Ask, calls: Sequence[Call]) -> dict[str, Any]:
    found = [
        {
            "call": {
                "id": call.id,
                "title": call.posted.get("title") or "Call",
                "started": wire_time(ask.emulator, call.started),
                "url": f"{ask.base_url}call?id={call.id}",
            }
        }
        for call in calls[:_CALLS_IN_FOLDER]
    ]
    return {"callFindings": found, "emailFindings": []}
