"""The command ``airflow-gong``: its subcommands, and the handling of their errors and output."""

from __future__ import annotations

import argparse
import contextlib
import io
import os
import sys
from collections.abc import Sequence
from typing import TextIO

from airflow_provider_gong.commands import budget, exports, imports, oauth
from airflow_provider_gong.commands.options import PROGRAM, Defaults, UsageError, common_options
from airflow_provider_gong.commands.output import one_line_each, write
from airflow_provider_gong.commands.target import Target

_EPILOG = """\
The store may also be named by the environment variable AIRFLOW_GONG_STORE, so that its password is in no list of
processes.

exit codes: 0 done, 1 failed (the last line of standard error has the reason), 2 wrong usage, 3 partly done
"""


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the command on the command line.

    :param arguments: the command line without the program's name; the process's own by default
    """
    parser = _parser()
    options = parser.parse_args(arguments, Defaults())
    stdout = _usable(sys.stdout)
    try:
        # Airflow 2 and 3.0 log to standard output, which is reserved for the result.
        with contextlib.redirect_stdout(sys.stderr):
            code = _run(options, stdout)
    except UsageError as error:
        parser.error(str(error))
    except BrokenPipeError:
        # The reader has gone away; Python's output at exit must not fail as well.
        os.dup2(os.open(os.devnull, os.O_WRONLY), stdout.fileno())
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    if code:
        sys.exit(code)


def _run(options: argparse.Namespace, stdout: TextIO) -> int:
    from airflow_provider_gong._compat import AirflowException
    from airflow_provider_gong.client.errors import GongError

    try:
        with Target(options.conn_id, options.store, options.company) as target:
            output = options.run(options, target)
            write(output, stdout, as_json=options.json)
            return int(output.exit_code)
    except BrokenPipeError:
        raise
    except (AirflowException, GongError, OSError, ValueError) as error:
        sys.exit(f"{PROGRAM}: {one_line_each(str(error))}")


def _usable(stdout: TextIO | None) -> TextIO:
    """Return standard output in a form that accepts any text: it may be closed, or know few characters."""
    if stdout is None:
        return io.StringIO()
    if isinstance(stdout, io.TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")
    return stdout


def _parser() -> argparse.ArgumentParser:
    common = common_options()
    parser = argparse.ArgumentParser(
        prog=PROGRAM,
        description="Show and repair the Gong provider's state: imports, exports, the request budget and OAuth tokens.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        parents=[common],
    )
    groups = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for group in (imports, exports, budget, oauth):
        group.GROUP.add_to(groups, common)
    return parser


if __name__ == "__main__":
    main()
