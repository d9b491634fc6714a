"""What stands in a URL reaches a keyring program as a word, never as an option; and no folder of PYTHONPATH with it."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from safepip.edges.network.credentials import Credentials
from safepip.model.urls import UrlError, parse

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the imitation keyring is a script with a #! line")

#: The command line of keyring 25, and a module that lies beside nothing.
PROGRAM = """\
#!{python}
import argparse, json, sys
open({log!r}, "a").write(json.dumps(sys.argv[1:]) + "\\n")
parser = argparse.ArgumentParser()
parser.add_argument("-p", "--keyring-path", dest="keyring_path")
parser.add_argument("-b", "--keyring-backend", dest="keyring_backend")
parser.add_argument("--list-backends", action="store_true")
parser.add_argument("--disable", action="store_true")
parser.add_argument("--mode", choices=["password", "creds"], dest="get_mode", default="password")
parser.add_argument("--output", choices=["plain", "json"], dest="output_format", default="plain")
parser.add_argument("operation", choices=["get", "set", "del", "diagnose"], nargs="?")
parser.add_argument("service", nargs="?")
parser.add_argument("username", nargs="?")
parsed = parser.parse_args()
assert (parsed.operation, parsed.get_mode, parsed.output_format) == ("get", "creds", "json")
assert not (parsed.keyring_path or parsed.keyring_backend or parsed.list_backends or parsed.disable)
print(json.dumps({{"username": parsed.username or "me", "password": parsed.service}}))
"""


def imitation(folder: Path) -> tuple[Path, Credentials]:
    """The file that the program writes its words to, and credentials that may ask the program."""
    program, log = folder / "keyring", folder / "asked"
    program.write_text(PROGRAM.format(python=sys.executable, log=str(log)))
    program.chmod(0o755)
    (folder / "hostile").mkdir()
    (folder / "hostile" / "argparse.py").write_text("raise SystemExit('imported from PYTHONPATH')")
    environ = {"HOME": str(folder), "PATH": str(folder), "PYTHONPATH": str(folder / "hostile")}
    return log, Credentials(environ)


@pytest.mark.parametrize("user", ["", "me", "--disable", "-bhostile.Backend", "--keyring-path=hostile", "--", "-h"])
def test_host_and_user_are_words(user: str, tmp_path: Path) -> None:
    """Whatever they begin with."""
    log, secrets = imitation(tmp_path)
    if user:
        secrets.absorb(f"https://{user}@host.example/simple/")
    assert secrets.after_challenge("https://host.example/simple/app/") is not None
    assert secrets.notices == []
    words = json.loads(log.read_text().splitlines()[0])
    assert words[: words.index("--")] == ["--mode=creds", "--output=json", "get"]
    assert words[words.index("--") + 1 :] == (["https://host.example/simple/", user] if user else ["host.example"])


@pytest.mark.parametrize("host", ["-bhostile.example", "--list-backends", "-", "--"])
def test_what_begins_like_an_option_is_no_host(host: str, tmp_path: Path) -> None:
    """No program is asked about it, and no server is either."""
    log, secrets = imitation(tmp_path)
    assert secrets.after_challenge(f"https://{host}/simple/app/") is None
    assert not log.exists()
    with pytest.raises(UrlError):
        parse(f"https://{host}/simple/app/")
