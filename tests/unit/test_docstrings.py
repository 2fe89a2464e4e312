"""What the linter cannot keep of docstrings: fields name parameters that exist, and end without a full stop."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "airflow_provider_gong"
FIELD = re.compile(r"^:(?P<kind>param|raises|return)(?P<name>[^:]*):\s+(?P<text>.*(?:\n[ \t]+.*)*)", re.MULTILINE)
Documented = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def documented(tree: ast.Module) -> Iterator[tuple[Documented, str]]:
    for node in ast.walk(tree):
        if isinstance(node, Documented) and (text := ast.get_docstring(node)):
            yield node, text


def parameters(node: Documented) -> set[str] | None:
    """Return what may be given to a function or to a class; None if a class inherits some of it."""
    if isinstance(node, ast.ClassDef):
        made_by = [part for part in node.body if isinstance(part, ast.FunctionDef) and part.name == "__init__"]
        fields = [part.target for part in node.body if isinstance(part, ast.AnnAssign)]
        names = {field.id for field in fields if isinstance(field, ast.Name)}
        return None if node.bases else names.union(*(parameters(function) or () for function in made_by))
    arguments = node.args
    named = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, arguments.vararg, arguments.kwarg)
    return {argument.arg for argument in named if argument is not None}


def faults(path: Path) -> Iterator[str]:
    for node, text in documented(ast.parse(path.read_text(encoding="utf-8"))):
        for field in FIELD.finditer(text):
            place = f"{path.relative_to(FOLDER)}: {node.name}: {field['kind']}{field['name']}"
            if re.search(r"(?<!\.\.)\.\s*$", field["text"]):
                yield f"{place} ends with a full stop"
            known = parameters(node)
            if field["kind"] == "param" and known is not None and field["name"].strip() not in known:
                yield f"{place} is no parameter"


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.py")), ids=lambda path: str(path.relative_to(FOLDER)))
def test_fields_of_docstrings(path: Path) -> None:
    assert list(faults(path)) == []
