"""Live through the histories of some seeds again, and show what happened and which promises were broken."""

from __future__ import annotations

import argparse
import contextlib
import logging
import time

from tests.resilience.histories.meetings.story import live_meetings
from tests.resilience.histories.promises import violations
from tests.resilience.histories.story import live
from tests.support.postgres import programs, running_postgres


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.resilience.histories", description=__doc__)
    parser.add_argument("seed", type=int, help="seed of the first history")
    parser.add_argument(
        "--count", type=int, default=1, help="histories to live through; of several, only verdicts are shown"
    )
    parser.add_argument("--meetings", action="store_true", help="histories of meetings, not of imports")
    options = parser.parse_args()
    tell = live_meetings if options.meetings else live
    logging.disable(logging.CRITICAL)
    broken = 0
    with contextlib.ExitStack() as stack:
        server = None if programs() is None else stack.enter_context(running_postgres())
        for seed in range(options.seed, options.seed + options.count):
            start = time.perf_counter()
            history = tell(seed, new_database=server and server.new_database)
            found = violations(history)
            broken += bool(found)
            if options.count == 1:
                print("\n".join(history.lines()))
            print(
                f"seed {seed}: {len(history.requests)} requests, {time.perf_counter() - start:.2f} s",
                *found,
                sep="\n  ",
            )
    return min(broken, 1)


if __name__ == "__main__":
    raise SystemExit(main())
