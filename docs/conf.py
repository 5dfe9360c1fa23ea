"""Sphinx settings. The reference is written from the code by ``generate.py`` before each build.

Nothing here asks the network: no intersphinx, no remote fonts, no remote scripts.
"""

from __future__ import annotations

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "src")]

import generate  # noqa: E402

from aprendiz._version import __version__  # noqa: E402

generate.write_all(HERE / "reference" / "generated")

project = "aprendiz"
author = "The aprendiz authors"
copyright = "The aprendiz authors, Apache-2.0"
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "STYLE.md"]
myst_enable_extensions = ["colon_fence", "deflist", "fieldlist"]
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"
napoleon_google_docstring = True
napoleon_numpy_docstring = False

html_theme = "furo"
html_title = f"aprendiz {__version__}"
html_show_sphinx = False
html_copy_source = False
