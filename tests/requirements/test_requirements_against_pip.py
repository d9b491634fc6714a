"""Single requirements against pip's own constructors, on texts that hypothesis makes and files that exist."""

from __future__ import annotations

import os
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from packaging.utils import canonicalize_name
from pip._internal.exceptions import PipError
from pip._internal.models.wheel import Wheel
from pip._internal.req.constructors import install_req_from_editable, install_req_from_line
from pip._internal.req.req_install import check_invalid_constraint_type
from pip._internal.utils.deprecation import PipDeprecationWarning
from pip._internal.utils.misc import is_installable_dir
from pip._internal.vcs.versioncontrol import vcs
from pip._vendor.packaging.requirements import InvalidRequirement

from safepip.build.vcs_url import is_vcs_url, read_vcs_url
from safepip.edges.disk.requirements_files import local_disk
from safepip.model.digest import strong
from safepip.model.errors import Refused, UsageError
from safepip.model.origin import BUILT_IN
from safepip.model.source import SourceKind
from safepip.requirements.file_format import RequirementLine
from safepip.requirements.requirement import read_constraint, read_requirement
from support.wheels import make_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pip._internal.models.link import Link
    from pip._internal.req.req_install import InstallRequirement

    from safepip.model.requirement import Constraint, Requirement

_WHEEL = "acme-1.0-py3-none-any.whl"
_PIECES = (
    *"""\
acme
Acme.Web
acme==1.0
acme >= 1, < 2
acme~=1.0
acme=1
acme===1.0+x
acme[Fast,a_b]
acme[fast]>=1
[fast]
; python_version < '3'
;python_version>'3'
;
;extra=='x'
; nonsense
@
acme @ https://h.example/acme-1.0-py3-none-any.whl
acme@https://h.example/acme-1.0-py3-none-any.whl
other @ https://h.example/acme-1.0-py3-none-any.whl
https://h.example/acme-1.0-py3-none-any.whl
http://h.example/a/acme-1.0%2Blocal-py3-none-any.whl?x=1#sha256=00
https://h.example/acme-1.0.tar.gz
https://h.example/acme-1.0.tar.gz#egg=Acme.Web&subdirectory=a/b&sha256={sha}
https://h.example/acme-1.0.zip#subdirectory=b&subdirectory=c
https://h.example/acme-1.0.tgz#egg=acme[fast]
https://h.example/archive/main
https://h.example/
acme[fast] @ https://h.example/acme-1.0.tar.gz#egg=other
#egg=acme
#egg=
&subdirectory=b
https://h.example/acme.whl
HTTPS://h.example/acme-1.0-py3-none-any.whl
file:acme-1.0-py3-none-any.whl
file:../project/acme-1.0-py3-none-any.whl
file://elsewhere/acme-1.0-py3-none-any.whl
ftp://h.example/acme-1.0-py3-none-any.whl
git+https://h.example/acme.git
git+https://h.example/acme.git#egg=acme
acme @ git+https://h.example/acme.git
git://h.example/x
git+https://h.example/acme.git@v1.0#subdirectory=a/b&egg=Acme
acme[fast] @ git+ssh://git@h.example/acme@feature/x
hg+https://h.example/acme@tip#egg=acme
git+file://{cwd}/source
git+git@h.example:acme
@v2
acme-1.0-py3-none-any.whl
./acme-1.0-py3-none-any.whl
./acme-1.0-py3-none-any.whl[Fast]
sub/../acme-1.0-py3-none-any.whl
./missing-1.0-py3-none-any.whl
missing-1.0-py3-none-any.whl
./acme-1.0.tar.gz
./odd.whl
./source
source
source/
./empty
.
..
a/b
requirements.in
{cwd}/acme-1.0-py3-none-any.whl
file://{cwd}/acme-1.0-py3-none-any.whl
acme @ file://{cwd}/acme-1.0-py3-none-any.whl
file://{cwd}/source
file://{cwd}/source#egg=acme&subdirectory=sub
file://{cwd}/empty
file://{cwd}/acme-1.0.tar.gz
file://{cwd}/acme-1.0.tar.gz#egg=acme
{cwd}/source[fast]
./acme-1.0.tar.gz[fast]
source/sub/..
acme @ file://{cwd}/source
acme @ ./acme-1.0-py3-none-any.whl
--pre
é
""".splitlines(),
    " ",
    "",
)
_TEXTS = st.one_of(
    st.sampled_from(_PIECES),
    st.tuples(st.sampled_from(_PIECES), st.sampled_from(_PIECES), st.sampled_from(_PIECES)).map("".join),
    st.text(alphabet="acme=<>!~[];@./: '\"#-_1", max_size=12),
)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel, a source archive, a project, an empty folder and a requirements file."""
    folder = tmp_path_factory.mktemp("world") / "project"
    (folder / "source").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "source" / "pyproject.toml").write_text("[project]\nname = 'source'\nversion = '1'\n")
    (folder / "source" / "sub").mkdir()
    (folder / "source" / "sub" / "setup.py").write_text("")
    (folder / "acme-1.0.tar.gz").write_bytes(b"")
    (folder / "odd.whl").write_bytes(b"")
    (folder / "requirements.in").write_text("acme\n")
    assert make_wheel(folder, "acme", "1.0").name == _WHEEL
    return folder


Read = tuple[Any, ...] | str | None


def _pip(read: Callable[[str], InstallRequirement], text: str, *, constraint: bool = False) -> Read:
    """pip's reading: the fields, None for an error, and the URL alone for one of version control that is refused."""
    try:
        found = read(text)
        if constraint:
            check_invalid_constraint_type(found)
        place = None if found.link is None else _fate(found.link, found.name)
    # ValueError: what pip lets through as a traceback is an error all the same. The warning comes with its error.
    except (PipError, InvalidRequirement, ValueError, PipDeprecationWarning):
        return None
    if isinstance(place, str):
        return place
    assert found.req is not None or found.link is not None
    return (
        canonicalize_name(found.name or ""),
        str(found.specifier) if place is None else "",
        frozenset(canonicalize_name(extra) for extra in found.extras),
        str(found.markers) if found.markers else None,
        place,
        found.editable,
    )


Place = tuple[str, SourceKind | None, str, str]


def _checkout(link: Link) -> Place | str:
    """The same of a link of version control; its URL for one that safepip is stricter about, by rules of their own."""
    try:
        ours, egg = read_vcs_url(link.url)
    except UsageError:
        return link.url
    if ((link.egg_fragment or ""), (link.subdirectory_fragment or "")) != (egg, ours.subdirectory):
        return link.url
    system = vcs.get_backend_for_scheme(link.scheme)
    assert system is not None
    url, revision, _ = system.get_url_rev_and_auth(link.url)
    return url, SourceKind.VCS, link.subdirectory_fragment or "", revision or ""


def _fate(link: Link, name: str | None) -> Place | str:
    """URL, kind, subdirectory and revision of a link, or ValueError for what pip only finds out when it opens it."""
    if link.hash_name is not None:
        strong(link.hash_name, link.hash or "")
    if link.is_vcs:
        return _checkout(link)
    if link.scheme not in ("http", "https", "file"):
        raise ValueError("no transport")
    within, path = link.subdirectory_fragment or "", ""
    if link.is_file:
        path = os.path.abspath(link.file_path)
        if not os.path.exists(path):
            raise ValueError("no such file")
        url = "file://" + quote(path)
    else:
        if not urlsplit(link.url).hostname:
            raise ValueError("no host")
        url = link.url_without_fragment
    if os.path.isdir(path):
        if not is_installable_dir(os.path.join(path, within)):
            raise ValueError("no project")
        return url, SourceKind.DIRECTORY, within, ""
    if not link.is_wheel:
        return url, SourceKind.ARCHIVE, within, ""
    if canonicalize_name(Wheel(link.filename).name) != canonicalize_name(name or ""):
        raise ValueError("another project's wheel")
    return url, None, "", ""


def _pip_editable(text: str) -> InstallRequirement:
    """pip's reading of what stands behind `-e`, and that a file cannot be edited, which it finds out later."""
    found = install_req_from_editable(text)
    if found.link is not None and found.link.is_file and not os.path.isdir(found.link.file_path):
        raise ValueError("a file")
    return found


def _safepip(text: str, folder: Path, *, constraint: bool = False, editable: bool = False) -> Read:
    line = RequirementLine(text, BUILT_IN, constraint=constraint, editable=editable, written=text)
    disk = local_disk(str(folder))
    try:
        found: Requirement | Constraint = (read_constraint if constraint else read_requirement)(line, disk)
    except UsageError:
        return None
    except Refused as refused:
        return {"weak-hash": None}[refused.diagnostics[0].reference]
    source = found.source
    kind, within, revision = (source.kind, source.subdirectory, source.revision) if source else (None, "", "")
    place = None if found.url is None else (found.url, kind, within, revision)
    return (
        found.name,
        str(found.specifier),
        frozenset() if constraint else found.extras,  # type: ignore[union-attr]  # a constraint has none
        str(found.marker) if found.marker else None,
        place,
        source is not None and source.editable,
    )


def _filled(template: str, project: Path) -> str:
    return template.replace("{cwd}", str(project)).replace("{sha}", "5" * 64)


@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(template=_TEXTS, constraint=st.booleans())
@example(template="requests [security] >= 2.8.1, == 2.8.* ; python_version < '2.7'", constraint=False)
@example(template="./acme-1.0-py3-none-any.whl[fast]; python_version > '3'", constraint=False)
@example(template="https://h.example/acme-1.0-py3-none-any.whl ; python_version > '3'", constraint=True)
@example(template="acme[fast]", constraint=True)
@example(template="https://h.example/acme-1.0.zip#subdirectory=b#sha256=00", constraint=False)
@example(template="https://h.example/acme-1.0.zip#subdirectory=b#sha256={sha}", constraint=True)
def test_a_requirement_means_what_pip_takes_it_to_mean(
    template: str, constraint: bool, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Name, specifier, extras, marker, URL and kind come out as pip's; what pip refuses is refused."""
    monkeypatch.chdir(project)
    text = _filled(template, project)
    # pip drops the fragment of a file: URL that has ../ in it; here its digest and its name count.
    assume(not (text.lower().startswith("file:") and "../" in text and "#" in text))
    # pip takes a repository whose name ends as a wheel's does for a wheel, and fails.
    assume(not (is_vcs_url(text.rpartition("@ ")[2]) and ".whl" in text))
    # pip takes the name of a requirements file that is there for that of a project.
    assume(text.strip() != "requirements.in")
    read = partial(install_req_from_line, constraint=constraint)
    pips, ours = _pip(read, text, constraint=constraint), _safepip(text, project, constraint=constraint)
    assert ours == (None if isinstance(pips, str) else pips)


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(template=_TEXTS)
@example(template="source")
@example(template="./source[Fast]")
@example(template="acme[fast] @ file://{cwd}/source ; python_version > '3'")
@example(template="file://{cwd}/source#egg=acme[fast]")
@example(template="file://{cwd}/acme-1.0.tar.gz")
@example(template="acme @ https://h.example/acme-1.0.tar.gz")
@example(template="git+https://h.example/acme.git@v1.0#subdirectory=a/b&egg=Acme")
@example(template="acme[fast] @ git+ssh://git@h.example/acme@feature/x")
@example(template="git:https://h.example/acme#egg=acme")
def test_an_editable_means_what_pip_takes_it_to_mean(
    template: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same behind `-e`."""
    monkeypatch.chdir(project)
    text = _filled(template, project)
    pips, ours = _pip(_pip_editable, text), _safepip(text, project, editable=True)
    assert ours == (None if isinstance(pips, str) else pips)
