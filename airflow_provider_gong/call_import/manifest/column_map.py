"""Manifests with other column names: which header fills which field of the call."""

from __future__ import annotations

import contextlib
import difflib
import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypedDict

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.fields import FIELDS, Kind, column_of, similar_column
from airflow_provider_gong.call_import.manifest.texts import NO_PARTS, has_lost, trimmed, without_zeros
from airflow_provider_gong.call_import.manifest.time_formats import check_moment, read_moment
from airflow_provider_gong.call_import.manifest.values import inner_text

_CONSTANT = "="
_ALL = "*"
# As parts of these, whole numbers are their digits, too.
_NUMBERS = frozenset((Kind.ID, Kind.OTHER_ID, Kind.HOST, Kind.PHONE))
_HEADER = re.compile(r"\{([^{}]*)\}")


class ColumnSource(TypedDict, total=False):
    """
    Source of a field's text, and how the text is read.

    :param source: a header, a template, or a constant; default: the column of the field's own name
    :param values: meaning of texts in the manifest, such as ``{"1": "Inbound", "2": "Outbound"}``; case is ignored
    :param format: format of a time, such as ``%d.%m.%Y %H:%M:%S`` (the codes of Python's ``strptime``), ``epoch``,
        ``epoch_ms``, ``epoch_us`` or ``epoch_ns``
    """

    source: str
    values: Mapping[str, str]
    format: str


Columns = Mapping[str, str | ColumnSource | None]


@dataclass(frozen=True, slots=True)
class _Source:
    """
    Parsed source of a field: headers with literal text around them.

    :param text: the source as written in the mapping
    :param headers: the columns; none for a constant
    :param literals: the texts before, between and after them
    :param kind: kind of the field
    :param values: meaning of texts, by the text in lower case
    :param format: format of a time
    """

    text: str
    headers: Sequence[str]
    literals: Sequence[str]
    kind: Kind
    values: Mapping[str, str] = field(default_factory=dict)
    format: str | None = None

    def read(self, cells: Mapping[str, str]) -> str:
        text = self._text(cells)
        if self.values or self.format:
            text = trimmed(text)
        if self.values:
            # Numbers beside missing ones may have become fractions.
            text = self.values.get(text.lower(), self.values.get(without_zeros(text), text))
        if self.format is not None:
            for form in {text: None, without_zeros(text): None}:
                # A time in another format is an error, unless it is ISO 8601.
                with contextlib.suppress(ValueError):
                    return read_moment(form, self.format).isoformat()
        return text

    def __str__(self) -> str:
        return self.text if self.format is None else f"{self.text}, as {self.format}"

    def _text(self, cells: Mapping[str, str]) -> str:
        found = [cells.get(header, "") for header in self.headers]
        if len(found) == 1 and not any(self.literals):
            return found[0]
        lost = next(filter(has_lost, found), None)
        if lost is not None:
            # Alone, so that it is found as in a field of its own.
            return lost
        found = [trimmed(cell) for cell in found]
        parts = ["" if cell in NO_PARTS else without_zeros(cell) if self.kind in _NUMBERS else cell for cell in found]
        # A phone number without its country code, or a time without its offset, would be another one.
        is_filled = any(parts) if self.kind is Kind.TEXT else all(parts)
        if self.headers and not is_filled:
            return ""
        texts = zip(parts, self.literals[1:], strict=True)
        filled = (self.literals[0] + "".join(itertools.chain.from_iterable(texts))).strip()
        # A text composed of an inexact number is not exact either.
        return next((type(text) for text in found if type(text) is not str), str)(filled)


class ColumnMap:
    """
    Maps headers of a manifest to fields of the call.

    Without a mapping, each field is read from the column with its name. With a mapping, required fields that it does
    not name are still read from the columns with their names, but optional fields are not. ``"*": "*"`` reads those as
    well, and a mapping that only leaves fields out reads all others.

    :param columns: for each field a header (``"Call ID"``), a value inside an object (``"agent.email"``,
        ``"legs.0.number"``), a template (``"{First} {Last}"``), a constant (``"=Outbound"``), a ``ColumnSource``, or
        None to leave it out
    :param asked: columns that are read under their own names anyway, because another parameter names them
    :raises GongManifestError: with all errors in the mapping
    """

    def __init__(self, columns: Columns | None = None, asked: Collection[str] = ()) -> None:
        named = dict(columns or {})
        reads_all = named.pop(_ALL, None) == _ALL
        self._sources: dict[str, _Source] = {}
        self._left_out: set[str] = set()
        wrong = []
        for name, source in named.items():
            try:
                _check_field(name)
                if source is None and not FIELDS[name].is_required:
                    self._left_out.add(name)
                else:
                    self._sources[name] = _source(name, source)
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise GongManifestError(f"columns is wrong: {' '.join(wrong)}")
        self._reads_all = reads_all or not self._sources
        self._asked = frozenset(asked)
        self._used = {header for source in self._sources.values() for header in source.headers}
        # Of values inside objects, by the object's column.
        self._paths = {header: header.partition(".")[0] for header in self._used if "." in header}
        self._has_value: dict[str, bool] = {}

    def uses(self, header: str) -> bool:
        """Return whether a field is read from a header other than its own name."""
        return header in self._used

    def reads(self, header: str) -> bool:
        """Return whether a field is read from a header."""
        return header in self._used or header in self._paths.values() or self._is_own(header)

    def distinct(self, headers: Sequence[str]) -> list[str]:
        """Return the headers that must be unique: all of them, unless a mapping says which are read."""
        return [header for header in headers if not self._sources or self.reads(header)]

    def fields(self, headers: Collection[str]) -> set[str]:
        """Return the fields that a manifest with these headers can fill."""
        return {header for header in headers if self._is_own(header)} | self._sources.keys()

    def ignored(self, headers: Collection[str]) -> list[str]:
        """Return the headers that fill no field."""
        return [header for header in headers if not self.reads(header)]

    def check_headers(self, headers: Collection[str], name: str) -> None:
        """
        Check that a manifest has all headers that the mapping names.

        :raises GongManifestError: with all missing headers
        """
        lacking = [
            _lacking_header(field, source, header, headers)
            for field, source in self._sources.items()
            for header in source.headers
            if header not in headers and self._paths.get(header) not in headers
        ]
        if lacking:
            found = shown(", ".join(filter(None, headers))) or "none"
            raise GongManifestError(f"Manifest {name} does not fit columns: {' '.join(lacking)} It has: {found}.")

    def values(self, cells: dict[str, str]) -> dict[str, str]:
        """Return a row's text by field; text of headers that fill no field is kept under the header."""
        if not self._sources and not self._left_out:
            return cells
        for path, column in self._paths.items():
            if path not in cells and column in cells and (text := inner_text(cells[column], path)):
                cells[path] = text
            self._has_value[path] = path in cells or self._has_value.get(path, False)
        kept = {
            header: text
            for header, text in cells.items()
            if self._is_own(header) or (header not in self._used and header not in FIELDS)
        }
        mapped = {field: source.read(cells) for field, source in self._sources.items()}
        return kept | {field: text for field, text in mapped.items() if text}

    def warnings(self) -> list[str]:
        """Return a remark on each value inside objects that no row read so far has."""
        return [
            f"columns names {shown(path)!r}, which has no value in any row. Check the names in it."
            for path, has_value in self._has_value.items()
            if not has_value
        ]

    def described(self, path: str) -> str:
        """Return a field's name for errors, with the header that it was read from if the names differ."""
        source = self._sources.get(re.split(r"[.\[]", path)[0])
        return path if source is None else f"{path} (columns: {source})"

    def _is_own(self, header: str) -> bool:
        """Return whether a header is the column of a field that is read from it."""
        known = FIELDS.get(header)
        if known is None or header in self._sources or header in self._left_out:
            return False
        return self._reads_all or known.is_required or header in self._asked


def _check_field(name: object) -> None:
    if not isinstance(name, str) or name not in FIELDS:
        meant = similar_column(str(name))
        hint = f"Did you mean {meant!r}?" if meant else "Name a field of the call, such as title or party_1_email."
        raise ValueError(f"{shown(repr(name))} is not a field of a call. {hint}")


def _source(name: str, source: object) -> _Source:
    if not isinstance(source, Mapping):
        return _Source(*_parsed(name, source))
    unknown = source.keys() - ColumnSource.__annotations__.keys()
    if unknown:
        known = ", ".join(ColumnSource.__annotations__)
        raise ValueError(f"{name} has {shown(repr(sorted(map(str, unknown))))}: its keys are {known}.")
    values, form = source.get("values", {}), source.get("format")
    if not isinstance(values, Mapping) or not all(isinstance(text, str) for text in values.values()):
        raise ValueError(f"{name} has the values {values!r}: map each text in the manifest to its value.")
    if form is not None and (FIELDS[name].kind not in (Kind.TIME, Kind.START) or not isinstance(form, str)):
        raise ValueError(
            f"{name} has the format {form!r}, but a format is only for times, such as '%d.%m.%Y %H:%M:%S'."
        )
    if form is not None:
        try:
            check_moment(form)
        except ValueError as error:
            raise ValueError(f"{name} has a format that cannot be used: {error}") from error
    by_text: dict[str, str] = {}
    for text, value in values.items():
        if by_text.setdefault(str(text).strip().lower(), value) != value:
            raise ValueError(f"{name} has two values for {text!r}, because upper and lower case do not matter.")
    return _Source(*_parsed(name, source.get("source", name)), by_text, form)


def _parsed(name: str, text: object) -> tuple[str, Sequence[str], Sequence[str], Kind]:
    """Return a header, template or constant, its headers, the literal texts around these, and the kind of its field."""
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{name} has {text!r}: give a header, a template with {{headers}}, or '=' and a constant.")
    text, kind = text.strip(), FIELDS[name].kind
    if text.startswith(_CONSTANT):
        return text, (), (text.removeprefix(_CONSTANT).strip(),), kind
    if "{" not in text and "}" not in text:
        return text, (column_of(text),), ("", ""), kind
    pieces = _HEADER.split(text)
    headers, literals = pieces[1::2], pieces[::2]
    if re.search(r"[{}]", "".join(literals)) or not all(header.strip() for header in headers):
        raise ValueError(f"{name} has the template {text!r}: write each header as {{header}}.")
    return text, tuple(map(column_of, headers)), literals, kind


def _lacking_header(field: str, source: _Source, header: str, headers: Collection[str]) -> str:
    is_alone = column_of(source.text) == header
    # As it was written, since a constant keeps its case.
    named = shown(source.text if is_alone else header)
    meant = difflib.get_close_matches(header, list(headers), n=1, cutoff=0.8)
    hint = ""
    if meant:
        hint = f" Did you mean {shown(meant[0])!r}?"
    elif is_alone:
        hint = f" If it is a constant, write '={named}'."
    return f"{field} is mapped to {named!r}, which is not a header.{hint}"
