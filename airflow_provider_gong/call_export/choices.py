"""The choices that an export is given."""

from __future__ import annotations

from typing import Literal

from airflow_provider_gong._choices import Choice


class FileFormat(Choice):
    """The format of the files of tables."""

    PARQUET = "parquet"
    JSONL = "jsonl"


class OnShrink(Choice):
    """What to do when so many calls are missing that the access key is the more likely reason."""

    FAIL = "fail"
    KEEP = "keep"
    ACCEPT = "accept"


# The same choices as users write them in a DAG, for type checkers.
FileFormatName = Literal["parquet", "jsonl"]
OnShrinkName = Literal["fail", "keep", "accept"]
