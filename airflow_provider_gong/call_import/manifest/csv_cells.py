"""Cells of CSV files that people open: nothing in them runs as a formula or controls a terminal, and back."""

from __future__ import annotations

import json
import re

# What terminals act on; tabs and ends of lines are part of a text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_AS_JSON = "'\""
# Spreadsheets run cells that begin with one of these, in some locales also in full width (OWASP, "CSV Injection"). What
# begins like a marked one is marked once more, so that each cell comes back as it was.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def escape_cell(text: str) -> str:
    """Return the text so that spreadsheets and terminals show it and do not run it."""
    if _needs_json(text):
        quoted = json.dumps(text, ensure_ascii=False)
        return "'" + _CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", quoted)
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """Return what :func:`escape_cell` was given."""
    quoted = _quoted(text)
    if quoted is not None:
        return quoted
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def _needs_json(text: str) -> bool:
    # What looks like a cell in JSON is put into JSON once more, so that each cell comes back as it was.
    return _CONTROL.search(text) is not None or _quoted(text) is not None


def _quoted(text: str) -> str | None:
    """Return the text that a cell holds as JSON, None if it is no such cell."""
    if not text.startswith(_AS_JSON):
        return None
    try:
        found = json.loads(text[1:])
    except ValueError:
        return None
    return found if isinstance(found, str) and _needs_json(found) else None
