"""The outcome of an import as HTML that mail programs show: tables and inline styles, no pictures, no scripts."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from airflow_provider_gong._text import counted
from airflow_provider_gong.notifications._facts import web_url

if TYPE_CHECKING:
    from airflow_provider_gong.notifications._facts import ImportFacts

_TEMPLATE = Path(__file__).with_name("outcome.html.jinja")


def outcome_html(outcome: ImportFacts) -> str:
    """Return the outcome as HTML. Nothing that a manifest, a file or Gong says can be anything but text in it."""
    return str(_template().render(outcome=outcome, report_url=web_url(outcome.report)))


@functools.cache
def _template() -> Any:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATE.parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["counted"] = counted
    return environment.get_template(_TEMPLATE.name)
