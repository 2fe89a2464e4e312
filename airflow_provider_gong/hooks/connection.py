"""The settings of an Airflow connection of type ``gong``, checked field by field."""

from __future__ import annotations

import difflib
import json
import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from airflow_provider_gong._text import shown
from airflow_provider_gong.client.auth import GENERIC_HOST, AccessKeyAuth, base_url, host_name
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.pacing import (
    REQUESTS_PER_DAY,
    REQUESTS_PER_SECOND,
    Day,
    RollingDay,
    Share,
)
from airflow_provider_gong.hooks.configuration import STORE_CONN_ID, configured
from airflow_provider_gong.hooks.connection_form import CONNECTION_TYPE, FIELDS
from airflow_provider_gong.hooks.connection_values import (
    OPTIONAL,
    company_name,
    day_of_quota,
    positive_number,
    request_rate,
    reserved_requests,
    whole_number,
)

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Connection
    from airflow_provider_gong.client.oauth import OAuthClient

log = logging.getLogger(__name__)

_FORM_PREFIX = f"extra__{CONNECTION_TYPE}__"
_KNOWN_SETTINGS = tuple(form_field.name for form_field in FIELDS)


class GongConnectionConfigError(GongError, ValueError):
    """
    A field of the Airflow connection is missing or wrong.

    :param conn_id: id of the connection
    :param problem: names the field and says what to do
    """

    retry_can_help = False

    def __init__(self, conn_id: str, problem: str) -> None:
        super().__init__(f"Connection {conn_id!r}: {problem}")


@dataclass(frozen=True, slots=True)
class GongConnection:
    """
    The settings of one Gong connection.

    :param conn_id: id of the Airflow connection
    :param base_url: API base URL, such as ``https://us-12345.api.gong.io``
    :param auth: the access key and its secret, or the OAuth app
    :param token_key: secret that encrypts OAuth tokens; None for the app's secret
    :param company: name of the Gong company in the request budget and in the store
    :param requests_per_second: this deployment's share of the company's limit
    :param requests_per_day: this deployment's share of the company's limit
    :param reserved_requests: how many of the day's requests bulk work leaves for everything else
    :param day: what counts as a day of the limit
    :param store_conn_id: Airflow connection to the shared store; None for an SQLite file on this host
    :param retention_days: days after which finished imports are forgotten; None keeps them
    :param report_mode: permissions of the files of reports on a local disk; None leaves them to the umask
    :param timezone: IANA time zone of times without an offset; None if such times are rejected
    :param proxy: URL of an HTTP proxy
    :param ca_bundle: PEM file of the certificate authorities to trust
    """

    conn_id: str
    base_url: str
    auth: AccessKeyAuth | OAuthClient = field(repr=False)
    company: str
    token_key: str | None = field(default=None, repr=False)
    requests_per_second: float = REQUESTS_PER_SECOND
    requests_per_day: int = REQUESTS_PER_DAY
    reserved_requests: int = 0
    day: Day = field(default_factory=RollingDay)
    store_conn_id: str | None = None
    retention_days: float | None = None
    report_mode: int | None = None
    timezone: str | None = None
    proxy: str | None = field(default=None, repr=False)
    ca_bundle: str | None = None

    @classmethod
    def from_airflow(cls, connection: Connection) -> GongConnection:
        """
        Read an Airflow connection.

        :raises GongConnectionConfigError: for the first field that is missing or wrong
        """
        conn_id = connection.conn_id or ""
        try:
            settings = _settings(connection.extra)
            url = base_url(_host(connection))
            per_day = whole_number(settings, "requests_per_day", REQUESTS_PER_DAY)
            return cls(
                conn_id=conn_id,
                base_url=url,
                auth=_authentication(connection, settings, url),
                token_key=_secret(conn_id, "token_key", settings["token_key"]) if "token_key" in settings else None,
                company=company_name(settings.get("company")) or host_name(url),
                requests_per_second=request_rate(settings),
                requests_per_day=per_day,
                reserved_requests=reserved_requests(settings, per_day),
                day=day_of_quota(settings.get("quota_reset")),
                store_conn_id=str(settings.get("store_conn_id", "")) or configured(STORE_CONN_ID),
                retention_days=positive_number(settings, "retention_days", 0) if "retention_days" in settings else None,
                **{name: checked(settings[name]) for name, checked in OPTIONAL.items() if name in settings},
            )
        except ValueError as error:
            raise GongConnectionConfigError(conn_id, shown(str(error))) from None

    def share(self, *, bulk: bool) -> Share:
        """Return the share of the company's limits for bulk work or for everything else."""
        reserved = self.reserved_requests if bulk else 0
        return Share(self.requests_per_second, self.requests_per_day, reserved, self.day)

    def require_company(self) -> str:
        """
        Return the name of the company for imports and exports, which must not be mixed up between companies.

        :raises GongConnectionConfigError: if it is required but missing
        """
        if self.company == GENERIC_HOST:
            raise GongConnectionConfigError(
                self.conn_id,
                f"company is required for imports and exports through {GENERIC_HOST}, a host that all companies "
                "share. Set company, or set the host to your company's own API base URL.",
            )
        return self.company


def secrets_of(connection: Connection) -> Iterator[str]:
    """Yield every text in a connection, valid or not, that must not appear in a log."""
    login, password = connection.login or "", connection.password or ""
    found = [login, password, _without_line_break(login), _without_line_break(password)]
    if login and password:
        found.append(AccessKeyAuth(_without_line_break(login), _without_line_break(password)).basic_token)
    try:
        extra = json_object(connection.extra)
        proxy_password = urlsplit(str(extra.get("proxy") or "")).password or ""
        secrets = [str(extra.get(name) or "") for name in ("client_secret", "token_key")]
        found += [*secrets, *map(_without_line_break, secrets), proxy_password, unquote(proxy_password)]
    except ValueError:
        pass  # from_airflow says what is wrong with it
    yield from dict.fromkeys(text for text in found if text)


def json_object(extra: str | None) -> dict[str, Any]:
    """
    Return the extra of an Airflow connection.

    :raises ValueError: if it is not a JSON object
    """
    try:
        content = json.loads(extra or "{}")
    except ValueError:
        raise ValueError("extra must be valid JSON.") from None
    if not isinstance(content, dict):
        raise ValueError("extra must be a JSON object.")  # noqa: TRY004 - a wrong value, whatever its type
    # The Test button of Airflow 2 sends each field of the form twice, once with the form's own name for it.
    return {name.removeprefix(_FORM_PREFIX): value for name, value in content.items()}


def _settings(extra: str | None) -> dict[str, Any]:
    # Forms send fields that were not filled in as empty text.
    settings = {name: value for name, value in json_object(extra).items() if value not in (None, "")}
    for name in settings:
        if name not in _KNOWN_SETTINGS:
            close = difflib.get_close_matches(name, _KNOWN_SETTINGS, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"Known settings: {', '.join(_KNOWN_SETTINGS)}."
            raise ValueError(f"extra has no setting {name!r}. {hint}")
    return settings


def _authentication(connection: Connection, settings: Mapping[str, Any], url: str) -> AccessKeyAuth | OAuthClient:
    auth_type = settings.get("auth_type", "access_key")
    if auth_type == "oauth":
        return _oauth_client(connection, settings, url)
    if auth_type != "access_key":
        raise ValueError(f"auth_type must be access_key or oauth, not {auth_type!r}.")
    return _access_key(connection)


def _oauth_client(connection: Connection, settings: Mapping[str, Any], url: str) -> OAuthClient:
    from airflow_provider_gong.client.oauth import OAuthClient

    for name in ("client_id", "client_secret"):
        if name not in settings:
            raise ValueError(f"{name} is missing: auth_type oauth requires the id and the secret of a Gong OAuth app.")
    secret = _secret(connection.conn_id, "client_secret", settings["client_secret"])
    return OAuthClient(str(settings["client_id"]).strip(), secret, url)


def _host(connection: Connection) -> str:
    """Return the host with the scheme and port, which an Airflow URI keeps in separate fields."""
    host, scheme = (connection.host or "").strip(), connection.schema
    if not host:
        return host
    if scheme and scheme not in ("https", "http"):
        raise ValueError(f"schema must be https, http or empty, not {scheme!r}.")
    url = host if "://" in host else f"{scheme or 'https'}://{host}"
    if connection.port and urlsplit(url).port is None:
        url = f"{url.rstrip('/')}:{connection.port}"
    return url


def _access_key(connection: Connection) -> AccessKeyAuth:
    if not connection.login:
        raise ValueError("login is missing: set it to the access key from Gong's API page (Admin center > API).")
    if not connection.password:
        raise ValueError("password is missing: set it to the secret of the access key.")
    return AccessKeyAuth(
        _secret(connection.conn_id, "login", connection.login),
        _secret(connection.conn_id, "password", connection.password),
    )


def _secret(conn_id: str | None, name: str, value: Any) -> str:
    """Return a secret without the line break that it has when it is copied from a file."""
    text = _without_line_break(str(value))
    if text != str(value):
        log.warning("Connection %r: the line break at the end of %s is ignored. Remove it.", conn_id, name)
    return text


def _without_line_break(text: str) -> str:
    return text.rstrip("\r\n")
