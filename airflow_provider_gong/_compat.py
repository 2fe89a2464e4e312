"""
Names of Airflow that moved between 2.11 and 3.3, importable from one place.

The only module that knows which Airflow it runs on. A name is looked up when it is first imported from
here, so that a DAG file loads no more of Airflow than it uses. The newest home comes first: the older ones
warn about deprecation on newer versions.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from airflow.configuration import conf as conf
    from airflow.sdk import Asset as Asset
    from airflow.sdk import BaseHook as BaseHook
    from airflow.sdk import BaseNotifier as BaseNotifier
    from airflow.sdk import BaseOperator as BaseOperator
    from airflow.sdk import BaseOperatorLink as BaseOperatorLink
    from airflow.sdk import BaseSensorOperator as BaseSensorOperator
    from airflow.sdk import Connection as Connection
    from airflow.sdk import Context as Context
    from airflow.sdk import ObjectStoragePath as ObjectStoragePath
    from airflow.sdk import PokeReturnValue as PokeReturnValue
    from airflow.sdk import TaskGroup as TaskGroup
    from airflow.sdk import TriggerRule as TriggerRule
    from airflow.sdk import XComArg as XComArg
    from airflow.sdk.definitions.retry_policy import RetryDecision as RetryDecision
    from airflow.sdk.definitions.retry_policy import RetryPolicy as RetryPolicy
    from airflow.sdk.exceptions import AirflowException as AirflowException
    from airflow.sdk.exceptions import AirflowFailException as AirflowFailException
    from airflow.sdk.exceptions import AirflowNotFoundException as AirflowNotFoundException
    from airflow.sdk.exceptions import AirflowSkipException as AirflowSkipException
    from airflow.sdk.exceptions import TaskDeferred as TaskDeferred
    from airflow.sdk.execution_time.context import NEVER_EXPIRE as NEVER_EXPIRE
    from airflow.sdk.execution_time.xcom import XCom as XCom
    from airflow.sdk.log import mask_secret as mask_secret
    from airflow.triggers.base import BaseTrigger as BaseTrigger
    from airflow.triggers.base import TriggerEvent as TriggerEvent

    # Where a file is.
    Place = str | os.PathLike[str] | ObjectStoragePath

_EXCEPTIONS = ("airflow.sdk.exceptions", "airflow.exceptions")
_HOMES = {
    "AirflowException": _EXCEPTIONS,
    "AirflowFailException": _EXCEPTIONS,
    "AirflowNotFoundException": _EXCEPTIONS,
    "AirflowSkipException": _EXCEPTIONS,
    "Asset": ("airflow.sdk",),
    "BaseHook": ("airflow.sdk", "airflow.hooks.base"),
    "BaseNotifier": ("airflow.sdk", "airflow.notifications.basenotifier"),
    "BaseOperator": ("airflow.sdk", "airflow.models.baseoperator"),
    "BaseOperatorLink": ("airflow.sdk", "airflow.models.baseoperatorlink"),
    "BaseSensorOperator": ("airflow.sdk", "airflow.sensors.base"),
    "BaseTrigger": ("airflow.triggers.base",),
    "Connection": ("airflow.sdk", "airflow.models.connection"),
    "Context": ("airflow.sdk", "airflow.utils.context"),
    "NEVER_EXPIRE": ("airflow.sdk.execution_time.context",),
    "ObjectStoragePath": ("airflow.sdk", "airflow.io.path"),
    "PokeReturnValue": ("airflow.sdk", "airflow.sensors.base"),
    "RetryDecision": ("airflow.sdk",),
    "RetryPolicy": ("airflow.sdk",),
    "TaskDeferred": _EXCEPTIONS,
    "TaskGroup": ("airflow.sdk", "airflow.utils.task_group"),
    "TriggerEvent": ("airflow.triggers.base",),
    "TriggerRule": ("airflow.sdk", "airflow.utils.trigger_rule"),
    "XCom": ("airflow.sdk.execution_time.xcom", "airflow.models.xcom"),
    "XComArg": ("airflow.sdk", "airflow.models.xcom_arg"),
    "conf": ("airflow.configuration",),
    "mask_secret": ("airflow.sdk.log", "airflow.utils.log.secrets_masker"),
}

_T = TypeVar("_T")


def __getattr__(name: str) -> Any:
    for module in _HOMES.get(name, ()):
        try:
            return getattr(import_module(module), name)
        except (ImportError, AttributeError):
            continue
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def can_push_none() -> bool:
    """Return whether None may be an XCom. Airflow 3.0 sends no body for it, and its own API refuses that."""
    from airflow import __version__

    return not __version__.startswith("3.0.")


async def run_in_thread(function: Callable[..., _T], *args: Any) -> _T:
    """
    Call a blocking function of Airflow, such as ``mask_secret``, from an event loop.

    Airflow answers connection and masking requests over the loop that a trigger runs on; asked on the loop
    itself, some versions fail (3.0) or refuse for fear of a deadlock (3.2). Airflow's own bridge finds its
    way back only from a thread of asgiref, not from one of ``asyncio.to_thread``. Not from the one thread
    that all ``thread_sensitive`` calls share: one that takes its time would hold up all other triggers.
    """
    from asgiref.sync import sync_to_async

    return await sync_to_async(function, thread_sensitive=False)(*args)


@contextlib.contextmanager
def metadata_database() -> Iterator[None]:
    """
    Let connections be found in Airflow's metadata database, too, where there is one, in place of a task's API.

    Airflow 3.1 and later look there only in processes that say so, as Airflow's own commands do
    (``airflow.cli.commands.connection_command``).
    """
    name = "_AIRFLOW_PROCESS_CONTEXT"
    before = os.environ.get(name)
    os.environ[name] = "server"
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


async def get_async_connection(conn_id: str) -> Connection:
    """Return an Airflow connection without blocking the event loop."""
    from airflow_provider_gong._compat import BaseHook

    return await run_in_thread(BaseHook.get_connection, conn_id)
