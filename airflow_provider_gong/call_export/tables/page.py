"""The documentation page that lists all tables, generated from their definitions."""

from __future__ import annotations

from collections.abc import Iterator

from airflow_provider_gong.call_export.tables.catalogue import TABLES
from airflow_provider_gong.call_export.tables.reference import REFERENCE_TABLES
from airflow_provider_gong.call_export.tables.schema import Kind, Table

_FORMS = {
    Kind.TEXT: "text",
    Kind.INTEGER: "whole number",
    Kind.NUMBER: "number",
    Kind.FLAG: "boolean",
    Kind.MOMENT: "timestamp, UTC",
    Kind.TEXTS: "list of text",
    Kind.JSON: "JSON",
}


def tables_markdown() -> str:
    """Return the tables in Markdown."""
    reference = [table for table, _ in REFERENCE_TABLES.values()]
    return "\n".join([*(line for table in [*TABLES.values(), *reference] for line in _table(table))])


def _table(table: Table) -> Iterator[str]:
    yield f"### `{table.name}`\n"
    yield f"{table.about} Key: {', '.join(f'`{name}`' for name in table.key)}.\n"
    yield "| column | type | what it is |"
    yield "| --- | --- | --- |"
    for column in table.columns:
        yield f"| `{column.name}` | {_FORMS[column.kind]} | {column.about} |"
    yield ""


if __name__ == "__main__":
    print(tables_markdown())
