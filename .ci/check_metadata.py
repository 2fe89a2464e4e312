"""Checks in a wheel what twine does not: a README without links that lead nowhere, and no invented addresses."""

from __future__ import annotations

import re
import sys
import zipfile
from email import message_from_string


def problems_of(metadata: str) -> list[str]:
    """Return what is wrong with the metadata of a distribution."""
    message = message_from_string(metadata)
    links = re.findall(r"\]\(([^)\s]+)\)", str(message.get_payload()))
    found = [f"The README links to {link}, which a package index cannot follow" for link in links if ":" not in link]
    found += [f"{url} is an invented address" for url in message.get_all("Project-URL", []) if "example.com" in url]
    if not message["License-Expression"] or not message["Author"]:
        found.append("License or author are missing")
    return found


def main() -> int:
    """Run the command with the path of a wheel."""
    with zipfile.ZipFile(sys.argv[1]) as wheel:
        (name,) = (name for name in wheel.namelist() if name.endswith(".dist-info/METADATA"))
        found = problems_of(wheel.read(name).decode())
    print(*found, sep="\n", end="\n" if found else "")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
