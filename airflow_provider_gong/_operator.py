"""Code shared by all operators and sensors: pushing results and rendering templates."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

from airflow_provider_gong._compat import BaseOperator
from airflow_provider_gong._text import shown
from airflow_provider_gong.client.errors import FieldProblem, GongValidationError

if TYPE_CHECKING:
    import jinja2

    from airflow_provider_gong._compat import Context


class GongOperator(BaseOperator):
    """
    An operator whose result other tasks use by its keys: ``create.output["call_id"]``.

    Text stays text even in DAGs with ``render_template_as_native_obj=True``, in which Airflow would convert
    ``+15550100`` to a number. Templates that render to a list or another object still return it.

    :param multiple_outputs: also push each key of the result as an XCom
    """

    if TYPE_CHECKING:

        @property
        def output(self) -> Any:
            """The result or one of its keys, for another task, which gets the value when it runs."""

    def __init__(self, *, multiple_outputs: bool = True, **kwargs: Any) -> None:
        super().__init__(multiple_outputs=multiple_outputs, **kwargs)

    def _render(self, template: jinja2.Template, context: Context, dag: Any = None) -> Any:
        from jinja2.nativetypes import NativeEnvironment

        environment = template.environment
        if not isinstance(environment, NativeEnvironment):
            return super()._render(template, context, dag)
        # Like Airflow's render_template, except that text is never evaluated as Python.
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
    if text and text != "None":
        return text
    problem = FieldProblem(
        name,
        shown(repr(value)),
        "must be an id",
        "If it comes from another task, that task did not return one: check its result.",
    )
    raise GongValidationError("Nothing was sent.", problems=[problem])


def _is_text(value: Any) -> bool:
    return isinstance(value, str | int | float) and not isinstance(value, bool)
