"""How Sphinx makes a site of the Markdown in the tree: `make docs`. Every warning is an error there.

The root of the checkout is the source, so that the README and AGENTS.md are pages as well and their links work. The
tables of contents are the links of docs/index.md: one row there, and a page is part of the site.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from pygments.lexers.special import TextLexer

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "reachproof"
copyright = "the reachproof maintainers"
extensions = ["myst_parser"]
root_doc = "docs/index"
include_patterns = ["README.md", "AGENTS.md", "changes/README.md", "bench/README.md", "docs/**.md"]
exclude_patterns = [".*", "build", "dist", "src", "tests"]  # not looked into: an environment has many files
myst_heading_anchors = 4
html_theme = "furo"
html_title = "reachproof"
html_extra_path = ["site"]
html_static_path = ["site/site.css"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_show_copyright = False
html_show_sphinx = False

_SECTION = re.compile(r"^## (.+)$", re.MULTILINE)
_LINK = re.compile(r"^(?:\| |\d+\. )\[[^\]]+\]\(([^)#]+)\.md\)", re.MULTILINE)


def _with_contents(_app: Sphinx, name: str, text: list[str]) -> None:
    """Adds to the index a hidden table of contents for each of its sections."""
    if name != root_doc:
        return
    _, *parts = _SECTION.split(text[0])
    for caption, part in zip(parts[::2], parts[1::2], strict=True):
        entries = "\n".join(_LINK.findall(part))
        text[0] += f"\n```{{toctree}}\n:hidden:\n:caption: {caption}\n\n{entries}\n```\n"


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    for language in ("reach", "reach-pack", "reach-plain", "refused"):
        app.add_lexer(language, TextLexer)
    app.connect("source-read", _with_contents)
