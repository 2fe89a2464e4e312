"""Manifests with other column names: which field of the call takes its text from which header."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.fields import FIELDS, column_of, similar_column

_CONSTANT = "="
_HEADER = re.compile(r"\{([^{}]*)\}")


@dataclass(frozen=True, slots=True)
class _Source:
    """
    Where a field takes its text from.

    :param text: as the mapping has it
    :param template: text with ``{header}`` in it; None for a constant
    """

    text: str
    template: str | None

    @property
    def headers(self) -> list[str]:
        return [] if self.template is None else [column_of(header) for header in _HEADER.findall(self.template)]

    def read(self, cells: Mapping[str, str]) -> str:
        if self.template is None:
            return self.text.removeprefix(_CONSTANT).strip()
        if not any(header in cells for header in self.headers):
            return ""
        return _HEADER.sub(lambda found: cells.get(column_of(found[1]), ""), self.template).strip()


class ColumnMap:
    """
    Maps headers of a manifest to fields of the call.

    Fields that it leaves out are read from the column of their own name.

    :param columns: for each field one of: a header (``"Call ID"``), a template (``"{First} {Last}"``), or a constant
        (``"=Outbound"``)
    :raises GongManifestError: with all that is wrong with the mapping
    """

    def __init__(self, columns: Mapping[str, str] | None = None) -> None:
        self._sources: dict[str, _Source] = {}
        wrong = []
        for field, text in (columns or {}).items():
            try:
                self._sources[field] = _source(field, text)
            except ValueError as error:
                wrong.append(str(error))
        if wrong:
            raise GongManifestError(f"columns is wrong: {' '.join(wrong)}")
        self._used = {header for source in self._sources.values() for header in source.headers}

    def fields(self, headers: Collection[str]) -> set[str]:
        """Return the fields that a manifest with these headers can fill."""
        return {header for header in headers if header in FIELDS} | self._sources.keys()

    def ignored(self, headers: Collection[str]) -> list[str]:
        """Return the headers from which no field takes its text."""
        return [header for header in headers if header not in self._used and not self._is_own(header)]

    def check_headers(self, headers: Collection[str], name: str) -> None:
        """
        Check that a manifest has all headers that the mapping names.

        :raises GongManifestError: with all that it lacks
        """
        lacking = [
            _lacking_header(field, header, headers)
            for field, source in self._sources.items()
            for header in source.headers
            if header not in headers
        ]
        if lacking:
            found = shown(", ".join(filter(None, headers))) or "none"
            raise GongManifestError(f"Manifest {name} does not fit columns: {' '.join(lacking)} It has: {found}.")

    def values(self, cells: Mapping[str, str]) -> dict[str, str]:
        """Return a row's text by field; what stands under headers that fill no field is kept under these."""
        if not self._sources:
            return dict(cells)
        kept = {
            header: text
            for header, text in cells.items()
            if self._is_own(header) or (header not in self._used and header not in FIELDS)
        }
        mapped = {field: source.read(cells) for field, source in self._sources.items()}
        return kept | {field: text for field, text in mapped.items() if text}

    def described(self, field: str) -> str:
        """Return a field as an error names it: with the header it was read from, if that is another one."""
        source = self._sources.get(re.split(r"[.\[]", field)[0])
        if source is None:
            return field
        return f"{field} (columns: {source.text})"

    def _is_own(self, header: str) -> bool:
        return header in FIELDS and header not in self._sources


def _source(field: object, text: object) -> _Source:
    if not isinstance(field, str) or field not in FIELDS:
        meant = similar_column(str(field))
        hint = f"Did you mean {meant!r}?" if meant else "Name a field of the call, such as title or party_1_email."
        raise ValueError(f"{shown(repr(field))} is not a field of a call. {hint}")
    if not isinstance(text, str) or not text.strip():
        raise ValueError(f"{field} has {text!r}: give a header, a template with {{headers}}, or '=' and a constant.")
    text = text.strip()
    if text.startswith(_CONSTANT):
        return _Source(text, None)
    if "{" not in text and "}" not in text:
        return _Source(text, f"{{{text}}}")
    if re.search(r"[{}]", _HEADER.sub("", text)) or any(not header.strip() for header in _HEADER.findall(text)):
        raise ValueError(f"{field} has the template {text!r}: write each header as {{header}}.")
    return _Source(text, text)


def _lacking_header(field: str, header: str, headers: Collection[str]) -> str:
    meant = difflib.get_close_matches(header, list(headers), n=1, cutoff=0.8)
    hint = f" Did you mean {shown(meant[0])!r}?" if meant else f" If it is a constant, write '={header}'."
    return f"{field} takes its text from {shown(header)!r}, which is no header.{hint}"
