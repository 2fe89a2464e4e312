"""Safe text for logs and reports, times, and batches. Imports nothing from this package."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TypeVar

T = TypeVar("T")

_LONGEST = 1000
_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")

# The search for secrets takes time in proportion to the text's length, whatever it contains.
_HARMLESS = re.compile(r"[^=@?:%\\]*")
# Credentials of HTTP without the name of their header; words of prose have no digits and no capitals inside.
_BARE = re.compile(
    r"\b(Bearer|Basic)(\s{1,9}|%20|\+)(?=\S{0,99}(?:\d|(?-i:[a-z][A-Z])))[\w.~+/=-]{16,}+", re.IGNORECASE
)
# User and password of a URL that is encoded once or more.
_ENCODED_CREDENTIALS = re.compile(r"(%(?:25)*3A(?:%(?:25)*2F){2})(?:(?!%(?:25)*2F)[^\s'\"])*%(?:25)*40", re.IGNORECASE)
# User and password of a URL that is broken into lines; digits after the colon are a port.
_BROKEN_CREDENTIALS = re.compile(r"(://)[^\s/?#@:]*:(?!\d+\s)[^\s/@]*[\r\n]+[ \t]*[^\s/@]*@")
_SPACE = re.compile(r"\s")
# A text that is a URL of the web ends with its query; one that quotes a URL continues after it. Keys of object stores
# may contain a question mark.
_QUERY = re.compile(r"(\A\s*https?://[^?]*)\?.*|(https?://[^\s?'\"]*)(?:\?[^\s'\"]*)?", re.DOTALL | re.IGNORECASE)
_HOST_AND_PORT = re.compile(r"\[|[^:/?#]*:[0-9]+[/?#]")
_AFTER_HOST = re.compile(r"[\s/?#]")
_USER_SIGNS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.%+~-"
# What is before the colon of an address, where a password would have its user.
_ADDRESS_SCHEMES = frozenset({"mailto", "sip", "sips", "tel", "xmpp", "email", "e-mail"})
# A name and what gives it a value: in a query, encoded once or more, in a form or a DSN, in JSON, in a header. Without
# quotes, a word after a colon is a value only if it may be one.
_ASSIGNMENT = re.compile(
    r"(?:(?P<sign>[?&;#]|%(?:25)*(?:3F|26|3B|23)|\\u00(?:3F|26|3B|23))|(?<![\w-]))(?P<name>[\w-]++)"
    r"(?:\s?=\s?|%(?:25)*3D|\\{1,9}u003D|&#61;|\\?(?P<quote>[\"'])\s{0,9}+:\s{0,9}+\\?(?P=quote)"
    r"|\s?:\s?(?:(?:Basic|Bearer)\s|(?=\S{8})(?=\S{0,99}\d)))",
    re.IGNORECASE,
)
_VALUE_IN_QUERY = re.compile(r"[^\s'\"]*")
_VALUE_IN_QUOTES = {'"': re.compile(r'[^"]*'), "'": re.compile(r"[^']*")}
_VALUE = re.compile(r"(?:\"[^\"]*+\"|'[^']*+')?\S*")
_SECRET_BEGINNINGS = ("xamz", "xgoog", "awsaccesskey")
_SECRET_ENDINGS = (
    "signature",
    "token",
    "secret",
    "password",
    "passwd",
    "credential",
    "credentials",
    "apikey",
    "accesskey",
    "accesskeyid",
    "secretkey",
    "privatekey",
)
# The last four are what content delivery networks call a signature.
_SECRET_NAMES = frozenset({"sig", "pwd", "authorization", "googleaccessid", "jwt", "hmac", "hdnea", "hdnts"})


def shown(text: str, longest: int = _LONGEST) -> str:
    """
    Return a text as one line, without secrets and without characters that forge log lines or control a terminal.

    :param text: any text from a manifest, a file system or Gong
    :param longest: maximum number of characters
    """
    line = without_secrets(text)[: longest + 1]
    if not line.isprintable():
        line = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in line)
    return line if len(line) <= longest else f"{line[: longest - 3]}..."


def without_secrets(text: str) -> str:
    """
    Return a text without what opens the places that it names: passwords, tokens, signatures and queries of URLs.

    Hosts and paths remain. Where there is no scheme, so does a query without secrets, which may be part of a file's
    name.
    """
    text = _ENCODED_CREDENTIALS.sub(r"\1", _BARE.sub(r"\1\2***", text))
    text = _BROKEN_CREDENTIALS.sub(r"\1", text)
    if _HARMLESS.fullmatch(text):
        return text
    return _without_assignments(_QUERY.sub(r"\1\2", _without_credentials(text)))


def row_place(number: int, file: str, line: int | None = None) -> str:
    """Return how a message names a row of a manifest; rows of a task have no file, those of some files no line."""
    row = f"Row {number}" if line is None else f"Row {number} (line {line})"
    return f"{row} of {shown(file)}" if file else row


def storable(text: str) -> str:
    """Return the text with U+FFFD for NUL and incomplete surrogate pairs, which not every database can store."""
    return text if text.isprintable() or not _NOT_STORABLE.search(text) else _NOT_STORABLE.sub("\ufffd", text)


def counted(number: int, noun: str) -> str:
    """Return a number of things in words: ``1 problem``, ``2 problems``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listed(noun: str, names: Sequence[str]) -> str:
    """Return things by their names: ``column media``, ``columns media, title``."""
    return f"{noun if len(names) == 1 else f'{noun}s'} {', '.join(names)}"


def local_time(moment: float) -> str:
    """
    Return a time in the time zone of this process, with its offset: ``2026-11-20T03:14:09+01:00``.

    :param moment: in seconds since 1970
    """
    return datetime.fromtimestamp(moment).astimezone().isoformat(timespec="seconds")


def utc_time(moment: float) -> str:
    """
    Return a time in a readable form, the same on any host: ``2026-11-20 02:14:09 UTC``.

    :param moment: in seconds since 1970
    """
    return zone_time(moment, UTC)


def zone_time(moment: float, zone: tzinfo) -> str:
    """
    Return a moment as people in a zone read it: ``2026-11-20 03:14:09 CET``.

    :param moment: in seconds since 1970
    """
    return f"{datetime.fromtimestamp(moment, zone):%Y-%m-%d %H:%M:%S %Z}"


def duration(seconds: float) -> str:
    """Return a duration in whole seconds: ``0:05:00``, ``2 days, 1:00:00``."""
    return str(timedelta(seconds=round(seconds)))


def is_gong_id(text: str) -> bool:
    """Return whether a text may be Gong's id of a call, meeting, user or workspace, all of which are numbers."""
    return text.isascii() and text.isdecimal()


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of ``size``, of which the last may be shorter."""
    iterator = iter(items)
    while batch := list(itertools.islice(iterator, size)):
        yield batch


def _without_credentials(text: str) -> str:
    """Cut ``user:password@``, with a scheme or without; a user alone is kept, unless the scheme is that of the web."""
    *pieces, last = text.split("@")
    parts = []
    was_cut = False
    for piece in pieces:
        # A password may hold the sign, too.
        start = 0 if was_cut and not _AFTER_HOST.search(piece) else _start_of_credentials(piece)
        was_cut = start is not None
        parts.append(f"{piece}@" if start is None else piece[:start])
    return "".join((*parts, last))


def _start_of_credentials(text: str) -> int | None:
    """Return where the credentials begin that a text before an ``@`` ends with."""
    if ":" not in text:
        return None
    run = "" if text[-1].isspace() else text.rsplit(None, 1)[-1]
    scheme, found, authority = run.rpartition("://")
    if found:
        is_web = scheme.lower().endswith(("http", "https"))
        return len(text) - len(authority) if _holds_credentials(authority, is_web=is_web) else None
    run = run[max(run.rfind("/"), run.rfind("\\")) + 1 :]
    before, _, password = run.partition(":")
    user = before[len(before.rstrip(_USER_SIGNS)) :]
    is_user = user[:1].isalpha() and user.lower() not in _ADDRESS_SCHEMES
    return len(text) - len(password) - 1 - len(user) if password and is_user else None


def _holds_credentials(authority: str, *, is_web: bool) -> bool:
    host = _AFTER_HOST.split(authority, maxsplit=1)[0]
    if ":" in host:
        return not _HOST_AND_PORT.match(authority)
    return is_web and host == authority


def _without_assignments(text: str) -> str:
    """Cut the rest of a query from its first secret on, and hide the value of a secret elsewhere."""
    space = _SPACE.search(text)
    # A text without a space before its query is a place, and ends with the query.
    end_of_place = len(text) if space is None else space.start()
    parts = []
    done = 0
    for found in _ASSIGNMENT.finditer(text):
        if found.start() < done or not _is_secret(found["name"]):
            continue
        if found["sign"]:
            parts.append(text[done : found.start()])
            done = len(text) if found.start() <= end_of_place else _end(_VALUE_IN_QUERY, text, found)
        else:
            parts += [text[done : found.end()], "***"]
            done = _end(_VALUE_IN_QUOTES.get(found["quote"], _VALUE), text, found)
    return "".join((*parts, text[done:]))


def _end(value: re.Pattern[str], text: str, found: re.Match[str]) -> int:
    match = value.match(text, found.end())
    return found.end() if match is None else match.end()


def _is_secret(name: str) -> bool:
    plain = name.lower().replace("-", "").replace("_", "")
    return plain in _SECRET_NAMES or plain.startswith(_SECRET_BEGINNINGS) or plain.endswith(_SECRET_ENDINGS)
