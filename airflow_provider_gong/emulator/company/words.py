"""Names, titles and sentences for generated companies."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any


@cache
def words() -> Mapping[str, Any]:
    """Return lists of words by what they are for."""
    found: dict[str, Any] = json.loads(Path(__file__).with_name("words.json").read_text(encoding="utf-8"))
    return found
