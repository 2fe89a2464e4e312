"""Shows Mermaid diagrams as their text: the page needs no script from elsewhere, and the text reads well enough."""

from __future__ import annotations

from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective


class Mermaid(SphinxDirective):
    """A fence that Git hosts draw."""

    has_content = True

    def run(self) -> list[nodes.Node]:
        """Return the text of the diagram."""
        text = "\n".join(self.content)
        return [nodes.literal_block(text, text, language="text")]


def setup(app: Sphinx) -> dict[str, Any]:
    """Register the directive."""
    app.add_directive("mermaid", Mermaid)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
