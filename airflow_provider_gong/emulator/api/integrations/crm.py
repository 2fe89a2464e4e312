"""The Generic CRM integration."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply, required
from airflow_provider_gong.emulator.api.multipart import read_part
from airflow_provider_gong.emulator.company.crm import CrmJob, Integration, LineReader, store_objects
from airflow_provider_gong.emulator.contract.notation import read_type
from airflow_provider_gong.emulator.world.answers import GongApiError

_DELETION_FACTOR = 10
_MOST_READ = 100
_LARGEST_FILE = 200_000_000
_CLIENT_REQUEST_ID = re.compile(r"[\w-]+", re.ASCII)
_ALREADY_ACTIVE = (
    "Your organization already has an active GENERIC CRM integration. Only 1 active integration is supported. Please"
    " disconnect the existing GENERIC CRM integration before creating a new Generic CRM integration"
)


async def register_integration(ask: Ask) -> Reply:
    """``PUT /v2/crm/integrations``."""
    crm = ask.emulator.crm
    if crm.integration is not None:
        raise GongApiError(409, _ALREADY_ACTIVE)
    email = ask.body["ownerEmail"]
    required(ask.emulator.users.by_email(email), 400, f"ownerEmail: user {email} was not found")
    integration = crm.register(ask.body["name"], email)
    ask.did("created", "CRM integration", integration.id)
    return Reply({"integrationId": integration.id})


async def list_integrations(ask: Ask) -> Reply:
    """``GET /v2/crm/integrations``."""
    found = ask.emulator.crm.integration
    if found is None:
        return Reply({"integrations": []})
    shown = {"integrationId": found.id, "ownerEmail": found.owner_email, "name": found.name}
    return Reply({"integrations": [shown]})


def _integration(ask: Ask) -> Integration:
    found = ask.emulator.crm.integration
    if found is None or str(found.id) != ask.query["integrationId"]:
        raise GongApiError(400, f"Integration {ask.query['integrationId']} was not found")
    return found


def _new_request(ask: Ask) -> tuple[str, str]:
    client_request_id = ask.query["clientRequestId"]
    if not _CLIENT_REQUEST_ID.fullmatch(client_request_id):
        raise GongApiError(400, "clientRequestId: letters, digits, dashes and underscores only")
    key = (ask.query["integrationId"], client_request_id)
    if key in ask.emulator.crm.jobs:
        raise GongApiError(409, f"clientRequestId {client_request_id} has been used before")
    return key


def _start(ask: Ask, key: tuple[str, str], seconds: float, work: Callable[[CrmJob], None]) -> Reply:
    ask.emulator.crm.start(key, seconds, work)
    ask.did("scheduled", "CRM request", key[1], integrationId=key[0])
    return Reply({"clientRequestId": key[1]})


async def delete_integration(ask: Ask) -> Reply:
    """``DELETE /v2/crm/integrations``: it takes longer than an upload."""
    integration, key, crm = _integration(ask), _new_request(ask), ask.emulator.crm
    seconds = ask.emulator.settings.crm_seconds * _DELETION_FACTOR
    return _start(ask, key, seconds, lambda job: crm.delete(integration))


async def upload_entities(ask: Ask) -> Reply:
    """``POST /v2/crm/entities``: the lines are checked and stored when the request is processed."""
    integration, key = _integration(ask), _new_request(ask)
    object_type = ask.query["objectType"]
    lines = LineReader(object_type)
    await read_part(ask, _LARGEST_FILE, lines.write, missing=f"{ask.operation.part} part is missing")
    lines.close()

    def work(job: CrmJob) -> None:
        store_objects(integration, object_type, lines.objects)
        job.errors, job.succeeded = lines.errors, len(lines.objects)

    return _start(ask, key, ask.emulator.settings.crm_seconds, work)


async def request_status(ask: Ask) -> Reply:
    """``GET /v2/crm/request-status``."""
    request_id = ask.query["clientRequestId"]
    job = ask.emulator.crm.jobs.get((ask.query["integrationId"], request_id))
    return Reply(required(job, 400, f"clientRequestId {request_id} was not found").as_json(ask.now))


async def get_objects(ask: Ask) -> Reply:
    """``GET /v2/crm/entities``, with the ids in a JSON array; only the first 100 are used."""
    held = _integration(ask).objects.get(ask.query["objectType"], {})
    found = {object_id: held[object_id] for object_id in ask.body[:_MOST_READ] if object_id in held}
    return Reply({"crmObjectsMap": found})


async def list_schema(ask: Ask) -> Reply:
    """``GET /v2/crm/entity-schema``."""
    schema = _integration(ask).schema
    wanted = [ask.query["objectType"]] if "objectType" in ask.query else read_type("CrmObjectType").choices
    return Reply({"objectTypeToSelectedFields": {kind: list(schema.get(kind, {}).values()) for kind in wanted}})


async def upload_schema(ask: Ask) -> Reply:
    """``POST /v2/crm/entity-schema``: every known field must be sent again; a field with ``isDeleted`` is deleted."""
    integration, kind = _integration(ask), ask.query["objectType"]
    known = integration.schema.get(kind, {})
    sent = {field["uniqueName"]: field for field in ask.body}
    missing = [name for name in known if name not in sent]
    if missing:
        raise GongApiError(400, f"All fields of the schema must be included; missing: {', '.join(missing)}")
    for name, field in sent.items():
        if field.get("isDeleted") or (name in known and known[name]["type"] != field["type"]):
            _drop_values(integration.objects.get(kind, {}), name)
    integration.schema[kind] = {name: field for name, field in sent.items() if not field.get("isDeleted")}
    ask.did("changed", "CRM schema", kind)
    return Reply({})


def _drop_values(objects: Mapping[str, dict[str, Any]], name: str) -> None:
    for found in objects.values():
        found.pop(name, None)
