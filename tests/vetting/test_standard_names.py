"""Names of standard modules as data: which of them today's Python has."""

from __future__ import annotations

import sys

from safepip.vetting.standard_names import FORMER, STANDARD_NAMES

#: Modules of Pythons that came after the one in which they are missing.
LATER = {"annotationlib", "compression"}


def test_former_modules_are_those_that_a_python_of_today_has_not_got() -> None:
    """Python 3.11 and 3.12 still have some of them; none has lost any other."""
    here = {name.lower() for name in sys.stdlib_module_names}
    assert FORMER < STANDARD_NAMES
    assert STANDARD_NAMES - here - LATER <= FORMER
    if sys.version_info >= (3, 13):
        assert FORMER.isdisjoint(here)


def test_modules_that_are_there_are_not_former_ones() -> None:
    assert FORMER.isdisjoint({"json", "subprocess", "asyncio", "html", "queue", "copyreg", "pickle", *LATER})
    assert {"cookielib", "imp", "distutils", "telnetlib", "urllib2"} <= FORMER
