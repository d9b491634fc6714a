"""How the pages of this folder become a site: `python -m sphinx -W --keep-going -b dirhtml docs build/site`."""

from __future__ import annotations

import re
from importlib.metadata import version as version_of
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "safepip"
author = copyright = "The safepip developers"  # noqa: A001 - Sphinx's own name
release = version = version_of("safepip")

extensions = ["myst_parser"]
exclude_patterns = ["examples"]
# The links of the pages work in a checkout, too: `page.md#heading`, with the headings' own names.
myst_heading_anchors = 4

html_theme = "furo"
html_title = "safepip"
html_show_sourcelink = False
# There is nothing to list in one: no page declares an entry.
html_use_index = False
html_static_path = ["_static"]
html_css_files = ["site.css"]

_CHILDREN = """
```{toctree}
:hidden:
:glob:
*
```
"""


#: Pages at the top of a checkout, and where the site has them.
_ABOVE = {"README": "index", "CONTRIBUTING": "contributing", "SECURITY": "reporting", "CHANGELOG": "changelog"}
_LINK = re.compile(rf"\]\(((?:\.\./)*)({'|'.join(_ABOVE)})\.md")


def adapt(_app: Sphinx, name: str, source: list[str]) -> None:
    """What a page needs on the site and not in a checkout, where links lead out of this folder and lists are enough."""
    source[0] = _LINK.sub(lambda link: _link(link[2]) if link[1] else link[0], source[0])
    if name.endswith("/README"):
        source[0] += _CHILDREN


def adapt_included(_app: Sphinx, _path: object, _name: str, source: list[str]) -> None:
    """The same for a page at the top of a checkout."""
    source[0] = _LINK.sub(lambda link: _link(link[2]), source[0])


def _link(page: str) -> str:
    return f"](/{_ABOVE[page]}.md"


def setup(app: Sphinx) -> None:
    """Sphinx calls this."""
    app.connect("source-read", adapt)
    app.connect("include-read", adapt_included)
