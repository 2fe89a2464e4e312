"""Engage: flows, their prospects, and tasks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from airflow_provider_gong.emulator.api.ask import Ask, Reply, required
from airflow_provider_gong.emulator.company.engage import FlowInstance
from airflow_provider_gong.emulator.company.records import User
from airflow_provider_gong.emulator.contract.notation import schemas
from airflow_provider_gong.emulator.world.answers import GongApiError
from airflow_provider_gong.emulator.world.times import wire_time

_RECENT = 20


def _owner(ask: Ask, name: str, given: Mapping[str, Any]) -> User:
    return required(ask.emulator.users.by_email(given[name]), 400, f"{name}: user {given[name]} was not found")


def _flow(ask: Ask) -> Mapping[str, Any]:
    flows: list[dict[str, Any]] = ask.emulator.seeded["flows"]
    found = next((flow for flow in flows if flow["id"] == ask.body["flowId"]), None)
    return required(found, 404, "Flow not found")


def _only(schema: str, thing: Mapping[str, Any]) -> dict[str, Any]:
    fields = schemas()[schema].fields or {}
    return {name: value for name, value in thing.items() if name in fields}


async def list_flows(ask: Ask) -> Reply:
    """``GET /v2/flows``."""
    _owner(ask, "flowOwnerEmail", ask.query)
    wanted = {name: ask.query[name] for name in ("workspaceId", "folderId") if ask.query.get(name)}
    flows = [flow for flow in ask.emulator.seeded["flows"] if wanted.items() <= flow.items()]
    if ask.query.get("mostRecentlyAssigned"):
        assigned = [instance.flow["id"] for instance in ask.emulator.engage.instances.values()]
        flows = [flow for flow in flows if flow["id"] in assigned][:_RECENT]
    found, records = ask.page(flows)
    return Reply({"records": records, "flows": [_only("PublicApiFlow", flow) for flow in found]})


async def list_flow_folders(ask: Ask) -> Reply:
    """``GET /v2/flows/folders``; the answer's key differs from the reference (observed on live tenants)."""
    _owner(ask, "flowFolderOwnerEmail", ask.query)
    parent = ask.query.get("parentId")
    folders = ask.emulator.seeded["flowFolders"]
    found, records = ask.page([folder for folder in folders if parent in (None, folder["parentFolderId"])])
    return Reply({"records": records, "flowsFolders": found})


async def flow_steps(ask: Ask) -> Reply:
    """``POST /v2/flows/steps``: a single unknown flow fails the request."""
    flow_ids = ask.body["flowIds"]
    flows = {flow["id"]: flow for flow in ask.emulator.seeded["flows"]}
    found = [required(flows.get(flow_id), 404, f"Flow not found: flowId={flow_id}") for flow_id in flow_ids]
    return Reply({"flows": [_only("PublicApiFlowWithSteps", flow) for flow in found]})


async def prospects_flows(ask: Ask) -> Reply:
    """``POST /v2/flows/prospects``: open instances by prospect; by instance id, also ended ones."""
    engage = ask.emulator.engage
    prospects, instance_ids = ask.body.get("crmProspectsIds") or [], ask.body.get("flowInstanceIds") or []
    found = [instance for prospect in prospects for instance in engage.open_instances(prospect)]
    found += [engage.instances[instance_id] for instance_id in instance_ids if instance_id in engage.instances]
    unique = {instance.id: instance for instance in found}
    return Reply({"prospectsAssigned": [instance.as_json(ask.emulator) for instance in unique.values()]})


async def assign_prospects(ask: Ask) -> Reply:
    """``POST /v2/flows/prospects/assign``: the answer also lists those that cannot be assigned."""
    return _assign(ask, override=bool((ask.body.get("overrides") or {}).get("coolOffOverride")))


async def assign_prospects_overriding(ask: Ask) -> Reply:
    """``POST /v2/flows/prospects/assign/cool-off-override``, deprecated."""
    return _assign(ask, override=True)


def _assign(ask: Ask, *, override: bool) -> Reply:
    flow, owner = _flow(ask), _owner(ask, "flowInstanceOwnerEmail", ask.body)
    assigned, failed = [], []
    for prospect in dict.fromkeys(ask.body["crmProspectsIds"]):
        instance = ask.emulator.engage.assign(flow, prospect, owner, override=override)
        if instance is None:
            error = {"errorCode": "InvalidState", "errorMessage": "The prospect is in the flow already"}
            failed.append({"flowId": flow["id"], "crmProspectId": prospect, **error})
        else:
            assigned.append(instance.as_json(ask.emulator))
            ask.did("created", "flow instance", instance.id, crmProspectId=prospect)
    return Reply({"prospectsAssigned": assigned, "prospectsNotAssigned": failed})


async def submit_bulk_assignment(ask: Ask) -> Reply:
    """``POST /v2/flows/prospects/bulk-assignments``."""
    flow, owner = _flow(ask), _owner(ask, "flowInstanceOwnerEmail", ask.body)
    bulk = ask.emulator.engage.start_bulk(flow, owner, ask.body["prospects"])
    ask.did("scheduled", "bulk assignment", bulk.id)
    return Reply(bulk.as_json(ask.now))


async def get_bulk_assignment(ask: Ask) -> Reply:
    """``GET /v2/flows/prospects/bulk-assignments/{id}``."""
    bulk_id = ask.ids["id"]
    bulk = required(ask.emulator.engage.bulk.get(bulk_id), 404, f"Flow prospects bulk assignment {bulk_id} not found")
    return Reply(bulk.as_json(ask.now))


async def unassign_prospect(ask: Ask) -> Reply:
    """``POST /v2/flows/prospects/unassign-flows-by-crm-id``."""
    flow_id = ask.body.get("flowId")
    found = ask.emulator.engage.open_instances(ask.body["crmProspectId"])
    return _unassign(ask, [instance for instance in found if flow_id in (None, instance.flow["id"])])


async def unassign_flows(ask: Ask) -> Reply:
    """``POST /v2/flows/prospects/unassign-flows-by-instance-id``: a single unknown instance fails the request."""
    wanted, instances = ask.body["flowInstanceIds"], ask.emulator.engage.instances
    if any(instance_id not in instances for instance_id in wanted):
        raise GongApiError(400, "One or more of the given flowInstanceIds does not exist")
    return _unassign(ask, [instances[instance_id] for instance_id in dict.fromkeys(wanted)])


def _unassign(ask: Ask, instances: Sequence[FlowInstance]) -> Reply:
    ended = [instance for instance in instances if instance.open]
    for instance in ended:
        instance.open = False
        ask.did("changed", "flow instance", instance.id)
    return Reply({"unassignedFlowInstanceIds": [instance.id for instance in ended]})


async def list_tasks(ask: Ask) -> Reply:
    """``POST /v2/tasks``."""
    filters = ask.body["filter"]
    found = [
        task
        for task in ask.emulator.seeded["tasks"]
        if str(task["userId"]) == filters["userId"]
        and task["status"] in filters["status"]
        and task["type"] in filters["types"]
        and set(task["actions"]) & set(filters["taskAction"])
    ]
    return Reply({"tasks": found, "crmType": "GENERIC"})


async def update_task(ask: Ask) -> Reply:
    """``PATCH /v2/tasks/{taskId}``."""
    task = next((task for task in ask.emulator.seeded["tasks"] if str(task["id"]) == ask.ids["taskId"]), None)
    if task is None or str(task["userId"]) != ask.body["userId"]:
        raise GongApiError(404, f"Task {ask.ids['taskId']} was not found")
    changes = {name: ask.body[name] for name in ("status", "dueDate") if ask.body.get(name)}
    if changes.get("dueDate"):
        changes["dueDate"] = wire_time(ask.emulator, datetime.fromisoformat(changes["dueDate"]).timestamp())
    task.update({**changes, **_priority(ask), "updated": wire_time(ask.emulator, ask.emulator.clock.now())})
    ask.did("changed", "task", task["id"])
    return Reply({"tasks": [task], "crmType": "GENERIC"})


def _priority(ask: Ask) -> dict[str, Any]:
    wanted = ask.body.get("priority")
    if not wanted:
        return {}
    known = {priority["name"].lower(): priority for priority in ask.emulator.seeded["priorities"]}
    return {"priority": required(known.get(wanted.lower()), 400, f"priority: {wanted} is not known")}
