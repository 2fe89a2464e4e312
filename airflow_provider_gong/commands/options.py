"""The options that all commands share."""

from __future__ import annotations

import argparse
from typing import Any

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


def add_group(groups: Any, common: argparse.ArgumentParser, name: str, text: str) -> Any:
    """Add a group of commands, and return the object that its commands are added to."""
    group = groups.add_parser(name, parents=[common], help=text, description=_sentence(text))
    return group.add_subparsers(title="commands", required=True, metavar="COMMAND")


def add_command(commands: Any, *parents: argparse.ArgumentParser, name: str, run: Any, text: str) -> Any:
    """Add a command, and return its parser."""
    parser = commands.add_parser(name, parents=parents, help=text, description=_sentence(text))
    parser.set_defaults(run=run)
    return parser


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
