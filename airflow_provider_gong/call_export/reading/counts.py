"""Figures of a run that are kept between its attempts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any, Self


class Counts:
    """Base class of dataclasses whose fields are numbers, lists and counters."""

    @classmethod
    def parsed(cls, document: Mapping[str, Any]) -> Self:
        """Return figures from what :meth:`document` has returned."""
        return cls(**{name: Counter(value) if isinstance(value, dict) else value for name, value in document.items()})

    def document(self) -> dict[str, Any]:
        """Return the figures as JSON."""
        return {name: dict(value) if isinstance(value, Counter) else value for name, value in vars(self).items()}
