"""The output of commands: tables and lines for people, JSON for programs, errors on one line."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TextIO

from airflow_provider_gong._text import shown, without_secrets

DONE_IN_PART = 3
_LONGEST_LINE = 10_000


@dataclass(frozen=True)
class Output:
    """
    The result of a command in two forms.

    :param data: for programs, as JSON values
    :param lines: for people
    :param exit_code: exit code of the process
    """

    data: Any
    lines: Iterable[str]
    exit_code: int = 0


def write(output: Output, file: TextIO, *, as_json: bool) -> None:
    """Print one of the forms, without secrets and without characters that could control a terminal."""
    lines = [json.dumps(_without_secrets(output.data), indent=2)] if as_json else map(_safe_line, output.lines)
    for line in lines:
        print(line, file=file)
    file.flush()


def table(header: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """Yield the lines of a table whose columns are as wide as their longest cell."""
    lines = [list(header), *([shown(str(cell)) for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    for line in lines:
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def one_line_each(text: str) -> str:
    """Return the lines of a text in a form that is safe to show."""
    return "\n".join(map(_safe_line, text.splitlines()))


def _safe_line(line: str) -> str:
    return shown(line, _LONGEST_LINE)


def _without_secrets(data: Any) -> Any:
    if isinstance(data, str):
        return without_secrets(data)
    if isinstance(data, Mapping):
        return {_without_secrets(name): _without_secrets(value) for name, value in data.items()}
    if isinstance(data, Iterable):
        return [_without_secrets(entry) for entry in data]
    return data
