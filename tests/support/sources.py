"""Source projects for tests whose build backend lies in their own tree, so that a build needs nothing from an index.

The backend reads `tiny.json` beside `pyproject.toml`. It can also misbehave on purpose: leave marks, ask for more
requirements, return another name than it should. `write_project` makes a folder, `build_source_archive` an archive.
"""

from __future__ import annotations

import io
import json
import tarfile
from typing import TYPE_CHECKING, Any

from support.wheels import escaped, metadata_text

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

#: What runs as the backend. It uses the standard library alone.
BACKEND = '''\
import base64, hashlib, json, os, time, zipfile

# PEP 517: hooks run in the root of the source tree.
HERE = os.getcwd()
with open(os.path.join(HERE, "tiny.json")) as file:
    PLAN = json.load(file)


def _mark(hook):
    """Leave a trace, where the project says so, wherever that is allowed."""
    print("tiny backend: " + hook)
    for place in PLAN.get("marks", []):
        try:
            with open(place, "a") as file:
                file.write(PLAN["name"] + " " + hook + "\\n")
        except OSError as error:
            print("no mark: " + str(error))
    if hook in PLAN.get("waits", []):
        _wait(os.path.join(os.environ["TMPDIR"], "waits-in-" + hook))
    if PLAN.get("fails") == hook:
        raise SystemExit("the backend of " + PLAN["name"] + " fails on purpose")


def _wait(place):
    open(place, "w").close()
    while not os.path.exists(place + ".over"):
        time.sleep(0.02)


def _stem():
    return PLAN["name"].replace("-", "_") + "-" + PLAN["version"]


def _metadata():
    return PLAN["metadata"].encode()


def get_requires_for_build_wheel(config_settings=None):
    _mark("get_requires_for_build_wheel")
    return PLAN.get("asks_for", [])


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    _mark("prepare_metadata_for_build_wheel")
    name = _stem() + ".dist-info"
    os.mkdir(os.path.join(metadata_directory, name))
    with open(os.path.join(metadata_directory, name, "METADATA"), "wb") as file:
        file.write(_metadata())
    return name


def _write(wheel_directory, members, tag="py3-none-any", build=""):
    info = _stem() + ".dist-info"
    members[info + "/METADATA"] = PLAN.get("other_metadata", PLAN["metadata"]).encode()
    head = "Wheel-Version: 1.0\\nGenerator: tiny\\nRoot-Is-Purelib: true\\nTag: " + tag + "\\n"
    members[info + "/WHEEL"] = head.encode()
    rows = []
    for path, content in members.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
        rows.append(path + ",sha256=" + digest + "," + str(len(content)))
    rows.append(info + "/RECORD,,")
    members[info + "/RECORD"] = ("\\n".join(rows) + "\\n").encode()
    name = "-".join(filter(None, (_stem(), build, tag))) + ".whl"
    with zipfile.ZipFile(os.path.join(wheel_directory, PLAN.get("written_as", name)), "w") as archive:
        for path, content in members.items():
            archive.writestr(zipfile.ZipInfo(path, (1980, 1, 1, 0, 0, 0)), content)
    return PLAN.get("returns", name)


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    _mark("build_wheel")
    package = PLAN["name"].replace("-", "_")
    members = {package + "/__init__.py": ("__version__ = " + repr(PLAN["version"]) + "\\n").encode()}
    if config_settings:
        members[package + "/settings.json"] = json.dumps(config_settings, sort_keys=True).encode()
    if PLAN.get("content"):
        members[package + "/content.txt"] = PLAN["content"].encode()
    if PLAN.get("variables"):
        seen = {name: os.environ.get(name) for name in PLAN["variables"]}
        members[package + "/variables.json"] = json.dumps(seen, sort_keys=True).encode()
    if PLAN.get("lists"):
        from importlib.metadata import distributions

        there = {found.metadata["Name"]: found.version for found in distributions()}
        members[package + "/built_with.json"] = json.dumps(there, sort_keys=True).encode()
    if PLAN.get("random"):
        members[package + "/random"] = os.urandom(16)
    return _write(wheel_directory, members)


def get_requires_for_build_editable(config_settings=None):
    _mark("get_requires_for_build_editable")
    return PLAN.get("asks_for", [])


def prepare_metadata_for_build_editable(metadata_directory, config_settings=None):
    return prepare_metadata_for_build_wheel(metadata_directory, config_settings)


def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    _mark("build_editable")
    path = os.path.join(HERE, "src")
    return _write(wheel_directory, {PLAN["name"].replace("-", "_") + ".pth": (path + "\\n").encode()})


def _followed(hook, text):
    """The hook, and after it what the project's text makes of its `answer`, its arguments being `given`."""

    def both(*given):
        space = {"given": given, "answer": hook(*given)}
        exec(text, space)
        return space["answer"]

    return both


for hook, text in PLAN.get("then", {}).items():
    globals()[hook] = _followed(globals()[hook], text)
for hook in PLAN.get("without", []):
    globals().pop(hook, None)
'''


def source_files(
    name: str,
    version: str,
    *,
    requires: Sequence[str] = (),
    build_requires: Sequence[str] = (),
    static: bool = False,
    files: Mapping[str, str | bytes] | None = None,
    **plan: Any,
) -> dict[str, bytes]:
    """The files of a project, by their path in it.

    `requires` is what its wheel requires, `build_requires` what `[build-system]` asks for. With `static` its PKG-INFO
    binds (PEP 643), so that nothing has to run to know what it requires. `plan` are the keys of `tiny.json`: `marks`
    (paths that each hook appends to), `asks_for`, `fails` (a hook), `without` (hooks), `returns`, `written_as`,
    `other_metadata`, `variables`, `waits` (hooks that wait until there is a file `waits-in-HOOK.over` in their TMPDIR),
    `lists` (the wheel says what it was built with), `random` (each wheel is another one), `then` (by hook: a program
    that runs after it, and may change `answer`), `metadata` (instead of what is made of `requires`), `content` (of a
    file in the wheel).
    """
    metadata = metadata_text(name, version, requires=requires)
    stated = metadata.replace("Metadata-Version: 2.1", "Metadata-Version: 2.2")
    if not static:
        stated += "Dynamic: Requires-Dist\n"
    system = {"requires": list(build_requires), "build-backend": "tiny_backend", "backend-path": ["."]}
    table = "".join(f"{key} = {json.dumps(value)}\n" for key, value in system.items())
    made: dict[str, str | bytes] = {
        "PKG-INFO": stated,
        "pyproject.toml": f"[build-system]\n{table}",
        "tiny_backend.py": BACKEND,
        "tiny.json": json.dumps({"name": name, "version": version, "metadata": metadata, **plan}),
        f"src/{escaped(name)}/__init__.py": f"__version__ = {version!r}\n",
        **(files or {}),
    }
    return {path: content.encode() if isinstance(content, str) else content for path, content in made.items()}


def build_source_archive(name: str, version: str, **more: Any) -> tuple[str, bytes]:
    """A source archive's file name and bytes, the same on each call. `more` is for `source_files`."""
    import gzip

    stem = f"{escaped(name)}-{version}"
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in source_files(name, version, **more).items():
            entry = tarfile.TarInfo(f"{stem}/{path}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return f"{stem}.tar.gz", gzip.compress(buffer.getvalue(), mtime=0)


def write_project(folder: Path, name: str, version: str, **more: Any) -> Path:
    """Write a project into a new folder, without the PKG-INFO that only archives have; the folder."""
    for path, content in source_files(name, version, **more).items():
        if path != "PKG-INFO":
            place = folder / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    return folder
