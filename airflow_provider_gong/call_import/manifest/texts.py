"""Detects cells that have lost what was meant, before they came into the manifest."""

from __future__ import annotations

import re
from collections.abc import Mapping

from airflow_provider_gong.call_import.manifest.values import BytesText, NumberText, ObjectText

# What programs write for missing values. Not "NA" and the like in lower case, which are names of people and places.
MISSING = frozenset(
    {text for word in ("none", "null", "nan", "nat", "undefined") for text in (word, word.upper(), word.capitalize())}
    | {"NaN", "NaT", "NA", "N/A", "n/a", "<NA>", "\\N", "\\\\N", "(null)", "(blank)", "(none)", "(empty)"}
    | {"nil", "<nil>", "<null>", "<NULL>", "[NULL]", "-nan", "-NaN", "undef"}
    | {"#N/A", "#N/A!", "#NULL!", "#VALUE!", "#REF!", "#NAME?", "#NUM!", "#DIV/0!", "#ERROR!", "#SPILL!", "#CALC!"}
    | {"#GETTING_DATA", "#NV", "#N/D", "#N/B", "#I/T", "#YOK", "#Н/Д"}
    | {"[object Object]", "System.Object[]", "System.String[]"}
)
NO_PARTS = MISSING - {"NA"}
"""Missing values in templates; "NA" may be a region in an id."""

# Other errors of spreadsheets, in the words of the user's language.
_SHEET_ERROR = re.compile(r"#[^\sa-zß-ÿ#]{2,20}[!?]")
_TOO_WIDE = re.compile(r"#{3,}")
# As spreadsheets and Python write it, and Java.
_ROUNDED = re.compile(r"[+-]?(\d+([.,]\d+)?[Ee]\+\d+|\d[.,]\d+[Ee]\d{1,3})", re.ASCII)
# White space, and marks of byte order and writing direction, which programs leave around copied text.
MARKS = "\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2066\u2067\u2068\u2069\ufeff"
_EDGES = MARKS + "".join(sign for sign in map(chr, range(0x3001)) if sign.isspace())
# In place of characters that were read in a wrong encoding.
_LOST = "\ufffd"
_BEGIN_ODD = frozenset("+-0123456789#=b")
# Three zeros may be thousands instead, depending on the country.
_WHOLE_FLOAT = re.compile(r"(?!\d{1,3}\.000$)(\d{1,15})(?:\.0+|,00?)", re.ASCII)
_FORMULA = re.compile(r"=[\w.]+\(.*\)", re.DOTALL)
# As Python shows bytes.
_BYTES = re.compile(r"b(?:'.*'|\".*\")", re.DOTALL)
_AS_TEXT = "Export the column as text."
_SPOILT = (
    (_ROUNDED, "was rounded, as spreadsheets do with long numbers, and has lost digits", _AS_TEXT),
    (_TOO_WIDE, "is what spreadsheets show where a cell is too narrow", _AS_TEXT),
    (_FORMULA, "is a spreadsheet's formula, not its result", "Export the result."),
    (_BYTES, "consists of bytes as Python shows them", "Decode them where the manifest is created."),
)
_ODD_FORMS = (_WHOLE_FLOAT, _SHEET_ERROR, *(form for form, *_ in _SPOILT))
_ODD = re.compile("|".join(form.pattern for form in _ODD_FORMS), re.ASCII | re.DOTALL)
_IN_ODD = re.compile(r"[Ee#=]|[.,]0|b['\"]")
# As spreadsheets show numbers, in the form of the user's country.
_GROUPED = re.compile("[0-9]{1,3}(?:[.]000|(?:,[0-9]{3})+|([.'’\u00a0\u202f])[0-9]{3}(?:\\1[0-9]{3})+)")
# The 15 digits that they keep of a number.
_CUT, _CUT_LENGTH = re.compile("[0-9]{15}0{3,}"), 18
# What becomes of 11-20 and 1-45.
_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"
_DATE, _DATE_LENGTH = re.compile(f"[0-9]{{1,2}}-{_MONTH}|{_MONTH}-[0-9]{{2}}"), 6
_ALL_TEXT = frozenset({str})


class UnreadableCellError(Exception):
    """
    A cell does not contain what its column requires.

    :param rule: what is wrong, to follow the name of the column
    :param remedy: what to do
    """

    def __init__(self, rule: str, remedy: str) -> None:
        super().__init__(rule, remedy)
        self.rule = rule
        self.remedy = remedy


class MissingValueError(UnreadableCellError):
    """A cell contains a word for a missing value."""


def trimmed(text: str) -> str:
    """Return a text without white space and invisible marks around it; other kinds of texts have none."""
    return text.strip(_EDGES) if type(text) is str else text


def without_zeros(text: str) -> str:
    """Return a number's digits without the ".0" or ",0" that pandas adds in columns with missing values."""
    found = _WHOLE_FLOAT.fullmatch(text) if text.endswith("0") and type(text) is str else None
    return found[1] if found else text


def are_plain(cells: Mapping[str, str]) -> bool:
    """Return, with one quick test, whether no check of a single cell can find anything in a row."""
    texts = cells.values()
    joined = "".join((*cells, *texts))
    if not MISSING.isdisjoint(texts) or not joined.isprintable() or _LOST in joined:
        return False
    if not _ALL_TEXT.issuperset(map(type, texts)) or (not joined.isascii() and any(map(is_garbled, texts))):
        return False
    numbers = [text for text in texts if text[0] in _BEGIN_ODD]
    # One search over all cells clears most rows.
    return not _IN_ODD.search("".join(numbers)) or not any(map(_ODD.fullmatch, numbers))


def is_garbled(text: str) -> bool:
    """Return whether a text in UTF-8 was read as Windows-1252, as ``MÃ¼ller`` was."""
    try:
        return not text.isascii() and text.encode("cp1252").decode() != text
    except UnicodeError:
        return False


def check_text(text: str) -> None:
    """
    Check that a cell contains the intended text.

    :raises UnreadableCellError: if it means a missing value, or if a spreadsheet or program has rounded it
    """
    if text in MISSING or (text[:1] == "#" and _SHEET_ERROR.fullmatch(text)):
        raise MissingValueError("means a missing value", "Leave the cell empty, or give the value.")
    if type(text) is BytesText:
        raise UnreadableCellError("consists of bytes that are not text in UTF-8", _AS_TEXT)
    if text[:1] in _BEGIN_ODD:
        for form, rule, remedy in _SPOILT:
            if form.fullmatch(text):
                raise UnreadableCellError(rule, remedy)
    if _LOST in text:
        raise UnreadableCellError("has lost characters, since it was read in a wrong encoding", "Export it in UTF-8.")
    if type(text) is ObjectText:
        raise UnreadableCellError("is an object or a list, not text", "Give its text or number.")


def has_lost(text: str) -> bool:
    """Return whether a cell has lost what it contained, other than by missing as a whole."""
    if type(text) is str and text[:1] not in _BEGIN_ODD and _LOST not in text:
        return False
    try:
        check_text(text)
    except UnreadableCellError as error:
        return not isinstance(error, MissingValueError)
    return False


def check_id(text: str, what: str = "an id") -> None:
    """
    Check that a cell contains an id.

    :param what: what is needed instead
    :raises UnreadableCellError: if it does not, or if digits are lost
    """
    check_text(text)
    if type(text) is NumberText:
        raise UnreadableCellError(f"is not {what}, because numbers with a fraction are not exact", "Give it as text.")


def doubt_about(ident: str) -> str:
    """Return why an id may be another than the one that was meant; empty if nothing hints at it."""
    if len(ident) <= _DATE_LENGTH and _DATE.fullmatch(ident):
        return f"{ident} may have become a date in a spreadsheet. {_AS_TEXT}"
    if not ident[:1].isdecimal() or (len(ident) < _CUT_LENGTH and ident.isalnum()):
        return ""
    if _GROUPED.fullmatch(ident):
        return f"{ident} may be a number with separators of thousands. {_AS_TEXT}"
    if _CUT.fullmatch(ident):
        return f"{ident} may have lost digits, because spreadsheets keep 15 digits of a number. {_AS_TEXT}"
    return ""


def without_groups(text: str) -> str:
    """Return a number without its separators of thousands."""
    return re.sub(r"\D", "", text) if _GROUPED.fullmatch(text) else text
