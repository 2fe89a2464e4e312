"""The commands behind ``make demo`` and ``make playground``."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from types import FrameType

import httpx

from tests.demo.night import FEWEST_ROWS
from tests.demo.run import DemoError, demo, playground
from tests.e2e.airflow_rest import AirflowRestError

_ROWS = 24
_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_INTERRUPTED = 130


def main() -> int:
    """Return 0 if the import's report agrees with the emulated Gong, 1 if not, 130 after Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m tests.demo", description=__doc__)
    parser.add_argument("--playground", action="store_true", help="keep all running until Ctrl-C")
    is_playground = parser.parse_args().playground
    rows = _rows(parser)
    for number in _SIGNALS:
        signal.signal(number, _interrupt_once)
    try:
        if is_playground:
            playground(rows)
        return 0 if demo(rows) else 1
    except KeyboardInterrupt:
        return 0 if is_playground else _INTERRUPTED
    except (AirflowRestError, DemoError, httpx.HTTPError) as error:
        print(f"\n{type(error).__name__}: {error}", file=sys.stderr)
        return 1


def _rows(parser: argparse.ArgumentParser) -> int:
    text = os.environ.get("DEMO_ROWS") or str(_ROWS)
    if not text.isdecimal() or int(text) < FEWEST_ROWS:
        parser.error(f"DEMO_ROWS must be a number from {FEWEST_ROWS}, not {text!r}")
    return int(text)


def _interrupt_once(number: int, frame: FrameType | None) -> None:
    # A second Ctrl-C must not interrupt the cleaning up, which takes some seconds.
    for each in _SIGNALS:
        signal.signal(each, signal.SIG_IGN)
    print("\nStopping Airflow and the emulated Gong, which takes a few seconds ...", flush=True)
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
