"""Sidecar files: small files next to recordings that describe the calls."""

from __future__ import annotations

import json
import posixpath
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.records import distinct, record_of
from airflow_provider_gong.call_import.media import is_failure_of_store, reading_error
from airflow_provider_gong.call_import.recordings.reading import Reader, open_for_reading
from airflow_provider_gong.client.media import MediaPath

_LONGEST = 1024 * 1024
_NAME, _STEM = "{file_name}", "{file_stem}"


class SidecarError(Exception):
    """The sidecar file is missing or cannot be read; the message says why."""


class Sidecars:
    """
    The sidecar files of recordings.

    :param template: path of the sidecar file relative to the recording's folder: ``{file_stem}.json``,
        ``{file_name}.xml``, ``meta/{file_stem}.json`` or ``../meta/{file_stem}.json``
    :param open_path: creates the path object of a place
    :raises GongManifestError: if the template names neither a recording nor a format, or a library is missing
    """

    def __init__(self, template: str, open_path: Callable[[str], MediaPath]) -> None:
        suffix = posixpath.splitext(template)[1].lower()
        rest = template.replace(_NAME, "").replace(_STEM, "")
        is_relative = not template.startswith("/") and "://" not in template
        if rest == template or "{" in rest or "}" in rest or suffix not in (".json", ".xml") or not is_relative:
            raise GongManifestError(
                f"sidecar {shown(repr(template))} is not the name of a file next to each recording. Write it like "
                f"'{_STEM}.json' or '{_NAME}.xml'."
            )
        # Object stores take ".." for a name.
        self._path = re.sub(r"^(\.\./)+", "", template)
        self._above = (len(template) - len(self._path)) // len("../")
        self._open_path = open_path
        self.sizes: dict[str, int] = {}
        """Lengths that are known from a list, by the places of sidecar files; those that do not exist have none."""
        self._parse = _json_object if suffix == ".json" else _xml_parser()

    def place(self, recording: str) -> str:
        """Return where the sidecar file of a recording is."""
        *_, name = recording.rpartition("/")
        stem = posixpath.splitext(name)[0]
        folder = recording.rsplit("/", self._above + 1)[0]
        return f"{folder}/{self._path.replace(_NAME, name).replace(_STEM, stem)}"

    def places(self, recordings: Iterable[str]) -> set[str]:
        """Return where the sidecar files of recordings are, of which one may be the sidecar file of another."""
        return {place for recording in recordings if (place := self.place(recording)) != recording}

    def read(self, recording: str) -> dict[str, str]:
        """
        Return the content of a recording's sidecar file as text by column.

        :raises SidecarError: if it is missing or cannot be read
        """
        place = self.place(recording)
        content = self._content(place)
        try:
            found = self._parse(content)
            if not isinstance(found, Mapping):
                raise SidecarError(f"has the sidecar {shown(place)}, which is not an object with named fields")
            return record_of(found, place)
        except (ValueError, TypeError, RecursionError, SyntaxError, LookupError, GongManifestError) as error:
            raise _unreadable(place, error) from error

    def _content(self, place: str) -> bytes:
        try:
            content = self._read(place)
        except FileNotFoundError:
            content = b""
        except Exception as error:
            if is_failure_of_store(error):
                raise reading_error(f"The sidecar {shown(place)} cannot be read", error) from error
            raise _unreadable(place, error) from error
        if not content:
            raise SidecarError(f"has no sidecar {shown(place)}, or an empty one")
        return content

    def _read(self, place: str) -> bytes:
        path = self._open_path(place)
        size = self.sizes.pop(place) if place in self.sizes else path.stat().st_size
        if size > _LONGEST:
            raise ValueError(f"it has {size} bytes, more than {_LONGEST}")
        with open_for_reading(path) as file:
            return Reader(file, size, limit=size).at(0, size)


def _unreadable(place: str, error: Exception) -> SidecarError:
    return SidecarError(f"has the sidecar {shown(place)}, which cannot be read: {error}")


def _json_object(content: bytes) -> Any:
    # In UTF-8, UTF-16 or UTF-32, with or without a byte order mark.
    return json.loads(content, object_pairs_hook=distinct)


def _xml_parser() -> Callable[[bytes], Any]:
    try:
        from defusedxml.ElementTree import fromstring
    except ImportError as error:
        raise GongManifestError(
            "Sidecar files in XML need defusedxml: pip install 'airflow-provider-gong[xml]'."
        ) from error
    return lambda content: _xml_value(fromstring(content))


def _xml_value(element: Any) -> Any:
    """Return an element in the form of JSON: its text, or its attributes and children by name."""
    text = (element.text or "").strip()
    found: dict[str, Any] = {_local(name): value for name, value in element.attrib.items()}
    for child in element:
        name, value = _local(child.tag), _xml_value(child)
        if name not in found:
            found[name] = value
        elif isinstance(found[name], list):
            found[name].append(value)
        else:
            found[name] = [found[name], value]
    if not found:
        return text
    return {"text": text, **found} if text else found


def _local(name: str) -> str:
    """Return a name of XML without its namespace."""
    return name.rpartition("}")[2]
