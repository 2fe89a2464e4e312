"""Sidecar files: small files next to recordings that describe the calls."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Callable, Mapping
from typing import Any

from airflow_provider_gong._text import shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.records import distinct, record_of
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
        ``{file_name}.xml`` or ``meta/{file_stem}.json``
    :param open_path: creates the path object of a place
    :raises GongManifestError: if the template names neither a recording nor a format, or a library is missing
    """

    def __init__(self, template: str, open_path: Callable[[str], MediaPath]) -> None:
        suffix = posixpath.splitext(template)[1].lower()
        rest = template.replace(_NAME, "").replace(_STEM, "")
        if rest == template or "{" in rest or "}" in rest or suffix not in (".json", ".xml"):
            raise GongManifestError(
                f"sidecar {shown(repr(template))} is not the name of a file next to each recording. Write it like "
                f"'{_STEM}.json' or '{_NAME}.xml'."
            )
        self._template = template
        self._open_path = open_path
        self.sizes: dict[str, int] = {}
        """Lengths that are known from a list, by the places of sidecar files; those that do not exist have none."""
        self._parse = _json_object if suffix == ".json" else _xml_parser()

    def place(self, recording: str) -> str:
        """Return where the sidecar file of a recording is."""
        folder, slash, name = recording.rpartition("/")
        stem = posixpath.splitext(name)[0]
        return folder + slash + self._template.replace(_NAME, name).replace(_STEM, stem)

    def read(self, recording: str) -> dict[str, str]:
        """
        Return the content of a recording's sidecar file as text by column.

        :raises SidecarError: if it is missing or cannot be read
        """
        place = self.place(recording)
        try:
            found = self._parse(self._content(place))
            if not isinstance(found, Mapping):
                raise SidecarError(f"has the sidecar {shown(place)}, which is not an object with named fields")
            return record_of(found, place)
        except FileNotFoundError:
            raise SidecarError(f"has no sidecar {shown(place)}, or an empty one") from None
        except SidecarError:
            raise
        except Exception as error:
            if isinstance(error, OSError) and is_failure_of_store(error):
                raise reading_error(f"The sidecar {shown(place)} cannot be read", error) from error
            raise SidecarError(f"has the sidecar {shown(place)}, which cannot be read: {error}") from error

    def _content(self, place: str) -> bytes:
        path = self._open_path(place)
        size = self.sizes.pop(place) if place in self.sizes else path.stat().st_size
        if size == 0:
            raise FileNotFoundError(place)
        if size > _LONGEST:
            raise ValueError(f"it has {size} bytes, more than {_LONGEST}")
        with open_for_reading(path) as file:
            return Reader(file, size, limit=size).at(0, size)


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
    return {**found, "text": text} if text else found


def _local(name: str) -> str:
    """Return a name of XML without its namespace."""
    return name.rpartition("}")[2]
