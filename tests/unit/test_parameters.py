"""Public classes and functions document each parameter that they accept, no others, and which are templated."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import pytest

from airflow_provider_gong import assets, retries, task_groups
from airflow_provider_gong.client.clients import AsyncGongClient, GongClient
from airflow_provider_gong.client.resources import calls, meetings, users, workspaces
from airflow_provider_gong.client.resources.methods import ApiListing, ApiMethod
from airflow_provider_gong.get_provider_info import get_provider_info

PARAM = re.compile(r"^:param (\w+):\s+(.*(?:\n[ \t]+.*)*)", re.MULTILINE)
KINDS = ("operators", "sensors", "transfers", "hooks", "triggers", "notifications")
# Airflow's names for what its own classes accept, or what a docstring mentions beside the signature.
OF_AIRFLOW = {"multiple_outputs", "outlets", "poke_interval", "timeout"}
OTHERS = {"options"}
# Of the clients, for what the typed surface does not have.
OF_DRIVERS = {"send", "perform", "iterate"}
OF_TASKS = {"context", "event"}


def modules() -> Iterator[str]:
    """Yield the modules with classes for users."""
    for kind in KINDS:
        for entry in get_provider_info().get(kind, ()):
            if isinstance(entry, str):
                yield entry.rpartition(".")[0]
            else:
                yield from entry.get("python-modules", ())
    for entry in get_provider_info().get("transfers", ()):
        yield entry["python-module"]


def public_classes() -> Iterator[type]:
    for name in sorted(set(modules())):
        for found in vars(import_module(name)).values():
            if inspect.isclass(found) and found.__module__ == name and not found.__name__.startswith("_"):
                yield found
    yield from (GongClient, AsyncGongClient)


def public_functions() -> Iterator[Callable[..., Any]]:
    for module in (task_groups, retries, assets):
        for name, found in vars(module).items():
            if inspect.isfunction(found) and found.__module__ == module.__name__ and not name.startswith("_"):
                yield found
    resources = (
        found
        for module in (calls, meetings, users, workspaces)
        for found in vars(module).values()
        if inspect.isclass(found) and found.__module__ == module.__name__
    )
    for owner in (*public_classes(), *resources):
        for name, member in vars(owner).items():
            found = getattr(owner, name) if isinstance(member, ApiMethod | ApiListing) else member
            if inspect.isfunction(found) and not name.startswith("_") and name not in OF_DRIVERS:
                yield found


CLASSES = list(public_classes())
FUNCTIONS = list(public_functions())


def accepted(function: Callable[..., Any]) -> set[str]:
    named = inspect.signature(function).parameters.values()
    return {name.name for name in named if name.kind is not name.VAR_KEYWORD} - {"self", "cls"}


def own_bases(owner: type) -> list[type]:
    return [base for base in owner.__mro__ if base.__module__.startswith("airflow_provider_gong.")]


def documented(owner: type) -> dict[str, str]:
    """Return the parameters that a class and its bases document: the reference shows both."""
    found: dict[str, str] = {}
    for base in own_bases(owner):
        for name, text in PARAM.findall(inspect.cleandoc(base.__doc__ or "")):
            found.setdefault(name, text)
    return found


@pytest.mark.parametrize("owner", CLASSES, ids=lambda owner: owner.__name__)
def test_classes_document_their_parameters(owner: type) -> None:
    makers = [vars(base)["__init__"] for base in own_bases(owner) if "__init__" in vars(base)]
    names: set[str] = set().union(*map(accepted, makers))
    assert set(documented(owner)) - OF_AIRFLOW - OTHERS == names - OF_AIRFLOW


@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda function: function.__qualname__)
def test_functions_document_their_parameters(function: Callable[..., Any]) -> None:
    found = {name for name, _ in PARAM.findall(inspect.getdoc(function) or "")}
    names = accepted(function) - OF_TASKS
    others = {parameter.name for parameter in inspect.signature(function).parameters.values()} - names
    assert found - others == names


@pytest.mark.parametrize(
    "owner", [owner for owner in CLASSES if hasattr(owner, "template_fields")], ids=lambda owner: owner.__name__
)
def test_classes_say_what_is_templated(owner: Any) -> None:
    said = {name for name, text in documented(owner).items() if "templated" in text}
    assert said == set(owner.template_fields) & set(documented(owner))


def test_there_is_something_to_check() -> None:
    assert {"GongCreateCallOperator", "GongHook", "GongCallImportNotifier"} <= {owner.__name__ for owner in CLASSES}
    assert {"gong_call_import", "create", "list"} <= {function.__name__ for function in FUNCTIONS}
