"""Settings of an emulated company, at start and while it runs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from typing import Any, Literal
from zoneinfo import ZoneInfo

from airflow_provider_gong.emulator.world.described import check, number

MEDIA_LIMIT_BYTES = 1_500_000_000


@dataclass(frozen=True, kw_only=True)
class EmulatorSettings:
    """
    Settings of one emulated Gong company. Where reports about Gong disagree, the best supported one is the default.

    :param access_key: the accepted access key; more can be added while it runs
    :param access_key_secret: its secret
    :param client_id: the OAuth client that may fetch tokens
    :param client_secret: its secret
    :param seed: the same seed gives the same users, workspaces, calls and ids
    :param scopes: the scopes of the access key, separated by spaces; empty for all
    :param key_sees_calls: ``False`` for a key that may not see calls and finds every list empty
    :param company_active: ``False`` for a deactivated company (401)
    :param allowed_hosts: host names that the emulator accepts in addition to loopback names, separated by spaces; ``*``
        for any. Requests to other names may come from any web site
    :param company_host: the only host name that is accepted; others count as a wrong base URL (401). Empty for any
    :param company_time_zone: the time zone of dates in statistics and of times in answers
    :param strict: accept only what the reference describes: no other fields, parameters or types
    :param requests_per_second: the company's limit per second; 0 for no limit
    :param requests_per_day: the company's limit per day; 0 for no limit
    :param limit_window: how a second is counted: ``sliding``, ``fixed`` (whole seconds) or ``bucket``
    :param day_reset: ``rolling`` for the last 24 hours, or the time zone whose midnight starts a day, e.g. ``UTC``
    :param count_refused: whether refused requests count against the limits; unknown for Gong
    :param retry_after: the form of ``Retry-After``: ``seconds``, ``date``, or ``none`` for no header
    :param processing_seconds: how long a call is processed after its media has arrived
    :param processing: whether calls are processed in ``parallel`` or one after the other (``queue``); both observed
    :param transient_not_found: when a call in processing returns "was not found" instead of "is not ready yet":
        ``first``, in the ``middle``, ``last`` or ``never``; only that it happens was observed
    :param transient_share: for which share of the processing time
    :param transcript_seconds: how long a transcript takes; by default, as long as the processing
    :param lagging_counts: whether ``totalRecords`` already counts calls in processing
    :param imported_parties: ``False`` if imported calls are returned without parties
    :param cursor_seconds: how long cursors are valid, from the first page of a sequence
    :param expired_cursor_status: status for an expired cursor; only that it is a 4xx is known
    :param duplicate_status: status for a repeated ``clientUniqueId``; reports disagree on 400 and 409
    :param duplicate_media_text: whether the error for known media names the other call (``detailed``) or
        is only ``Bad request`` (``bare``); both were observed
    :param not_ready_status: status of "is not ready yet" while a call is processed
    :param refusal_marks: how Gong's own 401 and 429 are marked: ``full`` for a ``requestId`` in the body and the header
        ``x-traceid``, ``header`` for the header only, or ``none``; no such response is published
    :param deleted_meeting: the response to deleting a meeting: ``email`` as documented, ``full`` with a ``requestId``
        as well, or ``empty``
    :param numeric_ids: whether ids that are numbers in the reference are numbers; strings were observed
    :param media_limit_bytes: the largest recording that is accepted
    :param meetings_released: ``False`` for a company without the limited release of meetings (403)
    :param consent_page_enabled: ``False`` for a company whose recording consent page is off
    :param engage_enabled: ``False`` for a company without Engage: 403 on flows, 500 on tasks
    :param ai_credits: ``False`` for a company whose credits are used up (402 on entities)
    :param crm_seconds: how long a CRM upload, deletion or bulk assignment takes
    :param erase_seconds: seconds from a request until personal data is erased
    :param access_token_seconds: how long OAuth access tokens are valid
    :param reused_refresh_token: whether reusing a refresh token is only refused (``refuse``) or also revokes all tokens
        of the same authorization (``revoke``)
    """

    access_key: str = "gong-emulator-key"
    access_key_secret: str = "gong-emulator-secret"  # noqa: S105 (the published default of a local emulator)
    client_id: str = "gong-emulator-client"
    client_secret: str = "gong-emulator-client-secret"  # noqa: S105 (as above)
    seed: int = 1
    scopes: str = ""
    key_sees_calls: bool = True
    company_active: bool = True
    allowed_hosts: str = ""
    company_host: str = ""
    company_time_zone: str = "America/Los_Angeles"
    strict: bool = False
    requests_per_second: int = number(3)
    requests_per_day: int = number(10_000)
    limit_window: Literal["sliding", "fixed", "bucket"] = "sliding"
    day_reset: str = "rolling"
    count_refused: bool = False
    retry_after: Literal["seconds", "date", "none"] = "seconds"
    processing_seconds: float = number(240.0)
    processing: Literal["parallel", "queue"] = "parallel"
    transient_not_found: Literal["first", "middle", "last", "never"] = "last"
    transient_share: float = number(0.05, highest=1)
    transcript_seconds: float | None = number(None)
    lagging_counts: bool = True
    imported_parties: bool = True
    cursor_seconds: float = number(3_600.0)
    expired_cursor_status: int = number(400, 400, 499)
    duplicate_status: Literal[400, 409] = 400
    duplicate_media_text: Literal["detailed", "bare"] = "detailed"
    not_ready_status: int = number(404, 400, 599)
    refusal_marks: Literal["full", "header", "none"] = "full"
    deleted_meeting: Literal["email", "full", "empty"] = "email"
    numeric_ids: bool = False
    media_limit_bytes: int = number(MEDIA_LIMIT_BYTES)
    meetings_released: bool = True
    consent_page_enabled: bool = True
    engage_enabled: bool = True
    ai_credits: bool = True
    crm_seconds: float = number(60.0)
    erase_seconds: float = number(3_600.0)
    access_token_seconds: float = number(86_400.0)
    reused_refresh_token: Literal["refuse", "revoke"] = "refuse"  # noqa: S105 (no password)

    def __post_init__(self) -> None:
        check(self)
        _check_zone("company_time_zone", self.company_time_zone)
        if self.day_reset != "rolling":
            _check_zone("day_reset", self.day_reset)

    def changed(self, changes: Mapping[str, Any]) -> EmulatorSettings:
        """
        Return these settings with some changed.

        :raises ValueError: for a setting that does not exist, is fixed once the emulator runs, or a wrong value
        """
        changeable = {field.name for field in fields(self)} - FIXED
        unknown = sorted(set(changes) - changeable)
        if unknown:
            raise ValueError(
                f"cannot be set: {', '.join(unknown)}; settings that can be set: {', '.join(sorted(changeable))}"
            )
        return replace(self, **changes)


FIXED = frozenset({"allowed_hosts", "access_key", "access_key_secret", "client_id", "client_secret", "seed"})
SECRETS = FIXED - {"allowed_hosts", "seed"}


def _check_zone(name: str, zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{name} must be a time zone such as Europe/Berlin, not {zone!r}") from error
