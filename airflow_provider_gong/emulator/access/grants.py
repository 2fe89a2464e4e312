"""Gong's OAuth: codes, access tokens that are valid for a day, and single-use refresh tokens."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from airflow_provider_gong.emulator.access.keys import Caller
from airflow_provider_gong.emulator.contract.notation import read_type
from airflow_provider_gong.emulator.world.answers import GongApiError, OAuthError
from airflow_provider_gong.emulator.world.ids import mint_token
from airflow_provider_gong.emulator.world.world import World

CODE_SECONDS = 600
ALL_SCOPES = read_type("Scope").choices


@dataclass
class _Grant:
    """The tokens of one authorization."""

    scopes: frozenset[str] | None
    revoked: bool = False


@dataclass(frozen=True)
class _Code:
    redirect_uri: str
    expires: float
    scopes: frozenset[str] | None


class Grants:
    """
    Authorizations of the company, and their tokens.

    :param world: the company's settings, time and ids
    :ivar counts: how many tokens were issued and refreshed, and how many requests had a used refresh token
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Code] = {}
        self._access: dict[str, tuple[float, _Grant]] = {}
        self._refresh: dict[str, _Grant] = {}
        self._used: set[str] = set()
        self._minted = 0
        self.counts = {"issued": 0, "refreshed": 0, "reused": 0}

    def _mint(self, kind: str) -> str:
        self._minted += 1
        return mint_token(self._world.settings.seed, kind, self._minted)

    def new_code(self, redirect_uri: str, scope: str) -> str:
        """Return the code of an authorization; it is valid for ten minutes."""
        code = self._mint("code")
        expires = self._world.clock.now() + CODE_SECONDS
        self._codes[code] = _Code(redirect_uri, expires, frozenset(scope.split()) or None)
        return code

    def authorize(self, scope: str = "") -> dict[str, Any]:
        """Return the tokens of a new authorization, as the token endpoint would."""
        return self._issue(_Grant(frozenset(scope.split()) or None), None)

    def exchange(self, code: str, redirect_uri: str, seconds: float | None) -> dict[str, Any]:
        """
        Return the tokens for a code.

        :raises OAuthError: 400
        """
        found = self._codes.pop(code, None)
        if found is None or found.expires <= self._world.clock.now() or found.redirect_uri != redirect_uri:
            raise OAuthError("invalid_grant", "Authorization code is invalid")
        return self._issue(_Grant(found.scopes), seconds)

    def refresh(self, token: str, seconds: float | None) -> dict[str, Any]:
        """
        Return new tokens for a refresh token and invalidate it.

        :raises OAuthError: 400
        """
        grant, used = self._refresh.get(token), token in self._used
        if grant is None:
            raise OAuthError("invalid_grant", "Refresh token code is invalid")
        if used:
            self.counts["reused"] += 1
            if self._world.settings.reused_refresh_token == "revoke":  # noqa: S105 (no password)
                grant.revoked = True
        if used or grant.revoked:
            raise OAuthError("invalid_grant", "Token has been expired or revoked.")
        self._used.add(token)
        self.counts["refreshed"] += 1
        return self._issue(grant, seconds)

    def _issue(self, grant: _Grant, seconds: float | None) -> dict[str, Any]:
        lifetime = self._world.settings.access_token_seconds if seconds is None else seconds
        now = self._world.clock.now()
        self._access = {token: held for token, held in self._access.items() if held[0] > now - CODE_SECONDS}
        access, refresh = self._mint("access"), self._mint("refresh")
        self._access[access] = (now + lifetime, grant)
        self._refresh[refresh] = grant
        self.counts["issued"] += 1
        return {
            "access_token": access,
            "refresh_token": refresh,
            "expires_in": int(lifetime),
            "token_type": "bearer",
            "scope": " ".join(sorted(grant.scopes or ALL_SCOPES)),
        }

    def caller(self, token: str, now: float) -> Caller:
        """
        Return the owner of an access token.

        :raises GongApiError: 401
        """
        expires, grant = self._access.get(token, (0.0, None))
        if grant is None or grant.revoked:
            raise GongApiError(401, "access token has been revoked")
        if expires <= now:
            raise GongApiError(401, "access token has expired")
        settings = self._world.settings
        return Caller(name=settings.client_id, scopes=grant.scopes, sees_calls=settings.key_sees_calls)
