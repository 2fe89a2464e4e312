"""What an Airflow connection of type ``gong`` says, checked field by field."""

from __future__ import annotations

import difflib
import json
import math
import re
import ssl
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import time
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit
from zoneinfo import ZoneInfo

from airflow_provider_gong.client.auth import GENERIC_HOST, AccessKeyAuth, base_url, host_name
from airflow_provider_gong.client.errors import GongError
from airflow_provider_gong.client.pacing import (
    REQUESTS_PER_DAY,
    REQUESTS_PER_SECOND,
    DailyReset,
    Day,
    RollingDay,
    Share,
)
from airflow_provider_gong.hooks.configuration import STORE_CONN_ID, configured
from airflow_provider_gong.hooks.connection_form import FIELDS

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Connection
    from airflow_provider_gong.client.oauth import OAuthClient

_FILE_MODE = re.compile(r"^0?[67][0-7][0-7]$")
_CLOCK = re.compile(r"^(\d\d):(\d\d)$")
# Enough for meetings and sensors until the day is over: 500 of Gong's 10,000 requests.
_RESERVED_PART = 0.05
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
    :param token_key: secret that OAuth tokens are encrypted with; None for the app's
    :param company: name that the company's request budget and imports are kept under
    :param requests_per_second: this deployment's share of the company's limit
    :param requests_per_day: this deployment's share of the company's limit
    :param reserved_requests: how many of the day's requests bulk work leaves to everything else
    :param day: what counts as a day of the limit
    :param store_conn_id: Airflow connection to the shared store; None for an SQLite file on this host
    :param retention_days: days after which finished imports are forgotten; None keeps them
    :param report_mode: permissions of the files of reports on a local disk; None leaves them to the umask
    :param timezone: IANA name of the zone in which times without an offset are read; None if they have no meaning
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
            per_day = _whole(settings, "requests_per_day", REQUESTS_PER_DAY)
            return cls(
                conn_id=conn_id,
                base_url=url,
                auth=_authentication(connection, settings, url),
                token_key=_text(settings.get("token_key")),
                company=_text(settings.get("company")) or host_name(url),
                requests_per_second=_positive(settings, "requests_per_second", REQUESTS_PER_SECOND),
                requests_per_day=per_day,
                reserved_requests=_reserved(settings, per_day),
                day=_day(settings.get("quota_reset")),
                store_conn_id=_text(settings.get("store_conn_id")) or configured(STORE_CONN_ID),
                retention_days=_positive(settings, "retention_days", 0) if "retention_days" in settings else None,
                report_mode=_file_mode(settings.get("report_mode")),
                timezone=_timezone(settings.get("timezone")),
                proxy=_proxy(settings.get("proxy")),
                ca_bundle=_ca_bundle(settings.get("ca_bundle")),
            )
        except ValueError as error:
            raise GongConnectionConfigError(conn_id, str(error)) from None

    def share(self, *, bulk: bool) -> Share:
        """Return what may be used of the company's limits, by bulk work or by everything else."""
        reserved = self.reserved_requests if bulk else 0
        return Share(self.requests_per_second, self.requests_per_day, reserved, self.day)

    def require_company(self) -> str:
        """
        Return the name of the company for what must not be mixed up between companies: imports and exports.

        :raises GongConnectionConfigError: if it is needed and missing
        """
        if self.company == GENERIC_HOST:
            raise GongConnectionConfigError(
                self.conn_id,
                f"company is required for imports and exports through {GENERIC_HOST}, where companies cannot be told "
                "apart. Name the company, or set host to its own API base URL.",
            )
        return self.company


def secrets_of(connection: Connection) -> Iterator[str]:
    """Yield every text of a connection, right or wrong, that must not appear in a log."""
    found = [connection.login, connection.password]
    if connection.login and connection.password:
        found.append(AccessKeyAuth(connection.login, connection.password).basic_token)
    try:
        extra = _json_object(connection.extra)
        proxy_password = urlsplit(str(extra.get("proxy") or "")).password or ""
        found += [extra.get("client_secret"), extra.get("token_key"), proxy_password, unquote(proxy_password)]
    except ValueError:
        pass  # from_airflow says what is wrong with it
    yield from (str(text) for text in found if text)


def _json_object(extra: str | None) -> dict[str, Any]:
    try:
        content = json.loads(extra or "{}")
    except ValueError:
        raise ValueError("extra must be valid JSON.") from None
    if not isinstance(content, dict):
        raise ValueError("extra must be a JSON object.")  # noqa: TRY004 - a wrong value, whatever its type
    return content


def _settings(extra: str | None) -> dict[str, Any]:
    # A form leaves fields that nobody filled in empty.
    settings = {name: value for name, value in _json_object(extra).items() if value not in (None, "")}
    for name in settings:
        if name not in _KNOWN_SETTINGS:
            close = difflib.get_close_matches(name, _KNOWN_SETTINGS, n=1)
            hint = f"Did you mean {close[0]}?" if close else f"Known settings: {', '.join(_KNOWN_SETTINGS)}."
            raise ValueError(f"extra has no setting {name!r}. {hint}")
    return settings


def _authentication(connection: Connection, settings: Mapping[str, Any], url: str) -> AccessKeyAuth | OAuthClient:
    auth_type = settings.get("auth_type", "access_key")
    if auth_type == "oauth":
        return _oauth_client(settings, url)
    if auth_type != "access_key":
        raise ValueError(f"auth_type must be access_key or oauth, not {auth_type!r}.")
    return _access_key(connection)


def _oauth_client(settings: Mapping[str, Any], url: str) -> OAuthClient:
    from airflow_provider_gong.client.oauth import OAuthClient

    for name in ("client_id", "client_secret"):
        if name not in settings:
            raise ValueError(f"{name} is missing: auth_type oauth needs the id and the secret of a Gong OAuth app.")
    return OAuthClient(str(settings["client_id"]), str(settings["client_secret"]), url)


def _host(connection: Connection) -> str:
    """Return the host with the scheme and port that an Airflow URI keeps in fields of their own."""
    host, scheme = (connection.host or "").strip(), connection.schema
    if not host:
        return host
    if scheme and scheme not in ("https", "http"):
        raise ValueError(f"schema must be https or http, or stay empty, not {scheme!r}.")
    url = host if "://" in host else f"{scheme or 'https'}://{host}"
    if connection.port and urlsplit(url).port is None:
        url = f"{url.rstrip('/')}:{connection.port}"
    return url


def _access_key(connection: Connection) -> AccessKeyAuth:
    if not connection.login:
        raise ValueError("login is missing: it is the access key of Gong's API page (Admin center > API).")
    if not connection.password:
        raise ValueError("password is missing: it is the secret of the access key.")
    return AccessKeyAuth(connection.login, connection.password)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _positive(settings: Mapping[str, Any], name: str, default: float) -> float:
    value = settings.get(name, default)
    try:
        number = math.nan if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        number = math.nan
    if not 0 < number < math.inf:
        raise ValueError(f"{name} must be a number greater than 0, not {value!r}.")
    return number


def _whole(settings: Mapping[str, Any], name: str, default: int) -> int:
    number = _positive(settings, name, default)
    if not number.is_integer():
        raise ValueError(f"{name} must be a whole number, not {settings[name]!r}.")
    return int(number)


def _reserved(settings: Mapping[str, Any], per_day: int) -> int:
    name = "reserved_requests"
    if name not in settings:
        return int(per_day * _RESERVED_PART)
    if settings[name] in (0, "0"):
        return 0
    reserved = _whole(settings, name, 0)
    if reserved >= per_day:
        raise ValueError(f"{name} must be less than requests_per_day ({per_day}), not {reserved}.")
    return reserved


def _day(quota_reset: Any) -> Day:
    if quota_reset is None:
        return RollingDay()
    # Only the plain form: Python would also take times such as 00:00:00.5 or 00:00+01:00.
    clock, _, zone = str(quota_reset).strip().partition(" ")
    try:
        [(hour, minute)] = _CLOCK.findall(clock)
        return DailyReset(time(int(hour), int(minute)), ZoneInfo(zone.strip()))
    except (LookupError, OSError, ValueError):
        raise ValueError(
            f"quota_reset must be a time of day and an IANA time zone such as 00:00 America/Los_Angeles, not "
            f"{quota_reset!r}."
        ) from None


def _file_mode(digits: Any) -> int | None:
    if digits is None:
        return None
    if not _FILE_MODE.match(str(digits)):
        raise ValueError(f"report_mode must be permissions in octal such as 0640, not {digits!r}.")
    return int(str(digits), 8)


def _timezone(name: Any) -> str | None:
    try:
        return None if name is None else ZoneInfo(name).key
    except (LookupError, OSError, TypeError, ValueError):
        raise ValueError(f"timezone must be an IANA time zone such as Europe/Berlin, not {name!r}.") from None


def _proxy(url: Any) -> str | None:
    if url is None:
        return None
    parts = urlsplit(str(url))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("proxy must be a URL such as http://proxy.example.com:3128.")
    return str(url)


def _ca_bundle(path: Any) -> str | None:
    if path is None:
        return None
    try:
        ssl.create_default_context(cafile=str(path))
    except OSError as error:
        raise ValueError(f"ca_bundle {str(path)!r} cannot be read as a PEM file on this host: {error}.") from None
    return str(path)
