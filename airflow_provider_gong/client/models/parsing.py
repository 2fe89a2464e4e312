"""From pydantic's errors to problems that a person can act on."""

import re
from collections.abc import Mapping
from typing import Any, Final, TypeVar, get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from airflow_provider_gong._text import counted, shown, without_secrets
from airflow_provider_gong.client.errors import FieldProblem, GongValidationError
from airflow_provider_gong.client.models.base import RequestModel
from airflow_provider_gong.client.models.fields import BROKEN_RULE, close_match

M = TypeVar("M", bound=RequestModel)

_MAX_SHOWN = 80

_RULES: Final[Mapping[str, tuple[str, str]]] = {
    "missing": ("is required", "Add it."),
    "string_type": ("must be text", "Give it as text."),
    "string_too_short": ("must not be empty", "Give it a value, or leave it out if it is optional."),
    "string_too_long": ("may have at most {max_length} characters", "Shorten it."),
    "tuple_type": ("must be a list", "Give a list, even for a single entry."),
    "model_type": ("must be an object with named fields", "Give a mapping of field names to values."),
    "int_type": ("must be a whole number", "Give a whole number."),
    "int_parsing": ("must be a whole number", "Give a whole number."),
    "int_from_float": ("must be a whole number", "Give a whole number."),
    "float_type": ("must be a number", "Give a number."),
    "float_parsing": ("must be a number", "Give a number."),
    "finite_number": ("must be a finite number", "Give a finite number, or leave it out."),
    "bool_type": ("must be true or false", "Give true or false."),
    "bool_parsing": ("must be true or false", "Give true or false."),
    "greater_than": ("must be greater than {gt}", "Correct it."),
    "greater_than_equal": ("must be at least {ge}", "Correct it."),
    "less_than_equal": ("must be at most {le}", "Correct it."),
}
"""Rule and remedy of each type of pydantic error that needs nothing but its own context."""


def parse_request(model: type[M], data: Mapping[str, Any] | M) -> M:
    """
    Make a request of the mapping, with everything checked that can be known before it is sent.

    :param model: what to make, such as ``NewCall``
    :param data: fields under Gong's names or in snake_case; a finished model is returned as it is
    :raises GongValidationError: with all problems that were found
    """
    if isinstance(data, model):
        return data
    try:
        return model.model_validate(data)
    except ValidationError as error:
        problems = tuple(_problem(model, details) for details in error.errors(include_url=False))
    raise GongValidationError(
        f"{model.__name__} cannot be sent: {counted(len(problems), 'problem')}.", problems=problems
    )


def _problem(model: type[RequestModel], details: ErrorDetails) -> FieldProblem:
    rule, remedy = _rule_and_remedy(model, details)
    value = "nothing" if details["type"] == "missing" else _shown(details["input"])
    return FieldProblem(field=shown(_wire_path(details["loc"])), value=value, rule=rule, remedy=remedy)


def _rule_and_remedy(model: type[RequestModel], details: ErrorDetails) -> tuple[str, str]:
    context = details.get("ctx", {})
    kind = details["type"]
    if kind == BROKEN_RULE:
        return context["rule"], context["remedy"]
    if kind == "extra_forbidden":
        return _unknown_field(_model_at(model, details["loc"][:-1]), str(details["loc"][-1]))
    if kind == "literal_error":
        return _wrong_choice(details["input"], re.findall(r"'([^']*)'", context["expected"]))
    if kind in _RULES:
        rule, remedy = _RULES[kind]
        return rule.format(**context), remedy
    return f"is not accepted: {details['msg']}", "Correct it."


def _unknown_field(model: type[RequestModel], name: str) -> tuple[str, str]:
    official = model.official_name(name)
    known = [field.alias or python_name for python_name, field in model.model_fields.items()]
    if official in known:
        return f"is another name of {official}, which is also given", "Give one of the two."
    if name in model.not_in_gong:
        return "does not exist in Gong", model.not_in_gong[name]
    meant = close_match(name, known)
    rule = f"is not a field of {model.__name__}"
    return rule, f"Did you mean {meant}?" if meant else f"Remove it. Known fields: {', '.join(known)}."


def _wrong_choice(value: object, allowed: list[str]) -> tuple[str, str]:
    meant = close_match(value, allowed)
    return f"must be one of {', '.join(allowed)}", f"Did you mean {meant}?" if meant else "Use one of these."


def _model_at(model: type[RequestModel], path: tuple[str | int, ...]) -> type[RequestModel]:
    """Return the model of the object at this path below ``model``."""
    for name in (step for step in path if isinstance(step, str)):
        annotations = [field.annotation for field in model.model_fields.values() if field.alias == name]
        model = next((found for entry in annotations if (found := _model_in(entry))), model)
    return model


def _model_in(annotation: Any) -> type[RequestModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, RequestModel):
        return annotation
    return next((found for part in get_args(annotation) if (found := _model_in(part))), None)


def _wire_path(path: tuple[str | int, ...]) -> str:
    steps = [f"[{step}]" if isinstance(step, int) else f".{step}" for step in path]
    return "".join(steps).removeprefix(".") or "request"


def _shown(value: object) -> str:
    """Return the value as a short text that gives no secret away."""
    if isinstance(value, Mapping):
        return "an object"
    if isinstance(value, list | tuple | set | frozenset):
        return f"a list of length {len(value)}"
    # A text in quotes, so that an empty one and spaces at its ends are seen.
    return shown(repr(without_secrets(value) if isinstance(value, str) else value), _MAX_SHOWN)
