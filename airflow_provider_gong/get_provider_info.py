"""The provider's metadata, read by every Airflow component through the package's entry point."""

from __future__ import annotations

from typing import Any

from airflow_provider_gong.hooks.configuration import SECTION, config_section
from airflow_provider_gong.hooks.connection_form import (
    CONNECTION_TYPE,
    HOOK_NAME,
    conn_fields,
    ui_field_behaviour,
)

_PACKAGE = "airflow_provider_gong"
_GUIDES = ("call_import", "calls", "meetings", "call_export", "alerts", "connection")


def get_provider_info() -> dict[str, Any]:
    """Return the metadata of the provider in the form that Airflow 2.11 and later read."""
    return {
        "package-name": "airflow-provider-gong",
        "name": "Gong",
        "description": "`Gong <https://www.gong.io/>`__: import of call recordings, meetings and calls.",
        "integrations": [
            {
                "integration-name": "Gong",
                "external-doc-url": "https://help.gong.io/",
                "how-to-guide": [f"/docs/{guide}.md" for guide in _GUIDES],
                "logo": "/docs/images/logo.svg",
                "tags": ["service"],
            }
        ],
        "hooks": _modules("hooks.gong"),
        "operators": _modules(
            "operators.calls",
            "operators.meetings",
            "operators.call_import",
            "operators.call_import_event",
            "operators.call_export",
        ),
        "transfers": [_transfer("calls_to_object_storage"), _transfer("reference_to_object_storage")],
        "sensors": _modules("sensors.calls"),
        "triggers": _modules("triggers.calls", "triggers.timer"),
        "connection-types": [_connection_type()],
        "notifications": [f"{_PACKAGE}.notifications.call_import.GongCallImportNotifier"],
        "asset-uris": [
            {
                "schemes": ["gong"],
                "handler": f"{_PACKAGE}.assets.sanitize_uri",
                "factory": f"{_PACKAGE}.assets.create_asset",
            }
        ],
        "config": {SECTION: config_section()},
        "extra-links": [f"{_PACKAGE}.links.GongCallLink", f"{_PACKAGE}.links.GongCallImportReportLink"],
    }


def _modules(*names: str) -> list[dict[str, Any]]:
    return [{"integration-name": "Gong", "python-modules": [f"{_PACKAGE}.{name}" for name in names]}]


def _transfer(name: str) -> dict[str, Any]:
    # The schema of this list knows integrations of the same provider only.
    return {
        "source-integration-name": "Gong",
        "target-integration-name": "Gong",
        "python-module": f"{_PACKAGE}.transfers.{name}",
    }


def _connection_type() -> dict[str, Any]:
    behaviour = ui_field_behaviour()
    return {
        "connection-type": CONNECTION_TYPE,
        "hook-class-name": f"{_PACKAGE}.hooks.gong.GongHook",
        "hook-name": HOOK_NAME,
        "ui-field-behaviour": {key.replace("_", "-"): value for key, value in behaviour.items()},
        "conn-fields": conn_fields(),
    }
