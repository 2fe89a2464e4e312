"""Cells of CSV files that spreadsheets open: what would be taken for a formula is marked as text, and back."""

from __future__ import annotations

import re

# Spreadsheets run cells that begin with one of these, in some locales also in full width (OWASP, "CSV Injection"). What
# begins like a marked one is marked once more, so that each cell comes back as it was.
_FORMULA = re.compile(r"'*[=+\-@\t\r\n＝＋－＠]")


def escape_cell(text: str) -> str:
    """Return the text so that a spreadsheet shows it and does not run it."""
    return f"'{text}" if _FORMULA.match(text) else text


def unescape_cell(text: str) -> str:
    """Return what :func:`escape_cell` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text
