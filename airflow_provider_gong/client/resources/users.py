"""``client.users``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from airflow_provider_gong.client.answers import JsonObject
from airflow_provider_gong.client.models import User, UserFilter, UserSettingsHistory, parse_request
from airflow_provider_gong.client.requests import Listing, raw_request, typed_request
from airflow_provider_gong.client.resources.methods import ApiListing, ApiMethod, D, Resource

if TYPE_CHECKING:
    from airflow_provider_gong.client.instructions import Steps

# Within the class, "list" is its method.
SettingsHistory = list[UserSettingsHistory]


class Users(Resource[D]):
    """The company's users."""

    @ApiListing
    def list(self, *, include_avatars: bool = False) -> Listing[User]:
        """
        ``GET /v2/users``: yield all users of the company.

        :param include_avatars: also yield synthetic users that stand for Gong's own employees
        """
        query = {"includeAvatars": "true"} if include_avatars else {}
        return Listing(raw_request("listUsers", query=query), User.model_validate)

    @ApiListing
    def list_extensive(self, filters: UserFilter | Mapping[str, Any]) -> Listing[User]:
        """
        ``POST /v2/users/extensive``: yield users.

        :param filters: which users, by id or by when they were created
        """
        body = {"filter": parse_request(UserFilter, filters).wire()}
        return Listing(raw_request("listMultipleUsers", body=body), User.model_validate)

    @ApiMethod
    def get(self, user_id: str) -> Steps[User]:
        """
        ``GET /v2/users/{id}``: read a user.

        :param user_id: Gong's id of the user
        :raises GongNotFoundError: if there is no such user
        """
        request = typed_request("getUser", lambda answer: User.model_validate(answer["user"]), path={"id": user_id})
        return (yield from self._send(request))

    @ApiMethod
    def settings_history(self, user_id: str) -> Steps[SettingsHistory]:
        """
        ``GET /v2/users/{id}/settings-history``: list when the user's capture settings changed.

        :param user_id: Gong's id of the user
        """
        return (yield from self._send(typed_request("getUserHistory", _histories, path={"id": user_id})))


def _histories(answer: JsonObject) -> SettingsHistory:
    return [UserSettingsHistory.model_validate(entry) for entry in answer.get("userSettingsHistory") or ()]
