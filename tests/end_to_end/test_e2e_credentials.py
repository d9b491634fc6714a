"""Canary credentials: wherever a user writes one, it reaches the host it belongs to and nothing else.

Looked through after each run: what was printed, the log, the report, every file below the home, the project, the
temporary folder and the environment, what pip was given (arguments, variables and private folder), and the
requests that every host has seen.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from support.environment import secrets_found
from support.replies import Reply, status
from support.runs import IMPATIENT, shown
from support.watched import watch

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable

    from support.environment import Environment, Runner
    from support.index import IndexServer
    from support.replies import Request

USER, PASSWORD = "reader", "canary/4e:1 b%7@9"
ENCODED = quote(PASSWORD, safe="")
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
SECRETS = (PASSWORD, ENCODED, PASSWORD.replace("%", "%25"), TOKEN, "canary")

#: Keeps what pip is given, before it starts: its arguments, variables and the files in the private folder.
HOOK = """
import os, sys
if "--no-index" in sys.orig_argv:
    import shutil
    kept = os.environ["HOME"] + "/given-to-pip"
    given = os.path.dirname(sys.orig_argv[sys.orig_argv.index("--find-links") + 1])
    shutil.copytree(given, kept, dirs_exist_ok=True)
    started = {k: v for k, v in os.environ.items() if not k.startswith("INDEX_")}  # the user's own, not safepip's
    with open(kept + "/start", "w") as file: file.write(repr(sys.orig_argv) + repr(started))
"""


class World:
    """An index that asks for the password, another host that must never see it, and a target."""

    def __init__(self, private: IndexServer, other: IndexServer, runner: Runner, target: Environment) -> None:
        self.private = private
        self.other = other
        self.runner = runner
        self.target = target
        private.auth = (USER, PASSWORD)
        for index in (private, other):
            index.add("app", "1.0", requires=["lib"])
            index.add("lib", "1.0")
        watch(target.python, HOOK)

    def text(self, text: str) -> str:
        """A text with its marks replaced: `<index>` has the credential in it, `<bare>` has none."""
        origin = self.private.host.origin
        marks = {
            "<index>": f"http://{USER}:{ENCODED}@{origin.partition('://')[2]}/simple/",
            "<host>": f"http://{USER}:{ENCODED}@{origin.partition('://')[2]}",
            "<bare>": self.private.url,
            "<origin>": origin,
            "<netloc>": origin.partition("://")[2],
            "<other>": self.other.host.origin.partition("://")[2],
            "<password>": PASSWORD,
            "<encoded>": ENCODED,
        }
        for mark, value in marks.items():
            text = text.replace(mark, value)
        return text

    def run(self, *words: str, env: dict[str, str], files: dict[str, str]) -> subprocess.CompletedProcess[str]:
        """Run `safepip install` with everything that could tell switched on; `files` are gone again afterwards."""
        for name, text in files.items():
            (self.runner.folder / name).write_text(self.text(text))
        done = self.runner.inside(
            *("install", "--python", self.target.python, "-vvv", "--log", "log.txt", *IMPATIENT),
            *map(self.text, words),
            env={name: self.text(value) for name, value in env.items()},
        )
        for name in files:
            (self.runner.folder / name).unlink()
        return done

    def check(self, done: subprocess.CompletedProcess[str]) -> None:
        """No secret anywhere but at its own host."""
        stated = done.stdout + done.stderr
        assert [secret for secret in SECRETS if secret in stated] == [], shown(done)
        assert secrets_found(self.runner.home.parent, SECRETS) == []
        for request in self.other.requests:
            assert "authorization" not in request.headers
            assert "canary" not in request.path + str(request.headers)
        for request in self.private.requests:
            named = {name for name, value in request.headers.items() if TOKEN in value or "canary" in value}
            assert named <= {"authorization"}
            assert "canary" not in request.path


@pytest.fixture
def world(two_indexes: tuple[IndexServer, IndexServer], runner: Runner, target: Environment) -> World:
    """Both hosts answer."""
    return World(*two_indexes, runner, target)


@dataclass(frozen=True, slots=True)
class Place:
    """Where the credential is written. `words` follow `safepip install`."""

    words: str = ""
    env: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)


VARIABLES = {"INDEX_USER": USER, "INDEX_PASSWORD": "<encoded>"}
DECLARED = '[[index]]\nname = "acme"\nurl = "<bare>"\npackages = ["app", "lib"]\nfile-hosts = ["<other>"]\n'

PLACES = {
    "the command line": Place("-i <index> app"),
    "the environment": Place("app", {"PIP_INDEX_URL": "<index>"}),
    "an extra index": Place("--no-index --find-links <host>/list app", {"PIP_FIND_LINKS": "<host>/list"}),
    "pip's configuration": Place(
        "app", {"PIP_CONFIG_FILE": "pip.conf"}, {"pip.conf": "[global]\nindex-url = <index>\n"}
    ),
    "netrc": Place(
        "-i <bare> app", {"NETRC": "netrc"}, {"netrc": f'machine 127.0.0.1 login {USER} password "<password>"\n'}
    ),
    "a requirements file": Place("-r wanted.txt", {}, {"wanted.txt": "--index-url <index>\napp\n"}),
    "a variable": Place(
        "-i <bare> -r wanted.txt",
        VARIABLES,
        {"wanted.txt": "-i http://${INDEX_USER}:${INDEX_PASSWORD}@<netloc>/simple/\napp\n"},
    ),
    "a declared index": Place(
        "-r wanted.txt",
        VARIABLES,
        {"safepip.toml": DECLARED, "wanted.txt": "-i http://${INDEX_USER}:${INDEX_PASSWORD}@<netloc>/simple/\napp\n"},
    ),
    "the name of a declared index": Place(
        "app",
        {"SAFEPIP_INDEX_ACME_USERNAME": USER, "SAFEPIP_INDEX_ACME_PASSWORD": "<password>"},
        {"safepip.toml": DECLARED},
    ),
    "a requirement's URL": Place(
        "-i <index> -r wanted.txt",
        VARIABLES,
        {"wanted.txt": "app @ http://${INDEX_USER}:${INDEX_PASSWORD}@<netloc>/simple/dl/app-1.0-py3-none-any.whl\n"},
    ),
    "a requirements file's URL": Place("-i <bare> -r <host>/wanted.txt"),
}


def page(index: IndexServer, body: bytes, content_type: str) -> Callable[[Request], Reply]:
    """Something for whoever has the password."""

    def answer(request: Request) -> Reply:
        if not index._authorised(request):
            return Reply(401, b"", {"WWW-Authenticate": "Basic"})
        return Reply(200, body, {"Content-Type": content_type})

    return answer


@pytest.mark.usually(
    "the command line", "netrc", "a variable", "a declared index", "the name of a declared index", "a requirement's URL"
)
@pytest.mark.parametrize("name", PLACES)
def test_a_credential_stays_where_it_belongs(name: str, world: World) -> None:
    """It opens its index, wherever it was written, and is seen nowhere else; a wrong one is not shown either."""
    place = PLACES[name]
    index = world.private
    links = "".join(
        f'<a href="{index.file_path(f.filename)}#sha256={f.listed_hashes()["sha256"]}">{f.filename}</a>'
        for project in index.projects.values()
        for f in project.files
    )
    index.host.paths["/list"] = page(index, links.encode(), "text/html")
    index.host.paths["/wanted.txt"] = page(index, b"app\n", "text/plain")
    wheel = index.projects["app"].files[0]
    index.host.paths[f"/simple/dl/{wheel.filename}"] = page(index, wheel.data, "application/octet-stream")
    if "declared index" in name:
        index.files_base = f"{world.other.host.origin}/files/"
    words = place.words.split()
    done = world.run(*words, "--report", "report.json", env=place.env, files=place.files)
    assert done.returncode == 0, shown(done)
    world.check(done)
    assert "GET http" in done.stderr, "it says all that it ever says"
    assert "GET http" in (world.runner.folder / "log.txt").read_text()
    assert world.target.installed() == {"app": "1.0", "lib": "1.0"}
    assert any("authorization" in request.headers for request in index.requests)
    assert bool(world.other.requests) == ("declared index" in name)
    assert (world.runner.home / "given-to-pip" / "start").is_file()
    assert (world.runner.folder / "report.json").is_file()
    index.auth = (USER, "changed")
    done = world.run(*words, "--force-reinstall", "--no-cache-dir", env=place.env, files=place.files)
    assert done.returncode == 1, shown(done)
    world.check(done)


def test_a_proxys_credential_is_the_proxys(world: World) -> None:
    """It is sent to the proxy, which may be named without a scheme, and not to the index behind it."""
    proxy, index = world.other, world.private
    index.auth = None
    netloc = proxy.host.origin.partition("://")[2]
    words = (
        "-i",
        "http://packages.acme.example/simple/",
        "--trusted-host",
        "packages.acme.example",
        "--no-deps",
        "app",
    )
    for given, env in (
        (("--proxy", f"{USER}:{ENCODED}@{netloc}"), {}),
        ((), {"HTTP_PROXY": f"http://{USER}:{ENCODED}@{netloc}"}),
    ):
        proxy.requests.clear()
        done = world.run(*given, *words, "--dry-run", "--no-cache-dir", env=env, files={})
        assert done.returncode == 0, shown(done)
        assert {request.headers.get("proxy-authorization") for request in proxy.requests} == {f"Basic {TOKEN}"}
        assert [secret for secret in SECRETS if secret in done.stdout + done.stderr] == [], shown(done)
        assert secrets_found(world.runner.home.parent, SECRETS) == []
    host, proxy.host.faults = proxy.host, {"/simple/app/": status(407)}
    done = world.run("--proxy", f"{USER}:{ENCODED}@{netloc}", *words, "--no-cache-dir", env={}, files={})
    assert (done.returncode, host.origin in done.stderr) == (1, False), shown(done)
    assert [secret for secret in SECRETS if secret in done.stdout + done.stderr] == [], shown(done)


BROKEN = {
    "an unencoded password": Place(f"-i http://{USER}:{PASSWORD.replace(' ', '')}@127.0.0.1:9/simple/ app"),
    "a port that is none": Place("-i http://u:canary@127.0.0.1:99999/simple/ app"),
    "a host that is none": Place("-i http://u:canary@[bad/simple/ app"),
    "another scheme": Place("-i ftp://u:canary@127.0.0.1/simple/ app"),
    "a dead host": Place("-i http://u:canary@127.0.0.1:9/simple/ app"),
    "a dead proxy": Place("-i http://a.example/ --trusted-host a.example --proxy u:canary@127.0.0.1:9 app"),
    "a dead requirements file": Place("-r http://u:canary@127.0.0.1:9/r.txt -c http://u:canary@127.0.0.1:9/c.txt"),
    "version control": Place("git+https://u:canary@127.0.0.1:9/x.git svn+ssh://u:canary@h/x app"),
    "no requirement at all": Place(
        "app@@http://u:canary@127.0.0.1:9/x", {"PIP_EXTRA_INDEX_URL": "http://u:canary@127.0.0.1:9"}
    ),
    "a URL of no wheel": Place("http://u:canary@127.0.0.1:9/x.txt"),
    "a variable as version": Place("-r r.txt", {"SECRET": "canary!"}, {"r.txt": "app==${SECRET}\n"}),
    "a variable as option": Place(
        "-r r.txt",
        {"SECRET": "canary!"},
        {"r.txt": "--trusted-host ${SECRET}\n-f ${SECRET}\n-r ${SECRET}\n--${SECRET}\n"},
    ),
    "a variable as hash": Place("-r r.txt", {"SECRET": "canary!"}, {"r.txt": "app==1 --hash=sha256:${SECRET}\n"}),
    "a declared URL": Place(
        "app", {}, {"safepip.toml": '[[index]]\nname = "a"\nurl = "http://u:canary@127.0.0.1:9/"\ndefault = true\n'}
    ),
    "pip's configuration": Place(
        "app", {"PIP_CONFIG_FILE": "pip.conf"}, {"pip.conf": "index-url = http://u:canary@127.0.0.1:9/\n"}
    ),
    "a wrong value": Place("app", {"PIP_TIMEOUT": "http://u:canary@h", "PIP_PROXY": "u:canary@"}),
}


@pytest.mark.parametrize("name", BROKEN)
def test_an_error_repeats_no_credential(name: str, world: World) -> None:
    """Whatever is wrong with the text that it is written in."""
    place = BROKEN[name]
    done = world.run(*place.words.split(), env=place.env, files=place.files)
    assert done.returncode in (1, 2, 3, 20), shown(done)
    assert done.stderr.startswith("error: ") or "\nerror: " in done.stderr, shown(done)
    assert "Traceback" not in done.stderr, shown(done)
    world.check(done)
    assert world.private.requests == world.other.requests == []
