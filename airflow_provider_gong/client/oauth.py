"""Gong's OAuth 2.0 as far as no store is needed: the addresses, and what the token endpoint says."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.answers import Answer
from airflow_provider_gong.client.auth import base_url, is_loopback_url
from airflow_provider_gong.client.errors import (
    GongApiError,
    GongAuthenticationError,
    GongConnectionError,
    GongGrantRefusedError,
)
from airflow_provider_gong.client.instructions import NoAnswer, NotSent

_GONG = "https://app.gong.io"
_AUTHORIZE = "/oauth2/authorize"
_TOKEN = "/oauth2/generate-customer-token"  # noqa: S105 - a path
_DAY = 86_400.0
# Words of OAuth (RFC 6749, 5.2) that are about the id or the secret of the app, and not about a token.
_ABOUT_THE_APP = ("invalid_client", "unauthorized_client")
# The statuses with which a token endpoint refuses (RFC 6749, 5.2), and what its words look like, unlike a gateway's
# "Forbidden".
_REFUSALS = (400, 401)
_CODE = re.compile(r"[a-z]+(_[a-z]+)+")

SCOPES = (
    "api:calls:create",
    "api:calls:read:basic",
    "api:calls:read:extensive",
    "api:calls:read:transcript",
    "api:meetings:integration:status",
    "api:meetings:user:create",
    "api:meetings:user:delete",
    "api:meetings:user:update",
    "api:users:read",
    "api:workspaces:read",
)
"""What the operators of this package need."""

PostForm = Callable[[str, dict[str, str], tuple[str, str]], Answer | NotSent | NoAnswer]
"""Sends a form to an address, with a user and password, and returns what came of it."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """
    What the token endpoint hands out.

    :param access_token: is sent with every request
    :param refresh_token: gets the next tokens, once
    :param expires_in: lifetime of the access token in seconds
    :param base_url: base URL of the company's API
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_in: float
    base_url: str


@dataclass(frozen=True, slots=True)
class OAuthClient:
    """
    A Gong OAuth app.

    :param client_id: its id
    :param client_secret: its secret
    :param host: base URL of an API; on loopback, where an emulator answers, it authorizes too, otherwise Gong does
    """

    client_id: str
    client_secret: str = field(repr=False)
    host: str = ""

    def authorize_url(self, redirect_uri: str, state: str, scopes: Sequence[str] = SCOPES) -> str:
        """Return the address at which an administrator of Gong authorizes the app."""
        query = {
            "client_id": self.client_id,
            "response_type": "code",
            "scope": " ".join(scopes),
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._server}{_AUTHORIZE}?{urlencode(query)}"

    def exchange_code(self, post: PostForm, code: str, redirect_uri: str) -> Tokens:
        """Return the tokens for the code of an authorization."""
        form = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        return self._tokens(post, form | {"client_id": self.client_id}, {})

    def exchange_refresh_token(self, post: PostForm, tokens: Tokens) -> Tokens:
        """Return the next tokens; the refresh token is used up, unless the endpoint returns no other."""
        form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token}
        stays = {"refresh_token": tokens.refresh_token, "api_base_url_for_customer": tokens.base_url}
        return self._tokens(post, form, stays)

    @property
    def _server(self) -> str:
        return self.host if is_loopback_url(self.host) else _GONG

    def _tokens(self, post: PostForm, form: dict[str, str], stays: dict[str, str]) -> Tokens:
        # In the body, since queries end up in logs.
        outcome = post(self._server + _TOKEN, form, (self.client_id, self.client_secret))
        if not isinstance(outcome, Answer):
            raise GongConnectionError(
                f"Gong's token endpoint did not respond: {outcome.reason}.",
                unanswered=int(isinstance(outcome, NoAnswer)),
            )
        if outcome.ok:
            content = outcome.json() or {}
            return _parsed(stays | {name: value for name, value in content.items() if value is not None})
        raise _refusal(outcome)


def _refusal(answer: Answer) -> GongApiError:
    """Return the error of an answer without tokens. Only the endpoint itself can refuse; all else passes."""
    content = answer.json() or {}
    code = str(content.get("error") or "")
    # Of OAuth's form (RFC 6749, 5.2), or an error of Gong's API.
    said = [content.get("error_description") or code] if _CODE.fullmatch(code) else answer.texts
    words = [shown(str(word)) for word in said]
    if not words or answer.status not in _REFUSALS:
        return GongConnectionError(
            f"The response is not in the format of Gong's token endpoint; it came from {answer.host or 'its host'}.",
            status=answer.status,
            unanswered=1,
        )
    if code in _ABOUT_THE_APP or answer.status == 401:
        return GongAuthenticationError(
            "Gong's token endpoint does not accept the OAuth app.",
            status=answer.status,
            errors=words,
            remedy="Check client_id and client_secret in the extra of the connection.",
        )
    return GongGrantRefusedError("Gong's token endpoint refused the request.", status=answer.status, errors=words)


def _parsed(content: dict[str, object]) -> Tokens:
    try:
        return Tokens(
            access_token=_text(content["access_token"]),
            refresh_token=_text(content["refresh_token"]),
            expires_in=_lifetime(content.get("expires_in")),
            base_url=base_url(str(content["api_base_url_for_customer"])),
        )
    except (LookupError, ValueError):
        # Not chained: the original may quote a token.
        raise GongConnectionError(
            "Gong's token endpoint answered something that is not in its format.", unanswered=1
        ) from None


def _text(value: object) -> str:
    if not isinstance(value, str) or not value.strip():
        raise ValueError("not a text")
    return value


def _lifetime(value: object) -> float:
    """Return a lifetime in seconds; a day if it is no such number, since tokens must not be lost for that."""
    try:
        seconds = float(str(value))
    except ValueError:
        return _DAY
    return seconds if 0 < seconds < math.inf else _DAY
