"""Events that other systems report, integration settings, and targets."""

from __future__ import annotations

import csv
import io
import re

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.api.multipart import read_part
from airflow_provider_gong.emulator.world.answers import BAD_REQUEST, GongApiError

_ORIGIN = re.compile(r"https?://[^/\s]+/?")
_TARGET_COLUMNS = ("Team member identifier", "Is Team", "Period", "Value")
_LARGEST_CSV = 10_000_000


async def add_event(ask: Ask) -> Reply:
    """
    ``POST /v2/digital-interaction`` and the events of customer engagement; a known ``eventId`` is refused.

    Each event without an ``eventId`` is a new event.
    """
    event = ask.body
    if ask.operation.name == "addDigitalInteraction" and bool(event.get("person")) is bool(event.get("trackingId")):
        raise GongApiError(400, "Exactly one of person and trackingId is needed")
    events, event_id = ask.emulator.events, event.get("eventId")
    key = (ask.operation.name, event_id or ask.emulator.request_number)
    if key in events:
        raise GongApiError(409, f"The event {event_id} has been reported before")
    events[key] = {**event, "operation": ask.operation.name}
    ask.did("created", "event", key[1], operation=key[0])
    # The reference lends these answers the one of a CRM integration; only the requestId came (observed).
    return Reply({})


async def set_integration_settings(ask: Ask) -> Reply:
    """``POST /v2/integration-settings``."""
    for wanted in ask.body["integrationTypeSettings"]:
        if not _ORIGIN.fullmatch(wanted["allowedOrigin"]):
            raise GongApiError(400, "allowedOrigin: must be a valid origin")
    for wanted in ask.body["integrationTypeSettings"]:
        ask.emulator.integration_settings[wanted["integrationType"]] = wanted["allowedOrigin"]
        ask.did("changed", "integration setting", wanted["integrationType"])
    return Reply({})


async def get_integration_settings(ask: Ask) -> Reply:
    """``GET /v2/integration-settings``, which the reference does not know (observed on live tenants)."""
    return Reply({"integrationSettings": {"id": ask.emulator.new_id("integration settings", ask.caller.name)}})


async def upload_assignments(ask: Ask) -> Reply:
    """``POST /v2/targets/{targetId}/assignments``; the columns are those of the file for Gong's own page."""
    targets = ask.emulator.seeded["targets"]
    if all(
        (target["id"], target["workspaceId"]) != (ask.ids["targetId"], ask.query["workspaceId"]) for target in targets
    ):
        raise GongApiError(404, f"Target {ask.ids['targetId']} was not found")
    assignments = bytearray()
    await read_part(ask, _LARGEST_CSV, assignments.extend)
    try:
        header = next(csv.reader(io.StringIO(assignments.decode("utf-8-sig"))), [])
    except (UnicodeDecodeError, csv.Error) as error:
        raise GongApiError(400, BAD_REQUEST) from error
    missing = [column for column in _TARGET_COLUMNS if column not in header]
    if missing:
        raise GongApiError(400, f"Missing columns: {', '.join(missing)}")
    ask.did("changed", "target", ask.ids["targetId"])
    return Reply({})
