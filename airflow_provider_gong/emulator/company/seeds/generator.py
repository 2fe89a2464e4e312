"""Makes up users and calls; the same seed makes up the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from airflow_provider_gong.emulator.company.company import Company
from airflow_provider_gong.emulator.company.seeds.documents import CallSeed, Generate, UserSeed
from airflow_provider_gong.emulator.company.users import Users
from airflow_provider_gong.emulator.company.words import words

_DAYS_PER_MONTH = 30.4
_SHORTEST_MINUTES = 2.0
_LONGEST_MINUTES = 75.0


def generated_users(company: Company, users: Users, wanted: Generate) -> Iterator[UserSeed]:
    """Return made-up users, who are told apart by number.

    :param users: who is there already.
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


def generated_calls(company: Company, users: Users, wanted: Generate, taken: int) -> Iterator[CallSeed]:
    """Return made-up calls of the past months, spread over the users who can host imported calls.

    :param taken: how many calls there are already.
    """
    random = Random(f"{company.settings.seed}/calls/{taken}")  # noqa: S311 (made-up data)
    hosts = [user.email_address for user in users if user.telephony_calls_imported and user.active]
    if wanted.calls and not hosts:
        raise ValueError("generate.calls: no user can host imported calls")
    for number in range(taken, taken + wanted.calls):
        customer = f"{random.choice(words()['firstNames'])} {random.choice(words()['lastNames'])}"
        account = random.choice(words()["accounts"])
        domain = account.partition(" ")[0].lower()
        yield CallSeed(
            clientUniqueId=f"generated-{number}",
            title=f"{random.choice(words()['subjects'])}, {account}",
            host=random.choice(hosts),
            daysAgo=random.uniform(0.1, max(0.2, wanted.months * _DAYS_PER_MONTH)),
            minutes=random.uniform(_SHORTEST_MINUTES, _LONGEST_MINUTES),
            parties=({"name": customer, "emailAddress": f"{customer.replace(' ', '.').lower()}@{domain}.example.com"},),
            direction=random.choice(("Inbound", "Outbound", "Conference")),
            disposition=random.choice(("Connected", "Left voicemail", "")),
        )
