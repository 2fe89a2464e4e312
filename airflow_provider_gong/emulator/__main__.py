"""The command ``gong-emulator``."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from airflow_provider_gong.emulator.settings import EmulatorSettings

_EXTRA = ("jinja2", "python_multipart", "starlette", "uvicorn")
_NO_EXTRA = "gong-emulator needs packages that are not installed: pip install 'airflow-provider-gong[emulator]'"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the emulator until SIGINT or SIGTERM.

    :param arguments: the command line without the program's name; the process's own by default.
    """
    parser = _parser()
    options = vars(parser.parse_args(arguments))
    host, port = options.pop("host"), options.pop("port")
    try:
        settings = EmulatorSettings(**options)
    except ValueError as error:
        parser.error(str(error))
    _serve(settings, host, port)


def _serve(settings: EmulatorSettings, host: str, port: int) -> None:
    try:
        from airflow_provider_gong.emulator.app import create_app
        from airflow_provider_gong.emulator.server import serve
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] in _EXTRA:
            sys.exit(_NO_EXTRA)
        raise
    try:
        serve(create_app(settings), host, port, _say_ready)
    except (OSError, OverflowError) as error:
        sys.exit(f"gong-emulator cannot listen on {host} port {port}: {error}")


def _say_ready(url: str) -> None:
    print(f"gong-emulator ready on {url}", flush=True)


def _parser() -> argparse.ArgumentParser:
    defaults = EmulatorSettings()
    parser = argparse.ArgumentParser(
        prog="gong-emulator",
        description="A stateful local Gong: the official API on an address of your own, without a Gong tenant. "
        "The start page shows its calls, meetings, users and requests; /_emulator/ controls it.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on")
    parser.add_argument("--port", type=int, default=8900, help="port to listen on; 0 picks a free one")
    parser.add_argument("--access-key", default=defaults.access_key, help="access key that is let in")
    parser.add_argument("--access-key-secret", default=defaults.access_key_secret, help="its secret")
    parser.add_argument(
        "--requests-per-second",
        type=int,
        default=defaults.requests_per_second,
        help="the company's limit over a sliding second; 0 = off",
    )
    parser.add_argument(
        "--requests-per-day",
        type=int,
        default=defaults.requests_per_day,
        help="the company's limit over a rolling 24 hours; 0 = off",
    )
    parser.add_argument(
        "--processing-seconds",
        type=float,
        default=defaults.processing_seconds,
        help="how long a call is processed after its media arrived, before it can be read",
    )
    parser.add_argument(
        "--seed", type=int, default=defaults.seed, help="the same seed gives the same users, calls and ids"
    )
    return parser


if __name__ == "__main__":
    main()
