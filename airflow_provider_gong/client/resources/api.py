"""The public methods of Gong's API: a resource for each kind of object, and any other operation by its name."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_gong.client.resources.methods import ApiListing, ApiMethod, D, Driven

if TYPE_CHECKING:
    from airflow_provider_gong.client.answers import JsonObject
    from airflow_provider_gong.client.instructions import Steps
    from airflow_provider_gong.client.requests import Listing
    from airflow_provider_gong.client.resources.calls import Calls
    from airflow_provider_gong.client.resources.meetings import Meetings
    from airflow_provider_gong.client.resources.users import Users
    from airflow_provider_gong.client.resources.workspaces import Workspaces


class GongApi(Driven[D]):
    """Gong's API, as in both clients and the hook. Everything is loaded on first use."""

    @property
    def calls(self) -> Calls[D]:
        """Calls, their recordings and transcripts."""
        from airflow_provider_gong.client.resources.calls import Calls

        return Calls(self)

    @property
    def meetings(self) -> Meetings[D]:
        """Gong meetings."""
        from airflow_provider_gong.client.resources.meetings import Meetings

        return Meetings(self)

    @property
    def users(self) -> Users[D]:
        """The company's users."""
        from airflow_provider_gong.client.resources.users import Users

        return Users(self)

    @property
    def workspaces(self) -> Workspaces[D]:
        """The company's workspaces."""
        from airflow_provider_gong.client.resources.workspaces import Workspaces

        return Workspaces(self)

    @ApiMethod
    def run(
        self,
        operation: str,
        *,
        path: Mapping[str, str] | None = None,
        query: Mapping[str, Any] | None = None,
        body: Any = None,
    ) -> Steps[JsonObject]:
        """
        Send any operation of Gong's API, with plain JSON as input and output; for a listing, this reads one page.

        :param operation: Gong's name of the operation, such as ``listFlows``
        :param path: parameters of the path
        :param query: query parameters
        :param body: JSON body
        :raises ValueError: for an unknown operation or wrong path parameters
        :raises GongApiError: if the request has no result
        """
        from airflow_provider_gong.client.requests import raw_request

        return (yield from self._send(raw_request(operation, path=path, query=query, body=body)))

    @ApiListing
    def run_all(
        self, operation: str, *, query: Mapping[str, Any] | None = None, body: Any = None
    ) -> Listing[JsonObject]:
        """Yield the rows of all pages of any listing operation as plain JSON; parameters as for :meth:`run`."""
        from airflow_provider_gong.client.requests import Listing, raw_request

        return Listing(raw_request(operation, query=query, body=body), item=lambda row: row)
