"""Flows that prospects are assigned to, one by one or in bulk."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from airflow_provider_gong.emulator.company.records import User
from airflow_provider_gong.emulator.world.times import wire_time
from airflow_provider_gong.emulator.world.world import Job, World


@dataclass
class FlowInstance:
    """A prospect in a flow."""

    id: str
    flow: Mapping[str, Any]
    prospect: str
    owner: User
    created: float
    open: bool = True

    def as_json(self, world: World) -> dict[str, Any]:
        """Return the instance as the API shows it."""
        return {
            "flowId": self.flow["id"],
            "flowName": self.flow["name"],
            "crmProspectId": self.prospect,
            "flowInstanceId": self.id,
            "flowInstanceOwnerEmail": self.owner.email_address,
            "flowInstanceOwnerFullName": self.owner.name,
            "flowInstanceCreateDate": wire_time(world, self.created),
            "flowInstanceStatus": "Running" if self.open else "Finished",
            "workspaceId": self.flow["workspaceId"],
            "exclusive": self.flow["exclusive"],
        }


@dataclass(kw_only=True)
class BulkAssignment(Job):
    """
    An asynchronous assignment.

    :param results: filled when it ends
    """

    id: str
    prospects: list[dict[str, Any]]
    results: list[dict[str, Any]] = field(default_factory=list)

    def as_json(self, now: float) -> dict[str, Any]:
        """Return the assignment as the API shows it."""
        running = self.progress(now)
        results = [] if running else self.results
        good = sum(result["status"] == "ASSIGNED" for result in results)
        return {
            "id": self.id,
            "status": running or "COMPLETED",
            "totalCount": len(self.prospects),
            "processedCount": len(results),
            "successCount": good,
            "failedCount": len(results) - good,
            "results": results,
        }


class Engage:
    """
    The prospects in each flow.

    :param world: the company's settings, time and ids
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self.instances: dict[str, FlowInstance] = {}
        self.bulk: dict[str, BulkAssignment] = {}

    def open_instances(self, prospect: str) -> Iterator[FlowInstance]:
        """Return the flows that a prospect is in now."""
        return (found for found in self.instances.values() if found.prospect == prospect and found.open)

    def assign(self, flow: Mapping[str, Any], prospect: str, owner: User, *, override: bool) -> FlowInstance | None:
        """Add a prospect to a flow; a prospect who is already in it is left alone, unless that is overridden."""
        current = self.open_instances(prospect)
        if not override and any(instance.flow["id"] == flow["id"] or flow["exclusive"] for instance in current):
            return None
        instance_id = self._world.new_id("flow instance", len(self.instances))
        instance = FlowInstance(instance_id, flow, prospect, owner, self._world.clock.now())
        self.instances[instance_id] = instance
        return instance

    def start_bulk(self, flow: Mapping[str, Any], owner: User, prospects: list[dict[str, Any]]) -> BulkAssignment:
        """Begin to assign prospects; they are assigned when it ends."""
        world, now = self._world, self._world.clock.now()
        name = uuid.UUID(int=int(world.new_id("bulk assignment", len(self.bulk))) << 64, version=4)
        bulk = BulkAssignment(now, now + world.settings.crm_seconds, id=str(name), prospects=prospects)
        self.bulk[bulk.id] = bulk
        world.agenda.at(bulk.ends, lambda: self._finish(bulk, flow, owner))
        return bulk

    def _finish(self, bulk: BulkAssignment, flow: Mapping[str, Any], owner: User) -> None:
        bulk.results = [self._result(flow, owner, prospect) for prospect in bulk.prospects]

    def _result(self, flow: Mapping[str, Any], owner: User, prospect: dict[str, Any]) -> dict[str, Any]:
        if not prospect.get("crmId") and not prospect.get("email"):
            error = {"errorCode": "MISSING_EMAIL", "errorMessage": "The prospect has neither a CRM id nor an email"}
            return {"prospect": prospect, "status": "CRM_OPERATION_FAILED", **error}
        crm_id = prospect.get("crmId") or self._world.new_id("prospect", prospect["email"])
        instance = self.assign(flow, crm_id, owner, override=False)
        if instance is None:
            error = {"errorCode": "ALREADY_ASSIGNED", "errorMessage": "The prospect is in the flow already"}
            return {"prospect": prospect, "status": "FLOW_ASSIGNMENT_FAILED", "crmId": crm_id, **error}
        return {"prospect": prospect, "status": "ASSIGNED", "crmId": crm_id, "flowInstanceId": instance.id}
