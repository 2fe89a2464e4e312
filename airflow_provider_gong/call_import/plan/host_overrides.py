"""The file that maps hosts in a manifest to Gong users."""

from __future__ import annotations

from airflow_provider_gong._text import listed, shown
from airflow_provider_gong.call_import.errors import GongManifestError
from airflow_provider_gong.call_import.manifest.manifest import Table
from airflow_provider_gong.call_import.manifest.texts import trimmed, without_zeros

VALUE_COLUMN = "manifest_value"
USER_COLUMN = "gong_user"


def read_overrides(table: Table) -> dict[str, str]:
    """
    Return the Gong user's id or address for each host in a manifest.

    :param table: a file with the columns ``manifest_value`` and ``gong_user``
    :raises GongManifestError: with all problems in the file
    """
    lacking = [column for column in (VALUE_COLUMN, USER_COLUMN) if column not in (table.header or ())]
    if lacking:
        raise GongManifestError(f"Host overrides {table.name} lack the {listed('column', lacking)}.")
    users: dict[str, str] = {}
    wrong = []
    for number, (_, record) in enumerate(table.records, 1):
        value, user = (without_zeros(trimmed(record.get(column, ""))) for column in (VALUE_COLUMN, USER_COLUMN))
        value = value.lower()
        if not value or not user:
            wrong.append(f"Row {number} lacks {USER_COLUMN if value else VALUE_COLUMN}.")
        elif users.setdefault(value, user) != user:
            wrong.append(f"Row {number} maps {shown(value)!r} to a different user than an earlier row.")
    if wrong:
        raise GongManifestError(f"Host overrides {table.name} are wrong. {' '.join(wrong)}")
    return users
