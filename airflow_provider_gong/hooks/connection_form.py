"""
The connection form of the ``gong`` connection type, as data.

Airflow 3.2 and later read the form from the provider metadata, earlier ones ask the hook class for it.
Both are made from the tables of this module, which imports nothing but the standard library.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CONNECTION_TYPE = "gong"
HOOK_NAME = "Gong"

# The port is shown, although most hosts need none: Airflow 3.3's button in the list of connections sends 0 for an empty
# port, takes that for another host than the stored one, and does not test it.
_HIDDEN = ["schema"]
_RELABELING = {
    "host": "API base URL (required)",
    "login": "Access key (required, except with OAuth)",
    "password": "Access key secret (required, except with OAuth)",
}
_PLACEHOLDERS = {
    "host": "https://us-12345.api.gong.io",
    "login": "Gong: Admin center > API",
    "password": "Gong: Admin center > API",
    "port": "443",
}


@dataclass(frozen=True)
class FormField:
    """
    One field of the connection's extra.

    :param name: Key in the extra
    :param label: Caption of the field
    :param description: Help text shown below the field
    :param placeholder: Example shown in the empty field, or offered while typing
    :param type: JSON schema type of the value
    :param secret: Whether the form hides what is typed
    :param choices: The allowed values; the first one is the default
    """

    name: str
    label: str
    description: str
    placeholder: str
    type: str = "string"
    secret: bool = False
    choices: tuple[str, ...] = ()

    @property
    def default(self) -> str | None:
        """Return the value that a new connection starts with."""
        return self.choices[0] if self.choices else None


# The fields that most people need come first.
FIELDS = (
    FormField(
        "timezone",
        "Time zone",
        "IANA time zone of times without an offset, such as Europe/Berlin. Default: such times are rejected.",
        "Europe/Berlin",
    ),
    FormField(
        "store_conn_id",
        "Store connection id",
        "Airflow connection of the PostgreSQL database in which all workers share the request budget and "
        "the progress of imports. Default: an SQLite file in AIRFLOW_HOME, which works on a single host.",
        "gong_store",
    ),
    FormField(
        "company",
        "Company",
        "Name of the Gong company in the request budget and in the store. Default: the host of "
        "the API base URL. Required for imports and exports through https://api.gong.io, a host that all companies "
        "share.",
        "example",
    ),
    FormField(
        "retention_days",
        "Retention in days",
        "Each plan forgets finished imports that were planned more than this many days ago, with their names, "
        "addresses and titles. The ids of sent calls are kept. Default: imports are kept.",
        "90",
        type="number",
    ),
    FormField(
        "report_mode",
        "Permissions of reports",
        "Octal permissions of report files on a local disk. The files contain names and addresses. Default: the umask.",
        "0640",
    ),
    FormField(
        "requests_per_second",
        "Requests per second",
        "This deployment's share of the 3 requests per second that Gong allows the whole company. Default: 3.",
        "3",
        type="number",
    ),
    FormField(
        "requests_per_day",
        "Requests per day",
        "This deployment's share of the 10,000 requests per day that Gong allows the whole company. Default: 10000.",
        "10000",
        type="integer",
    ),
    FormField(
        "reserved_requests",
        "Reserved requests",
        "How many of the day's requests imports leave for everything else, such as meetings. Default: 5 % of the "
        "requests per day.",
        "500",
        type="integer",
    ),
    FormField(
        "quota_reset",
        "Daily quota reset",
        "Time of day and IANA time zone at which Gong resets the daily quota, such as 00:00 America/Los_Angeles. "
        "Default: a rolling 24 hours.",
        "00:00 America/Los_Angeles",
    ),
    FormField(
        "proxy",
        "Proxy URL",
        "HTTP proxy for requests to Gong, such as http://proxy.example.com:3128.",
        "http://proxy.example.com:3128",
    ),
    FormField(
        "ca_bundle",
        "CA bundle",
        "Path, on every worker, of a PEM file with the certificate authorities to trust instead of the built-in ones.",
        "/etc/ssl/certs/ca-certificates.crt",
    ),
    FormField(
        "auth_type",
        "Authentication",
        "access_key sends the access key and its secret; oauth sends tokens obtained with the client id "
        "and client secret.",
        "access_key",
        choices=("access_key", "oauth"),
    ),
    FormField("client_id", "OAuth client id", "Client id of the Gong OAuth app (oauth only).", "abc123"),
    FormField(
        "client_secret",
        "OAuth client secret",
        "Client secret of the Gong OAuth app (oauth only).",
        "Client secret",
        secret=True,
    ),
    FormField(
        "token_key",
        "Token key",
        "Secret that encrypts stored OAuth tokens (oauth only). Default: the client secret.",
        "Any long random text",
        secret=True,
    ),
)


def conn_fields() -> dict[str, dict[str, Any]]:
    """Return the extra's fields as ``conn-fields`` of the provider metadata."""
    return {
        field.name: {"label": field.label, "description": field.description, "schema": _schema(field)}
        for field in FIELDS
    }


def ui_field_behaviour() -> dict[str, Any]:
    """Return what ``get_ui_field_behaviour`` of the hook class returns."""
    return {
        "hidden_fields": list(_HIDDEN),
        "relabeling": dict(_RELABELING),
        "placeholders": _PLACEHOLDERS | {field.name: field.placeholder for field in FIELDS},
    }


def form_widgets() -> dict[str, Any]:
    """
    Return what ``get_connection_form_widgets`` of the hook class returns.

    :raises ImportError: when Flask-AppBuilder is not installed, as on an Airflow 3 without its provider
    """
    return {field.name: _widget(field) for field in FIELDS}


def _schema(field: FormField) -> dict[str, Any]:
    # The form marks a field as required unless its type admits null.
    schema: dict[str, Any] = {"type": [field.type, "null"]}
    if field.choices:
        schema |= {"type": "string", "enum": list(field.choices), "default": field.default}
    if field.secret:
        schema["format"] = "password"
    elif field.type == "string" and not field.choices:
        schema["examples"] = [field.placeholder]
    return schema


def _widget(field: FormField) -> Any:
    from flask_appbuilder.fieldwidgets import BS3PasswordFieldWidget, BS3TextFieldWidget
    from wtforms import IntegerField, PasswordField, StringField
    from wtforms.validators import Optional, any_of

    validators = [Optional()]
    if field.choices:
        validators.append(any_of(list(field.choices)))
    if field.secret:
        field_class, widget = PasswordField, BS3PasswordFieldWidget()
    else:
        # Airflow has no form class for decimal numbers, so they are entered in a text field.
        field_class = IntegerField if field.type == "integer" else StringField
        widget = BS3TextFieldWidget()
    return field_class(
        field.label,
        validators=validators,
        description=field.description,
        default=field.default,
        widget=widget,
    )
