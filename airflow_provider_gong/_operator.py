"""Code shared by all operators and sensors: pushing results and rendering templates."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import AirflowFailException, BaseOperator
from airflow_provider_gong._text import is_gong_id, shown
from airflow_provider_gong.client.errors import FieldProblem, GongValidationError

if TYPE_CHECKING:
    import jinja2

    from airflow_provider_gong._compat import Context


class GongOperator(BaseOperator):
    """
    An operator whose result other tasks use by its keys: ``create.output["call_id"]``.

    Text stays text even in DAGs with ``render_template_as_native_obj=True``, in which Airflow would convert
    ``+15550100`` to a number. Templates that render to a list or another object still return it. A template without a
    value, such as a missing parameter, is None in all DAGs, not the text ``None``.

    :param multiple_outputs: also push each key of the result as an XCom
    """

    if TYPE_CHECKING:

        @property
        def output(self) -> Any:
            """The result or one of its keys, for another task, which gets the value when it runs."""

    def __init__(self, *, multiple_outputs: bool = True, **kwargs: Any) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)

    def render_template(
        self,
        content: Any,
        context: Context,
        jinja_env: jinja2.Environment | None = None,
        seen_oids: set[int] | None = None,
    ) -> Any:
        """Render a value. Paths stay as they are: Airflow 3.0 and 3.1 resolve them, which fails unless they exist."""
        # Path objects of object stores have templates.
        if isinstance(content, PurePath) and not hasattr(content, "fs"):
            return content
        return super().render_template(content, context, jinja_env, seen_oids)

    def _render(self, template: jinja2.Template, context: Context, dag: Any = None) -> Any:
        from jinja2.nativetypes import NativeEnvironment

        is_native = isinstance(template.environment, NativeEnvironment)
        value = _native(template, context) if is_native else super()._render(template, context, dag)
        if isinstance(value, str) and "MappedArgument(" in value:
            raise AirflowFailException(
                f"{shown(value)!r} contains an argument of a mapped task group, which has no value inside a text. Pass "
                "the argument as it is, and make the text in the task that the group is mapped over."
            )
        return None if value == "None" and not is_native else value


def push_keys(context: Context, result: Mapping[str, Any]) -> None:
    """Push each key of a result that has a value, as Airflow does with ``multiple_outputs`` after a task succeeded."""
    for key, value in result.items():
        if value is not None:
            context["ti"].xcom_push(key=key, value=value)


def _native(template: jinja2.Template, context: Context) -> Any:
    """Render as Airflow's ``render_template`` does, except that text is never evaluated as Python."""
    environment = template.environment
    values: Any = copy.copy(context)
    values.update((name, value) for name, value in template.globals.items() if name not in values)
    nodes = [*template.root_render_func(environment.context_class(environment, values, template.name, {}))]
    if len(nodes) == 1 and not _is_text(nodes[0]):
        return nodes[0]
    return "".join(map(str, nodes))


def required_id(name: str, value: Any) -> str:
    """
    Return the id in a parameter; whole numbers are converted to their digits.

    :raises GongValidationError: if there is none, for example because an upstream task returned nothing
    """
    text = str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""
    if text:
        return text
    raise _without_value(name, value, "an id")


def required_gong_id(name: str, value: Any) -> str:
    """
    Return the id of a call or a meeting in a parameter. Gong would answer that it does not know any other text.

    :raises GongValidationError: if it is none
    """
    text = required_id(name, value)
    if is_gong_id(text):
        return text
    remedy = "Pass only the digits, which follow 'id=' in the URL of a call."
    raise _not_sent(FieldProblem(name, shown(repr(value)), "must be Gong's id, which has only digits", remedy))


def required_place(name: str, value: Any) -> Any:
    """
    Return the path, URL or path object in a parameter.

    :raises GongValidationError: if there is none, for example because an upstream task returned nothing
    """
    if not value:
        raise _without_value(name, value, "a path or URL")
    return value


def _without_value(name: str, value: Any, kind: str) -> GongValidationError:
    remedy = "If it comes from another task or a template, that did not return one: check its result."
    return _not_sent(FieldProblem(name, shown(repr(value)), f"must be {kind}", remedy))


def _not_sent(problem: FieldProblem) -> GongValidationError:
    return GongValidationError("Nothing was sent.", problems=[problem])


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
