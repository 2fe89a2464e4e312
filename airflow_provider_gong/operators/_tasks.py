"""What operators that write to the store share."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from airflow_provider_gong._compat import AirflowFailException
from airflow_provider_gong.call_import.errors import (
    GongImportFailedError,
    GongImportRejectedError,
    GongManifestError,
)
from airflow_provider_gong.hooks.failures import fail_without_retry
from airflow_provider_gong.store.errors import GongStoreNotSharedError

if TYPE_CHECKING:
    from airflow_provider_gong._compat import Context

PERMANENT = (GongImportFailedError, GongImportRejectedError, GongManifestError, GongStoreNotSharedError)


@contextlib.contextmanager
def fail_for_good() -> Iterator[None]:
    """
    Fail the task without another try when the block raises what no retry can mend, of Gong or of an import.

    :raises AirflowFailException: with the text of the error, which is its cause
    """
    try:
        with fail_without_retry():
            yield
    except PERMANENT as error:
        raise AirflowFailException(f"{type(error).__name__}: {error}") from error


def task_key(context: Context) -> str:
    """Return what names a task of a DAG run, the same for each of its tries."""
    ti = context["ti"]
    return "/".join((ti.dag_id, ti.task_id, ti.run_id, str(ti.map_index)))
