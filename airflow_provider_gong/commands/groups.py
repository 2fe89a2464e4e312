"""Groups of commands: each command is declared where the function is that carries it out."""

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
