"""Choices for an export."""

from __future__ import annotations

from typing import Literal

from airflow_provider_gong._choices import Choice


class FileFormat(Choice):
    """File format of the exported tables."""

    PARQUET = "parquet"
    JSONL = "jsonl"


class OnShrink(Choice):
    """What to do if so many calls are missing that the access key is the more likely reason."""

    FAIL = "fail"
    KEEP = "keep"
    ACCEPT = "accept"


# The same choices in the form that users write in a DAG, for type checkers.
FileFormatName = Literal["parquet", "jsonl"]
OnShrinkName = Literal["fail", "keep", "accept"]
