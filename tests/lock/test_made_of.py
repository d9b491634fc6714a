"""Whether a lock was made of some requirements."""

from __future__ import annotations

import pytest
from packaging.markers import Marker
from packaging.specifiers import SpecifierSet

from safepip.lock.made_of import differences, is_for
from safepip.lock.pylock import read_lock
from safepip.model.origin import Origin, Source
from safepip.model.requirement import Requirement

FILE = Origin(Source.FILE, "requirements.in", 1)
LINUX = {"sys_platform": "linux", "python_version": "3.11", "python_full_version": "3.11.7"}
_PACKAGE = """[[packages]]
name = "{0}"
version = "1.0"
archive = {{ url = "https://a.example/{0}.zip", hashes = {{ sha256 = "{1}" }} }}
"""


def lock(*names: str, head: str = "", **needs: str) -> str:
    text = f'lock-version = "1.0"\ncreated-by = "test"\n{head}'
    for name in names:
        text += "\n" + _PACKAGE.format(name, "a" * 64)
        text += f'dependencies = [{{ name = "{needs[name]}" }}]\n' if name in needs else ""
    return text


def asked(name: str, marker: str = "") -> Requirement:
    return Requirement(name, SpecifierSet(), FILE, marker=Marker(marker) if marker else None)


@pytest.mark.parametrize(
    ("text", "requirements", "found"),
    [
        (lock("app", "lib", app="lib"), [asked("app")], []),
        (lock("app", "lib", app="lib"), [asked("app"), asked("lib")], []),
        (lock("app", "lib"), [asked("app")], ["the lock has lib, which nothing asks for"]),
        (lock("app"), [asked("app"), asked("win", "sys_platform == 'win32'")], []),
        (
            lock("app"),
            [asked("app"), asked("more")],
            ["requirements.in:1 asks for more, which the lock does not have"],
        ),
        (lock("app", "own"), [asked("app"), asked("")], []),
    ],
)
def test_what_nothing_asks_for_and_what_is_lacking_is_told(
    text: str, requirements: list[Requirement], found: list[str]
) -> None:
    """What a lock says of who needs whom counts, and markers do."""
    assert list(differences(read_lock(text, FILE), requirements, LINUX)) == found


@pytest.mark.parametrize(
    ("head", "fits"),
    [
        ("", True),
        ("environments = [\"sys_platform == 'linux'\"]\n", True),
        ("environments = [\"sys_platform == 'win32'\", \"python_version == '3.11'\"]\n", True),
        ("environments = [\"python_version == '3.12'\"]\n", False),
    ],
)
def test_a_lock_is_for_its_environments(head: str, fits: bool) -> None:
    """One that names none is for all."""
    assert is_for(read_lock(lock("app", head=head), FILE), LINUX) is fits
