"""Sphinx: `python -m sphinx -W -b html docs docs/_build`, and `-b doctest` runs every example of these pages."""

from importlib.util import find_spec

import fastbpts

project = "fastbpts"
author = "fastbpts developers"
release = version = fastbpts.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.mathjax", "numpydoc", "myst_parser"]
exclude_patterns = ["_build"]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
myst_enable_extensions = ["amsmath", "dollarmath"]
myst_heading_anchors = 3
numpydoc_show_class_members = False
autodoc_member_order = "bysource"
autodoc_typehints = "none"
autodoc_inherit_docstrings = True
autodoc_mock_imports = [] if find_spec("torch") else ["torch"]  # an optional extra

# Examples write files: each page gets an empty directory of its own.
doctest_global_setup = """
import os, tempfile
from importlib.util import find_spec
import numpy as np
import fastbpts as fb
_here = os.getcwd()
_directory = tempfile.TemporaryDirectory()
os.chdir(_directory.name)
"""
doctest_global_cleanup = """
os.chdir(_here)
_directory.cleanup()
"""

html_theme = "alabaster"
html_title = f"fastbpts {release}"
html_show_sourcelink = False
html_theme_options = {
    "description": "Back-propagation through structure, fast, on the CPU",
    "fixed_sidebar": True,
    "page_width": "1080px",
    "sidebar_collapse": False,
}
