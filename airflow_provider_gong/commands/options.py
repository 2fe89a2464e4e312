"""The options that all commands share."""

from __future__ import annotations

import argparse

PROGRAM = "airflow-gong"
STORE_VARIABLE = "AIRFLOW_GONG_STORE"


class UsageError(Exception):
    """Options do not fit together; the message says why."""


class Defaults(argparse.Namespace):
    """The values of options that are not given."""

    conn_id: str | None = None
    store: str | None = None
    company: str | None = None
    json: bool = False


def common_options() -> argparse.ArgumentParser:
    """Return the parent of all parsers: its options can be before, between and after the names of a command."""
    # Without defaults: the default of an inner parser would replace the value that an outer parser has read.
    parser = argparse.ArgumentParser(add_help=False, argument_default=argparse.SUPPRESS)
    options = parser.add_argument_group("common options")
    options.add_argument("--conn-id", help="Airflow connection to Gong; default: gong_default")
    options.add_argument(
        "--store",
        metavar="FILE|URL",
        help="use this store instead of a connection: an SQLite file, or a database as SQLAlchemy URL; "
        f"default: the environment variable {STORE_VARIABLE}",
    )
    options.add_argument("--company", help="name of the Gong company; default: the connection's company")
    options.add_argument("--json", action="store_true", help="print JSON")
    return parser
