"""Workspaces of a Gong company."""

from airflow_provider_gong.client.models.base import ResponseModel


class Workspace(ResponseModel):
    """A workspace."""

    id: str
    name: str | None = None
    description: str | None = None
