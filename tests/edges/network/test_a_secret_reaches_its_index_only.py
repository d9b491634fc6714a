"""A credential goes to the index it is meant for: to its port, to its path, and to no other program.

netrc knows hosts and no ports. The variables of an index know its name, and the configuration alone says which URL
that is.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest

from safepip.config.level import read_level
from safepip.config.merging import merge
from safepip.config.own_variables import stem_of, unused_variables
from safepip.edges.network.credentials import Credentials
from safepip.environment.python_variables import clean_environment, foreign_environment
from safepip.model.errors import UsageError
from safepip.model.index import Index, IndexUrl
from safepip.model.origin import BUILT_IN, Origin, Source
from support.index import IndexServer
from support.replies import redirect

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.environment import Environment, Runner
    from support.inside import Inside

USER, PASSWORD = "reader", "canary/4e:1b7"
PAIR = (USER, PASSWORD)
TOKEN = base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()
VARIABLES = {"SAFEPIP_INDEX_ACME_USERNAME": USER, "SAFEPIP_INDEX_ACME_PASSWORD": PASSWORD}
ACME = "https://packages.acme.example/team/simple/"


def index(url: str, name: str = "acme", source: Source = Source.PROJECT_CONFIG, **fields: tuple[str, ...]) -> Index:
    """One index in force."""
    return Index(name, IndexUrl.parse(url), origin=Origin(source), **fields)  # type: ignore[arg-type]


def netrc(tmp_path: Path, text: str) -> dict[str, str]:
    """An environment with a netrc file."""
    (tmp_path / "netrc").write_text(text)
    return {"NETRC": str(tmp_path / "netrc"), "HOME": str(tmp_path)}


# --- netrc ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        ("https://packages.acme.example:8443/simple/", True),
        ("https://packages.acme.example:8443/elsewhere", True),
        ("https://packages.acme.example/simple/", False),
        ("https://packages.acme.example:443/simple/", False),
        ("https://packages.acme.example:9443/simple/", False),
        ("http://packages.acme.example:8443/simple/", False),
        ("http://packages.acme.example/simple/", False),
        ("https://files.acme.example:7443/x.whl", True),
        ("https://files.acme.example/x.whl", True),
        ("https://files.acme.example:9443/x.whl", False),
        ("https://other.acme.example/r.txt", True),
        ("https://other.acme.example:8443/r.txt", False),
        ("http://other.acme.example/r.txt", False),
        ("http://other.acme.example:443/r.txt", False),
    ],
)
def test_netrc_reaches_the_ports_of_the_indexes_in_force(url: str, sent: bool, tmp_path: Path) -> None:
    """Of a host that no index stands on, the usual port of https: who wrote `machine HOST` meant no other."""
    hosts = ("packages.acme.example", "files.acme.example", "other.acme.example")
    text = "".join(f"machine {host} login {USER} password {PASSWORD}\n" for host in hosts)
    credentials = Credentials(netrc(tmp_path, text))
    credentials.know([index("https://packages.acme.example:8443/simple/", file_hosts=("files.acme.example:7443",))])
    assert (credentials.for_url(url) == PAIR) == sent
    assert (credentials.authorization(url) is not None) == sent


def test_a_requirements_file_adds_no_port_to_a_host_that_is_named_elsewhere(tmp_path: Path) -> None:
    """Whoever can change it and listens on another port of the host would get the entry. Alone it names the port."""
    credentials = Credentials(netrc(tmp_path, f"machine packages.acme.example login {USER} password {PASSWORD}\n"))
    theirs = index("https://packages.acme.example:9443/simple/", name="theirs", source=Source.FILE)
    for source in set(Source) - {Source.FILE}:
        credentials.know([theirs, index(ACME, source=source)])
        assert credentials.for_url("https://packages.acme.example:9443/simple/x/") is None
        assert credentials.for_url("https://packages.acme.example/team/simple/x/") == PAIR
    credentials.know([theirs, index("https://elsewhere.example/simple/")])
    assert credentials.for_url("https://packages.acme.example:9443/simple/x/") == PAIR
    assert credentials.for_url("https://packages.acme.example/simple/x/") is None


def test_the_default_entry_of_netrc_is_nobodys(tmp_path: Path) -> None:
    """pip sends it to every host there is."""
    credentials = Credentials(netrc(tmp_path, f"default login {USER} password {PASSWORD}\n"))
    credentials.know([index(ACME)])
    assert credentials.for_url(ACME) is None


def test_a_server_on_another_port_gets_nothing(
    two_indexes: tuple[IndexServer, IndexServer], run: Inside, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """End to end: both on one host, one of them the index; a requirement leads to the other."""
    mine, other = two_indexes
    mine.auth = PAIR
    mine.add("app", "1.0")
    wheel = other.add("lib", "1.0")
    monkeypatch.setenv("NETRC", netrc(tmp_path, f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")["NETRC"])
    direct = f"lib @ {other.host.origin}{other.file_path(wheel.filename)}"
    done = run("lock", "-o", "-", "--no-cache-dir", "-i", mine.url, "app", direct)
    assert done.code == 0, done.err
    assert any(TOKEN in request.headers.get("authorization", "") for request in mine.requests)
    assert other.requests
    assert not any("authorization" in request.headers for request in other.requests)


def test_the_hint_of_a_401_helps(index_: IndexServer, run: Inside, monkeypatch: pytest.MonkeyPatch) -> None:
    """It says where credentials are looked for, and that netrc's `default` is not one of the places."""
    index_.auth = PAIR
    index_.add("app", "1.0")
    declare(run.folder, index_.url)
    words = ("lock", "-o", "-", "--no-cache-dir", "--no-input", "app")
    done = run(*words)
    assert done.code == 1
    assert "a line for 127.0.0.1; its `default` entry is not used" in done.err
    assert "SAFEPIP_INDEX_ACME_USERNAME and _PASSWORD" in done.err
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    assert run(*words).code == 0
    for name in VARIABLES:
        monkeypatch.delenv(name)
    monkeypatch.setenv("NETRC", str(run.folder / "netrc"))
    (run.folder / "netrc").write_text(f"default login {USER} password {PASSWORD}\n")
    assert run(*words).code == 1
    (run.folder / "netrc").write_text(f"machine 127.0.0.1 login {USER} password {PASSWORD}\n")
    assert run(*words).code == 0


@pytest.fixture(name="index_")
def served() -> Iterator[IndexServer]:
    """An index on loopback."""
    with IndexServer() as server:
        yield server


def declare(folder: Path, url: str, name: str = "acme") -> None:
    """A configuration with one index."""
    (folder / "safepip.toml").write_text(f'[[index]]\nname = "{name}"\nurl = "{url}"\ndefault = true\n')


# --- by the name of an index ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "sent"),
    [
        (ACME, True),
        (ACME + "app/", True),
        ("HTTPS://PACKAGES.acme.example:443/team/simple/app/", True),
        ("https://packages.acme.example/team/", False),
        ("https://packages.acme.example/team/simple2/", False),
        ("https://packages.acme.example/team/simple/../../other/", False),
        ("https://packages.acme.example/team/simple/%2e%2e/other/", False),
        ("https://packages.acme.example/other/simple/", False),
        ("https://packages.acme.example:8443/team/simple/", False),
        ("http://packages.acme.example/team/simple/", False),
        ("https://acme.example/team/simple/", False),
    ],
)
def test_a_named_credential_reaches_the_origin_and_path_of_its_index(url: str, sent: bool) -> None:
    """One host serves many registries."""
    credentials = Credentials(VARIABLES)
    credentials.know([index(ACME)])
    assert (credentials.for_url(url) == PAIR) == sent


def test_and_the_files_that_the_index_lists_on_its_origin() -> None:
    """Wherever on it they lie; on another origin, and for another index, they get nothing."""
    credentials = Credentials(VARIABLES)
    other = index("https://packages.acme.example/other/simple/", "other")
    credentials.know([index(ACME), other])
    file = "https://packages.acme.example/files/x.whl"
    assert credentials.for_url(file) is None
    assert credentials.for_url(file, IndexUrl.parse(ACME)) == PAIR
    assert credentials.for_url(file, other.url) is None
    assert credentials.for_url("https://cdn.acme.example/x.whl", IndexUrl.parse(ACME)) is None


@pytest.mark.parametrize("source", [Source.COMMAND_LINE, Source.FILE, Source.PIP_CONFIG, Source.ENVIRONMENT])
def test_an_index_that_is_not_declared_has_no_name_of_its_own(source: Source) -> None:
    """A requirements file could name a host as somebody's secret is called."""
    credentials = Credentials(VARIABLES)
    credentials.know([index("https://acme/simple/", "acme", source)])
    assert credentials.for_url("https://acme/simple/") is None


@pytest.mark.parametrize("name", ["acme", "Acme", "a.c-m_e"])
def test_a_name_is_written_in_upper_case_with_underscores(name: str) -> None:
    """As other tools of the field have it."""
    stem = stem_of(name)
    assert stem == {"a.c-m_e": "A_C_M_E"}.get(name, "ACME")
    credentials = Credentials({f"SAFEPIP_INDEX_{stem}_USERNAME": USER, f"SAFEPIP_INDEX_{stem}_PASSWORD": PASSWORD})
    credentials.know([index(ACME, name)])
    assert credentials.for_url(ACME) == PAIR


def test_a_name_or_a_password_alone() -> None:
    """A token goes with an empty name; a name alone is what the keyring is asked with, and goes with no password."""
    for variables, pair in (
        ({"SAFEPIP_INDEX_ACME_PASSWORD": PASSWORD}, ("", PASSWORD)),
        ({"SAFEPIP_INDEX_ACME_USERNAME": USER}, (USER, "")),
        ({"SAFEPIP_INDEX_ACME_USERNAME": USER, "SAFEPIP_INDEX_ACME_PASSWORD": ""}, (USER, "")),
        ({"SAFEPIP_INDEX_ACME_USERNAME": "", "SAFEPIP_INDEX_ACME_PASSWORD": ""}, None),
    ):
        credentials = Credentials(variables)
        credentials.know([index(ACME)])
        assert credentials.for_url(ACME) == pair


def test_the_variables_go_before_everything_else(tmp_path: Path) -> None:
    """They are the most particular thing that can be said; what is wrong is not tried again with something else."""
    environ = {**VARIABLES, **netrc(tmp_path, "machine packages.acme.example login other password elsewhere\n")}
    credentials = Credentials(environ)
    credentials.absorb("https://third:party@packages.acme.example/team/simple/")
    credentials.know([index(ACME)])
    assert credentials.for_url(ACME) == PAIR
    assert credentials.after_challenge(ACME) is None


def test_two_indexes_of_one_variable_are_an_error() -> None:
    """On one level or on two: the secret of the one would be the other's too."""
    text = '[[index]]\nname = "{}"\nurl = "https://{}.example/"\n'
    for names in (["a-b", "a.b"], ["a-b", "A_B"], ["acme", "Acme"]):
        levels = [
            read_level(text.format(name, n), f"/{n}/safepip.toml", source, str)
            for n, (name, source) in enumerate(zip(names, (Source.MACHINE_POLICY, Source.PROJECT_CONFIG), strict=True))
        ]
        whole = read_level("".join(text.format(name, n) for n, name in enumerate(names)), "x", Source.USER_POLICY, str)
        for given in (levels, [whole]):
            with pytest.raises(UsageError) as caught:
                merge([level for level in given if level], lambda: "", 0.0)
            (found,) = caught.value.diagnostics
            assert found.reference == "duplicate-index"
            assert stem_of(names[0]) in found.message
            assert len(found.origins) == 2


def test_a_variable_that_fits_no_index_is_told_of() -> None:
    """Without its value; with nothing declared too, since an index that is named elsewhere has no variable."""
    environ = {**VARIABLES, "SAFEPIP_INDEX_ACNE_PASSWORD": PASSWORD, "SAFEPIP_OFFLINE": "1"}
    (notice,) = unused_variables(environ, [index(ACME), index(ACME, "acne", Source.FILE)])
    assert "SAFEPIP_INDEX_ACNE_PASSWORD" in notice
    assert "ACME" not in notice
    assert PASSWORD not in notice
    assert len(unused_variables(environ, [])) == 1
    assert unused_variables(VARIABLES, [index(ACME)]) == ()


def test_it_is_shown_nowhere_and_given_to_no_other_program() -> None:
    """Neither whole nor as what goes over the wire; pip, the target's Python and the keyring do not inherit it."""
    credentials = Credentials(VARIABLES)
    credentials.know([index(ACME)])
    assert TOKEN in (credentials.authorization(ACME) or "")
    for secret in (PASSWORD, TOKEN, quote(PASSWORD, safe="")):
        assert secret not in credentials.redact(f"{secret} {ACME}")
    assert PASSWORD not in repr(credentials) + repr(credentials._named)
    for made in (clean_environment, foreign_environment):
        assert made({**VARIABLES, "safepip_index_x_password": "y", "PATH": "/bin"}) == {"PATH": "/bin"}


def test_a_named_credential_opens_its_index_alone(
    two_indexes: tuple[IndexServer, IndexServer], runner: Runner, target: Environment
) -> None:
    """End to end: pages and files of the index get it; its neighbour on the host and the default index do not."""
    mine, other = two_indexes
    team = mine.mount("/team/simple/")
    neighbour = mine.mount("/neighbour/simple/")
    team.auth = PAIR
    team.add("app", "1.0", requires=["lib"])
    team.add("lib", "1.0")
    neighbour.add("near", "1.0")
    far = other.add("far", "1.0")
    (runner.folder / "safepip.toml").write_text(
        f'[[index]]\nname = "acme"\nurl = "{team.url}"\npackages = ["app", "lib"]\n'
        f'[[index]]\nname = "neighbour"\nurl = "{neighbour.url}"\npackages = ["near"]\n'
        f'[[index]]\nname = "other"\nurl = "{other.url}"\ndefault = true\n'
    )
    done = runner.safepip(
        "install", "--python", target.python, "--report", "report.json", "-v", "app", "near", "far", env=VARIABLES
    )
    assert done.returncode == 0, done.stderr
    assert target.installed() == {"app": "1.0", "lib": "1.0", "near": "1.0", "far": "1.0"}
    sent = {request.path.split("/")[1] for request in mine.requests if "authorization" in request.headers}
    assert sent == {"team"}
    assert not any("authorization" in request.headers for request in other.requests)
    assert far.filename in str(other.paths_asked())
    stated = done.stdout + done.stderr + (runner.folder / "report.json").read_text()
    assert [secret for secret in (PASSWORD, TOKEN) if secret in stated] == []


def test_a_redirect_does_not_take_it_along(
    two_indexes: tuple[IndexServer, IndexServer], run: Inside, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file may be fetched from another host; the credential stays."""
    mine, other = two_indexes
    mine.auth = PAIR
    wheel = mine.add("app", "1.0")
    other.add("app", "1.0")
    path = mine.file_path(wheel.filename)
    mine.host.faults[path] = redirect(f"{other.host.origin}{path}")
    declare(run.folder, mine.url)
    text = (run.folder / "safepip.toml").read_text()
    (run.folder / "safepip.toml").write_text(text + f'file-hosts = ["{other.host.origin.partition("://")[2]}"]\n')
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)
    done = run("download", "-d", "out", "--no-cache-dir", "app")
    assert done.code == 0, done.err
    assert other.requests
    assert not any("authorization" in request.headers for request in other.requests)


def test_the_default_index_may_have_one_too() -> None:
    """Once it is declared by a name; as pip's built-in default it has none."""
    for origin, pair in ((Origin(Source.PROJECT_CONFIG), PAIR), (BUILT_IN, None)):
        credentials = Credentials(VARIABLES)
        credentials.know([Index("acme", IndexUrl.parse(ACME), default=True, origin=origin)])
        assert credentials.for_url(ACME) == pair
