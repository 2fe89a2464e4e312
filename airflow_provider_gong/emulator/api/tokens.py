"""The token endpoint of OAuth."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from airflow_provider_gong.emulator.api.ask import Ask, Reply
from airflow_provider_gong.emulator.world.answers import OAuthError

_MOST_PARAMETERS = 20


async def generate_customer_token(ask: Ask) -> Reply:
    """``POST /oauth2/generate-customer-token``; parameters in the query, as documented, or in a form."""
    try:
        form = parse_qsl((await ask.request.body()).decode(), max_num_fields=_MOST_PARAMETERS)
    except ValueError as error:
        raise OAuthError("invalid_request", "the form cannot be read") from error
    given = {**dict(form), **ask.request.query_params}
    grants, seconds = ask.emulator.grants, _lifetime(given)
    match given.get("grant_type"):
        case "authorization_code":
            tokens = grants.exchange(given.get("code", ""), given.get("redirect_uri", ""), seconds)
        case "refresh_token":
            tokens = grants.refresh(given.get("refresh_token", ""), seconds)
        case _:
            raise OAuthError("unsupported_grant_type", "grant_type is missing or not supported")
    ask.did("issued", "tokens", ask.caller.name, grantType=given["grant_type"])
    return Reply({**tokens, "api_base_url_for_customer": api_base_url(ask)})


def _lifetime(given: Mapping[str, str]) -> float | None:
    text = given.get("validity_duration")
    if text is None:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise OAuthError("invalid_request", "validity_duration must be a number of seconds")
    return float(text)


def api_base_url(ask: Ask) -> str:
    """Return the address of the company's API."""
    host = ask.emulator.settings.company_host
    url = ask.request.url
    netloc = f"{host}:{url.port}" if host and url.port else host or url.netloc
    return f"{url.scheme}://{netloc}"
