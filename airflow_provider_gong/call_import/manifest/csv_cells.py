"""Escapes cells of CSV files, so that nothing runs as a formula or controls a terminal, and reads them back."""

from __future__ import annotations

import json
import re

# Characters that terminals act on; tabs and line ends are ordinary text.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_AS_JSON = "'\""
# Spreadsheets run cells that begin with one of these, in some locales also in full width (OWASP, "CSV Injection").
# Cells that already look escaped are escaped again, so each cell is read back unchanged.
# Spreadsheets mark numbers and addresses that are text in the same way.
_MARKED = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]|'+(?:\d[\d ().-]*|[^\s@']+@\S+)\Z")


def escape_cell(text: str) -> str:
    """Return the text in a form that spreadsheets and terminals show rather than run."""
    if _needs_json(text):
        quoted = json.dumps(text, ensure_ascii=False)
        return "'" + _CONTROL.sub(lambda sign: f"\\u{ord(sign[0]):04x}", quoted)
    return f"'{text}" if _MARKED.match(text) else text


def unescape_cell(text: str) -> str:
    """Undo :func:`escape_cell`."""
    quoted = _quoted(text)
    if quoted is not None:
        return quoted
    return text[1:] if text.startswith("'") and _MARKED.match(text) else text


def _needs_json(text: str) -> bool:
    # Text that looks like a JSON cell is encoded again, so each cell is read back unchanged.
    return _CONTROL.search(text) is not None or _quoted(text) is not None


def _quoted(text: str) -> str | None:
    """Return the text that a cell contains as JSON; None if it is no such cell."""
    if not text.startswith(_AS_JSON):
        return None
    try:
        found = json.loads(text[1:])
    except ValueError:
        return None
    return found if isinstance(found, str) and _needs_json(found) else None
