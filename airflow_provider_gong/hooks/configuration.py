"""The section ``[gong]`` of Airflow's configuration: settings for all Gong connections of a deployment."""

from __future__ import annotations

from typing import Any

SECTION = "gong"
STORE_CONN_ID = "store_conn_id"
STORE_FOLDER = "store_folder"
DEFAULT_STORE_FOLDER = "gong"
REPORT_SERVER = "report_server"


def config_section() -> dict[str, Any]:
    """Return the section with its options, as in the provider's metadata."""
    return {
        "description": "Options of the Gong provider (airflow-provider-gong).",
        "options": {
            STORE_CONN_ID: _option(
                "Airflow connection of type postgres or sqlite for the store that all workers share: request budget,\n"
                "imports, OAuth tokens. A Gong connection that sets store_conn_id in its extra overrides this.",
                example="gong_store",
            ),
            STORE_FOLDER: _option(
                "Folder of the store if no store_conn_id is set. Relative paths start at AIRFLOW_HOME. It contains\n"
                "SQLite files that the processes on one host share. In containers, put it on a volume.",
                example="/var/lib/airflow/gong",
                default=DEFAULT_STORE_FOLDER,
            ),
            REPORT_SERVER: _option(
                "URL of a web server that shows import reports on local disks by their full paths. With this example,\n"
                "a report in /srv/reports is linked as https://files.example.com/srv/reports/report.html.",
                example="https://files.example.com",
            ),
        },
    }


def configured(option: str) -> str | None:
    """Return an option of the section; None if it is not set."""
    from airflow_provider_gong._compat import conf

    return conf.get(SECTION, option, fallback=None) or None


def _option(description: str, *, example: str, default: str = "") -> dict[str, Any]:
    return {
        "description": f"{description}\n",
        "version_added": "0.1.0",
        "type": "string",
        "example": example,
        "default": default,
    }
