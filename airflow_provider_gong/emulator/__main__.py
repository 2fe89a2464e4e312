"""The command ``gong-emulator``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from airflow_provider_gong.emulator.world.described import named
from airflow_provider_gong.emulator.world.settings import EmulatorSettings

_EXTRA = ("jinja2", "python_multipart", "starlette", "uvicorn")
_NO_EXTRA = "gong-emulator needs packages that are not installed: pip install 'airflow-provider-gong[emulator]'"

# Further ones are set with --set.
_SETTINGS = {
    "access_key": "accepted access key",
    "access_key_secret": "its secret",
    "requests_per_second": "the company's limit per second; 0 = no limit",
    "requests_per_day": "the company's limit per day; 0 = no limit",
    "processing_seconds": "how long a call is processed after its media has arrived and before it can be read",
    "seed": "the same seed generates the same users, calls and ids",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """
    Run the emulator until SIGINT or SIGTERM.

    :param arguments: the command line without the program's name; by default, that of the process
    """
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    host, port = options.pop("host"), options.pop("port")
    options["allowed_hosts"] = " ".join(options.pop("allow_host") or ())
    speed, given = options.pop("speed"), _generated(options)
    try:
        from airflow_provider_gong.emulator.server.app import create_app
        from airflow_provider_gong.emulator.server.serving import serve
        from airflow_provider_gong.emulator.world.clock import RealClock
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _EXTRA:
            sys.exit(_NO_EXTRA)
        raise
    try:
        company = _company(options.pop("company"), given)
        clock = RealClock()
        clock.run_at(speed)
        further = named(EmulatorSettings, dict(options.pop("set") or ()), "--set")
        app = create_app(EmulatorSettings(**{**options, **further}), clock=clock, company=company)
    except (ValueError, OSError) as error:
        parser.error(str(error))
    try:
        serve(app, host, port, lambda url: print(f"gong-emulator ready on {url}", flush=True))
    except (OSError, OverflowError) as error:
        sys.exit(f"gong-emulator cannot listen on {host} port {port}: {error}")


def _generated(options: dict[str, Any]) -> dict[str, Any]:
    given = {name: options.pop(f"generate_{name}") for name in ("users", "calls", "months")}
    return {name: number for name, number in given.items() if number is not None}


def _company(path: str | None, generate: dict[str, Any]) -> dict[str, Any] | None:
    from airflow_provider_gong.emulator.company.seeds.documents import load_document

    if path is None and not generate:
        return None
    document = dict(load_document(Path(path))) if path else {}
    return {**document, "generate": {**(document.get("generate") or {}), **generate}} if generate else document


def _setting(text: str) -> tuple[str, Any]:
    name, separator, value = text.partition("=")
    if not separator:
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=VALUE")
    try:
        return name, json.loads(value)
    except ValueError:
        return name, value


def _parser() -> argparse.ArgumentParser:
    defaults = EmulatorSettings()
    parser = argparse.ArgumentParser(
        prog="gong-emulator",
        description="A stateful local Gong that serves the official API on a local address, without a Gong tenant. "
        "Its start page shows calls, meetings, users and requests; /_emulator/ is its control API.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8900, help="port to listen on; 0 picks a free one")
    parser.add_argument(
        "--allow-host",
        action="append",
        metavar="NAME",
        help="accept requests for this host name as well as loopback names; may be repeated",
    )
    for name, described in _SETTINGS.items():
        default = getattr(defaults, name)
        parser.add_argument(f"--{name.replace('_', '-')}", type=type(default), default=default, help=described)
    parser.add_argument("--speed", type=float, default=1.0, help="emulated seconds per real second; 0 stops the clock")
    parser.add_argument(
        "--company", metavar="FILE", help="JSON or YAML file with the initial users, workspaces and calls"
    )
    parser.add_argument("--generate-users", type=int, metavar="N", help="generate additional users")
    parser.add_argument("--generate-calls", type=int, metavar="N", help="generate calls")
    parser.add_argument(
        "--generate-months", type=float, metavar="N", help="spread generated calls over this many past months"
    )
    parser.add_argument(
        "--set", type=_setting, action="append", metavar="NAME=VALUE", help="any other setting, e.g. day_reset=UTC"
    )
    return parser


if __name__ == "__main__":
    main()
