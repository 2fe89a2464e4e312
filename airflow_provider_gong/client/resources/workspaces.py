"""``client.workspaces``."""

from __future__ import annotations

from airflow_provider_gong.client.models import Workspace
from airflow_provider_gong.client.requests import Listing, raw_request
from airflow_provider_gong.client.resources.methods import ApiListing, D, Resource


class Workspaces(Resource[D]):
    """The company's workspaces."""

    @ApiListing
    def list(self) -> Listing[Workspace]:
        """``GET /v2/workspaces``: yield all workspaces."""
        return Listing(raw_request("listWorkspaces"), Workspace.model_validate)
