"""Base classes of requests and responses."""

import functools
from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, model_validator
from pydantic.alias_generators import to_camel


class WireModel(BaseModel):
    """A JSON object of Gong's API; fields have Gong's names in snake_case."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    def wire(self) -> dict[str, Any]:
        """Return the JSON-able dict with Gong's official names, without fields that are ``None``."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)

    def wire_json(self) -> str:
        """Return :meth:`wire` as JSON, without the detour of a dict."""
        return self.model_dump_json(by_alias=True, exclude_none=True)


class RequestModel(WireModel):
    """
    Base class of requests: unknown fields are refused, and surrounding white space is removed from text.

    Fields can have Gong's names (``actualStart``) or the same names in snake_case (``actual_start``).
    """

    model_config = ConfigDict(
        extra="forbid",
        str_strip_whitespace=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )

    other_names: ClassVar[Mapping[str, str]] = {}
    """Other common names, each with the official name."""

    not_in_gong: ClassVar[Mapping[str, str]] = {}
    """Other common names that Gong has no field for, each with a remedy."""

    @classmethod
    def official_name(cls, name: str) -> str:
        """Return Gong's name for the field with this name, or the name itself if there is none."""
        field = cls.model_fields.get(name)
        if field is not None:
            return field.alias or name
        camel = to_camel(name) if "_" in name else name
        return cls.other_names.get(camel, name)

    @classmethod
    @functools.cache
    def _official_names(cls) -> frozenset[str]:
        return frozenset(field.alias or name for name, field in cls.model_fields.items())

    @model_validator(mode="before")
    @classmethod
    def _use_official_names(cls, data: Any) -> Any:
        if not isinstance(data, Mapping) or data.keys() <= cls._official_names():
            return data
        renamed: dict[Any, Any] = {}
        for name, value in data.items():
            official = cls.official_name(name) if isinstance(name, str) else name
            # If a field is given with two names, the second one is kept and then refused as unknown.
            taken = official in renamed or (official != name and official in data)
            renamed[name if taken else official] = value
        return renamed


class ResponseModel(WireModel):
    """Base class of responses: unknown fields are kept, enumerations are plain text, and numeric ids become strings."""

    model_config = ConfigDict(extra="allow", coerce_numbers_to_str=True)
