"""Generates users and calls; the same seed generates the same ones."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from random import Random
from typing import TypeVar

from airflow_provider_gong.emulator.company.company import Arrival, Company
from airflow_provider_gong.emulator.company.records import LONG_AGO, Call, Media, User
from airflow_provider_gong.emulator.company.seeds.documents import Generate, UserSeed
from airflow_provider_gong.emulator.company.speech import words
from airflow_provider_gong.emulator.company.users import Users

_SECONDS_PER_MONTH = 30.4 * 86_400
_SHORTEST_SECONDS = 120.0
_LONGEST_SECONDS = 4_500.0
_BYTES_PER_SECOND = 8_000
_LATEST_SECONDS = 21 * 86_400
_EARLIEST_SECONDS = 3_600
_DIRECTIONS = ("Inbound", "Outbound", "Conference")
_DISPOSITIONS = (',"disposition":"Connected"', ',"disposition":"Left voicemail"', "")

Item = TypeVar("Item")


def generated_users(company: Company, users: Users, wanted: Generate) -> Iterator[UserSeed]:
    """
    Return generated users, who are numbered.

    :param users: existing users
    """
    taken = len(users)
    random = Random(f"{company.settings.seed}/users/{taken}")  # noqa: S311 (made-up data)
    for number in range(taken, taken + wanted.users):
        first, last = random.choice(words()["firstNames"]), random.choice(words()["lastNames"])
        yield UserSeed(
            firstName=first,
            lastName=last,
            emailAddress=f"{first}.{last}.{number}@example.com".lower(),
            title=random.choice(words()["titles"]),
            telephonyCallsImported=random.random() < 0.9,
        )


def generated_calls(company: Company, users: Users, wanted: Generate, taken: int) -> Iterator[Arrival]:
    """
    Return generated calls of the past months, spread over the users who can host imported calls.

    :param taken: number of existing calls
    """
    random = Random(f"{company.settings.seed}/calls/{taken}")  # noqa: S311 (made-up data)
    hosts = [(user.id, _party(user)) for user in users if user.telephony_calls_imported and user.active]
    if wanted.calls and not hosts:
        raise ValueError("generate.calls: no user can host imported calls")
    workspace, now = company.workspaces[0].id, int(company.clock.now())
    window = max(0.2 * 86_400, wanted.months * _SECONDS_PER_MONTH)
    for number in range(taken, taken + wanted.calls):
        started = float(now - int(random.uniform(0.1 * 86_400, window)))
        host, party = _one_of(hosts, random)
        name = f"generated-{number}"
        call_id = company.new_id("call", name)
        call = Call(
            id=call_id,
            document=_document(random, name, host, party, started),
            client_unique_id=name,
            primary_user_id=host,
            workspace_id=workspace,
            started=started,
            media=processed_media(call_id, random.uniform(_SHORTEST_SECONDS, _LONGEST_SECONDS)),
            received=1,
            private=random.random() < wanted.private,
        )
        yield _late(call, random) if random.random() < wanted.late else Arrival(call)


def _document(random: Random, name: str, host: str, party: str, started: float) -> bytes:
    """Return what was posted, formatted directly because there may be a million calls."""
    first, last = _one_of(_escaped("firstNames"), random), _one_of(_escaped("lastNames"), random)
    account, subject = _one_of(_escaped("accounts"), random), _one_of(_escaped("subjects"), random)
    disposition = _one_of(_DISPOSITIONS, random)
    return (
        f'{{"clientUniqueId":"{name}","title":"{subject}, {account}",'
        f'"actualStart":"{datetime.fromtimestamp(started, UTC).isoformat()}",'
        f'"direction":"{_one_of(_DIRECTIONS, random)}","languageCode":"en-US","primaryUser":"{host}",'
        f'"parties":[{party},{{"name":"{first} {last}",'
        f'"emailAddress":"{first}.{last}@{account.partition(" ")[0]}.example.com"}}]'
        f"{disposition}}}"
    ).encode()


def _party(user: User) -> str:
    return json.dumps({"userId": user.id, "emailAddress": user.email_address, "name": user.name})


@cache
def _escaped(name: str) -> list[str]:
    return [json.dumps(word)[1:-1] for word in words()[name]]


def _one_of(items: Sequence[Item], random: Random) -> Item:
    # Takes half the time of random.choice.
    return items[int(random.random() * len(items))]


def _late(call: Call, random: Random) -> Arrival:
    """Make a call appear after hours or weeks, more likely sooner than later."""
    appears = call.started + _EARLIEST_SECONDS * (_LATEST_SECONDS / _EARLIEST_SECONDS) ** random.random()
    return Arrival(call, appears, appears + random.uniform(0.0, 86_400.0))


def processed_media(call_id: str, seconds: float) -> Media:
    """Return the recording of a call that others recorded."""
    return Media(
        sha256=f"{int(call_id):064x}",
        size=int(seconds * _BYTES_PER_SECOND),
        duration=seconds,
        arrived_at=LONG_AGO,
        begun_at=LONG_AGO,
        content_type="audio/mpeg",
    )
