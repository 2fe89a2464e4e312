"""Settings of the documentation, which ``make docs`` builds without a network."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_ext"))

from airflow_provider_gong import __version__

project = "airflow-provider-gong"
author = "The authors of airflow-provider-gong"
copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "diagrams", "reference_pages"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_ext", "_static"]
nitpicky = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
myst_fence_as_directive = ["mermaid"]

autodoc_class_signature = "mixed"
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_typehints_format = "short"
python_maximum_signature_line_length = 88
add_module_names = False

html_theme = "furo"
html_title = f"airflow-provider-gong {version}"
html_logo = html_favicon = "images/logo.svg"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["style.css"]
html_theme_options = {"light_css_variables": {"color-brand-primary": "#5a34a0", "color-brand-content": "#5a34a0"}}
