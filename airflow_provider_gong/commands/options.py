"""The options that all commands share."""

from __future__ import annotations

import argparse
import functools
import operator
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from airflow_provider_gong.commands.output import Output
    from airflow_provider_gong.commands.target import Target

    Argument = Callable[[argparse.ArgumentParser], object]
    Run = Callable[[argparse.Namespace, Target], Output]

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


argument = functools.partial(operator.methodcaller, "add_argument")
"""Describes an argument of a command, in the same way as ``ArgumentParser.add_argument`` adds it."""

ASK_FIRST = argument(
    "--yes", action="store_true", help="send the requests; without this option, only their number is shown"
)


class Group:
    """
    A group of commands, such as ``airflow-gong imports``.

    :param name: name of the group
    :param text: what its commands do
    """

    def __init__(self, name: str, text: str) -> None:
        self._name = name
        self._text = text
        self._commands: list[tuple[str, str, tuple[Argument, ...], Run]] = []

    def command(self, name: str, text: str, *arguments: Argument) -> Callable[[Run], Run]:
        """Make a function a command of the group."""

        def declare(run: Run) -> Run:
            self._commands.append((name, text, arguments, run))
            return run

        return declare

    def add_to(self, groups: Any, common: argparse.ArgumentParser) -> None:
        """Add the group's parsers to those of the whole command."""
        group = groups.add_parser(self._name, parents=[common], help=self._text, description=_sentence(self._text))
        commands = group.add_subparsers(title="commands", required=True, metavar="COMMAND")
        for name, text, arguments, run in self._commands:
            own = argparse.ArgumentParser(add_help=False)
            for add_argument in arguments:
                add_argument(own)
            parser = commands.add_parser(name, parents=[own, common], help=text, description=_sentence(text))
            parser.set_defaults(run=run)


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."
