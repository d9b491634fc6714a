"""The files of docs/how-to/docker.md, each built, run and looked into.

    python docs/docker_images.py --pyz dist/safepip.pyz

Run it from a checkout, as root, with the Python that safepip and its test extra are installed in, on a Debian that has
buildah and debootstrap. It fetches Debian's packages from where this machine's apt does, and setuptools from pip's
default index. All else that the images install is on two indexes that it makes on loopback. `--root FOLDER` takes a
root file system that debootstrap has made before.

Nothing stays but what buildah keeps in a store of this script's own, which is removed at the end.

buildah 1.28 does not know `ADD --checksum` and `RUN --network=none`. For the first the file is copied and its digest
compared by sha256sum, for the second the whole file is built where there is no network, once the stages before are
there. The exit code is 0 only if all that the page promises was seen.
"""

from __future__ import annotations

import argparse
import base64
import gzip
import hashlib
import os
import re
import secrets
import subprocess
import sys
import tarfile
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests"))

from support.index import IndexServer
from support.wheels import build_sdist

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAGE = Path(__file__).parent / "how-to" / "docker.md"
SUITE = "bookworm"
#: Whose password the secret is.
USER = "builder"
ADD = re.compile(r"^ADD --checksum=sha256:<digest> (?:--chmod=\d+ )?\S+ (\S+)$", re.MULTILINE)

#: A module in C: what it says is known only once it was compiled.
C_SOURCE = """\
#include <Python.h>
static PyObject *answer(PyObject *self, PyObject *args) { return PyLong_FromLong(42); }
static PyMethodDef methods[] = {{"answer", answer, METH_NOARGS, ""}, {NULL, NULL, 0, NULL}};
static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, "acme_native_c", "", -1, methods};
PyMODINIT_FUNC PyInit_acme_native_c(void) { return PyModule_Create(&module); }
"""
PYPROJECT = """\
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"

[project]
name = "{name}"
version = "1.4"
"""
SETUP = "from setuptools import Extension, setup\nsetup(ext_modules=[Extension('acme_native_c', ['acme_native.c'])])\n"


class Broken(Exception):
    """The page promises what was not seen."""


def run(command: Sequence[str | Path], *, code: int = 0, **more: object) -> str:
    """Both streams of a command that must end with `code`."""
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, **more)  # type: ignore[call-overload]
    if done.returncode != code:
        raise Broken(f"{' '.join(words)}\nended with {done.returncode}, not {code}:\n{done.stdout}")
    return str(done.stdout)


def demand(holds: object, promise: str, said: str = "") -> None:
    """Raise `Broken` unless it holds; `said` is shown then."""
    if not holds:
        raise Broken(f"{promise}\n{said}".rstrip())
    sys.stdout.write(f"  {promise}\n")


@dataclass(frozen=True)
class Buildah:
    """buildah with a store in a folder of its own."""

    folder: Path
    driver: str

    def __call__(self, verb: str, *words: str | Path, code: int = 0, before: Sequence[str] = ()) -> str:
        store = (
            "--storage-driver",
            self.driver,
            "--root",
            self.folder / "images",
            "--runroot",
            self.folder / "running",
        )
        return run(
            [*before, "buildah", *store, verb, *words], code=code, env={**os.environ, "BUILDAH_ISOLATION": "chroot"}
        )

    def build(self, file: Path, context: Path, tag: str, *words: str | Path, before: Sequence[str] = ()) -> str:
        """Build one file into an image, each of whose steps is a layer."""
        return self("bud", "--layers", *words, "-f", file, "-t", f"localhost/{tag}", context, before=before)

    @contextmanager
    def container(self, image: str) -> Iterator[str]:
        """A container of an image."""
        name = self("from", f"localhost/{image}").strip().splitlines()[-1]
        try:
            yield name
        finally:
            self("rm", name)

    def inside(self, image: str, *command: str, code: int = 0) -> str:
        """What a command says that is run in a new container of an image, as the user that the image names."""
        with self.container(image) as name:
            return self("run", name, "--", *command, code=code)

    def find(self, image: str, secret: str) -> list[str]:
        """The parts of an image, layers and history, in which a password is: as it is, or as it is sent (RFC 7617)."""
        sent = base64.b64encode(f"{USER}:{secret}".encode())
        archive = self.folder / "image.tar"
        self("push", "--quiet", f"localhost/{image}", f"oci-archive:{archive}")
        found = []
        with tarfile.open(archive) as tar:
            for member in tar:
                content = tar.extractfile(member)
                data = content.read() if content is not None else b""
                if data.startswith(b"\x1f\x8b"):
                    data = gzip.decompress(data)
                found += [member.name for form in (secret.encode(), sent) if form in data]
        archive.unlink()
        return found


@dataclass(frozen=True)
class World:
    """Where the images are made: the folder that is sent along, the indexes, and the secret."""

    context: Path
    internal: IndexServer
    public: IndexServer
    netrc: Path
    secret: str
    digest: str

    def write(self, requirements: str, policy: str = "") -> None:
        """The files beside the Dockerfile."""
        names = 'packages = ["acme-*"]'
        internal = f'[[index]]\nname = "acme"\nurl = "{self.internal.url}"\n{names}\n'
        public = f'[[index]]\nname = "public"\nurl = "{self.public.url}"\ndefault = true\n'
        (self.context / "safepip.toml").write_text(f"{internal}\n{public}\n{policy}", "utf-8")
        (self.context / "requirements.txt").write_text(requirements, "utf-8")

    def dockerfile(self, number: int) -> Path:
        """A file of the page, in the words that buildah knows."""
        text = re.findall(r"^```dockerfile\n(.*?)^```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)[number]
        text, count = ADD.subn(rf'COPY safepip.pyz \1\nRUN echo "{self.digest}  \1" | sha256sum --check --strict', text)
        if count != 1:
            raise Broken(f"file {number} of {PAGE.name} adds {count} times what has a checksum")
        file = self.context.parent / f"Dockerfile.{number}"
        file.write_text(text.replace("RUN --network=none ", "RUN "), "utf-8")
        return file


# --- the files of the page, in its order -------------------------------------------------------------------------


def the_step_alone(buildah: Buildah, world: World) -> None:
    """The step that called pip."""
    world.write("flask-like\n")
    file = world.dockerfile(0)
    buildah.build(file, world.context, "step")
    says = buildah.inside("step", "python", "-c", "import flask_like; print(flask_like.__version__)")
    demand(says.strip() == "2.0", "the highest version is installed, and `python` is the environment's", says)
    left = buildah.inside("step", "find", "/var/cache", "-name", "safepip*", "-type", "f")
    demand(not left.strip(), "the cache leaves no file in the image")
    spoilt = file.read_text("utf-8").replace(world.digest, "0" * 64)
    file.write_text(spoilt, "utf-8")
    try:
        buildah.build(file, world.context, "spoilt")
    except Broken:
        demand(True, "another digest fails the build")
    else:
        demand(False, "another digest fails the build")


def private_index(buildah: Buildah, world: World) -> None:
    """A private index, a user without rights, an image without installers."""
    world.write("acme-web\n")
    buildah.build(world.dockerfile(1), world.context, "private", "--secret", f"id=netrc,src={world.netrc}")
    says = buildah.inside("private", "python", "-c", "import acme_web, os; print(acme_web.__version__, os.getuid())")
    demand(says.split() == ["1.0", "10002"], "the internal file is installed, and the user is 10002", says)
    for module in ("pip", "safepip"):
        buildah.inside("private", "python", "-c", f"import {module}", code=1)
    buildah.inside("private", "test", "-e", "/opt/safepip.pyz", code=1)
    demand(True, "there is no pip in the environment, and no safepip in the image")
    buildah.inside("private", "touch", "/app/venv/x", code=1)
    demand(True, "the user cannot write to the environment")
    demand(not buildah.find("private", world.secret), "the secret is in no layer, and not in the history")


def offline(buildah: Buildah, world: World) -> None:
    """Fetch in one step, install in another without a network."""
    world.write("acme-web\nflask-like\n")
    lock = [sys.executable, "-m", "safepip", "lock", "-r", "requirements.txt", "-o", "pylock.toml"]
    run(lock, cwd=world.context, env={**os.environ, "NETRC": str(world.netrc)})
    file = world.dockerfile(2)
    given = ("--secret", f"id=netrc,src={world.netrc}")
    # Each stage is built by itself: a stage that is cached cannot be mounted by buildah 1.28.
    first, second = file.read_text("utf-8").split("\n\n")
    file.write_text(first, "utf-8")
    buildah.build(file, world.context, "store", *given)
    asked = len(world.internal.requests) + len(world.public.requests)
    file.write_text(second, "utf-8")
    buildah.build(file, world.context, "offline", before=("unshare", "--net"))
    demand(len(world.internal.requests) + len(world.public.requests) == asked, "the second step asks no index")
    says = buildah.inside("offline", "python", "-c", "import acme_web, flask_like; print(acme_web.__version__)")
    demand(says.strip() == "1.0", "the second step installs what is locked, in a namespace without a network", says)
    buildah.inside("offline", "test", "-e", "/store", code=1)
    buildah.inside("offline", "test", "-e", "/opt/safepip.pyz", code=1)
    demand(not buildah.find("offline", world.secret), "neither store nor safepip nor the secret is in the image")


def from_source(buildah: Buildah, world: World) -> None:
    """What has to be built."""
    world.write("acme-native\n")
    (world.context / "pyproject.toml").write_text(PYPROJECT.format(name="acme-shop"), "utf-8")
    (world.context / "acme_shop.py").write_text("", "utf-8")
    (world.context / "setup.py").write_text("from setuptools import setup\nsetup(py_modules=['acme_shop'])\n", "utf-8")
    said = buildah.build(world.dockerfile(3), world.context, "source", "--secret", f"id=netrc,src={world.netrc}")
    demand("fence: landlock" in said, "the build runs in Landlock's fence", said)
    says = buildah.inside("source", "python", "-c", "import acme_native_c, acme_shop; print(acme_native_c.answer())")
    demand(says.strip() == "42", "what was compiled runs, and so does the project of one's own", says)
    buildah.inside("source", "test", "-e", "/usr/bin/gcc", code=1)
    demand(not buildah.find("source", world.secret), "neither the compiler nor the secret is in the image")


def the_system_s_python(buildah: Buildah, world: World) -> None:
    """A base image with the system's Python, without ensurepip."""
    world.write("flask-like\n")
    buildah.build(world.dockerfile(4), world.context, "system")
    buildah.inside("system", "python", "-c", "import flask_like")
    buildah.inside("system", "/usr/bin/python3", "-c", "import ensurepip", code=1)
    demand(True, "an environment is made where there is no ensurepip")
    install = "/usr/bin/python3 -I /opt/safepip.pyz install --python /usr/bin/python3 -r requirements.txt"
    said = buildah.inside("system", "sh", "-c", f"cd /app && {install}; echo code $?")
    demand("externally-managed-environment" in said and "code 1" in said, "the system's own Python is left alone", said)


FILES = (the_step_alone, private_index, offline, from_source, the_system_s_python)


# --- what they stand on ------------------------------------------------------------------------------------------


def make_bases(buildah: Buildah, folder: Path, given: Path | None) -> None:
    """Images with the names that the page starts from: Debian's, and one whose `python` nobody manages."""
    root = given or folder / "root"
    if given is None:
        where = ("apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", f"Codename: {SUITE}")
        mirror = run(where).split()[0]
        run(["debootstrap", "--variant=minbase", "--include=python3,ca-certificates", SUITE, root, mirror])
    name = buildah("from", "scratch").strip()
    buildah("copy", name, root, "/")
    buildah("commit", "--quiet", name, "localhost/debian:bookworm-slim")
    change = "ln -s /usr/bin/python3 /usr/local/bin/python && rm /usr/lib/python3.11/EXTERNALLY-MANAGED"
    buildah("run", name, "--", "sh", "-c", change)
    buildah("commit", "--quiet", name, "localhost/python:3.11-slim")
    buildah("rm", name)


def publish(internal: IndexServer, public: IndexServer, folder: Path, secret: str) -> None:
    """What the images install. The public index has a higher version of an internal name."""
    internal.auth = (USER, secret)
    internal.add("acme-web", "1.0")
    public.add("acme-web", "99.0")
    public.add("flask-like", "2.0")
    public.add("flask-like", "1.0")
    files = {"pyproject.toml": PYPROJECT.format(name="acme-native"), "setup.py": SETUP, "acme_native.c": C_SOURCE}
    filename, data = build_sdist("acme-native", "1.4", files=files)
    internal.add_file("acme-native", filename, data)
    run([sys.executable, "-m", "pip", "--isolated", "download", "--quiet", "--no-deps", "-d", folder, "setuptools"])
    (wheel,) = folder.glob("setuptools-*.whl")
    public.add_file("setuptools", wheel.name, wheel.read_bytes())


def control(buildah: Buildah, world: World) -> None:
    """The search for the secret finds one that was copied, in both of its forms."""
    sent = base64.b64encode(f"{USER}:{world.secret}".encode()).decode("ascii")
    (world.context / "careless").write_text(f"{world.netrc.read_text('utf-8')}{sent}\n", "utf-8")
    file = world.context.parent / "Dockerfile.careless"
    file.write_text("FROM debian:bookworm-slim\nCOPY careless /x\nRUN rm /x\n", "utf-8")
    buildah.build(file, world.context, "careless")
    demand(len(buildah.find("careless", world.secret)) == 2, "a secret that was copied and removed is found in a layer")
    (world.context / "careless").unlink()


def main() -> int:
    """Build all that the page has. 0 where it is as the page says."""
    parser = argparse.ArgumentParser(description="build the files of docs/how-to/docker.md")
    parser.add_argument("--pyz", type=Path, required=True, help="the single file of safepip")
    parser.add_argument("--root", type=Path, help="a root file system that debootstrap has made")
    parser.add_argument("--only", nargs="*", type=int, help="the files with these numbers, from 0")
    parser.add_argument("--driver", default="vfs", help="buildah's storage: vfs works anywhere, overlay is faster")
    options = parser.parse_args()
    chosen = [check for number, check in enumerate(FILES) if options.only is None or number in options.only]
    secret = secrets.token_hex(16)
    with tempfile.TemporaryDirectory() as name, IndexServer() as internal, IndexServer() as public:
        folder = Path(name)
        buildah, context = Buildah(folder, options.driver), folder / "context"
        context.mkdir()
        program = options.pyz.read_bytes()
        (context / "safepip.pyz").write_bytes(program)
        netrc = folder / "netrc"
        netrc.write_text(f"machine 127.0.0.1 login {USER} password {secret}\n", "utf-8")
        netrc.chmod(0o600)
        (folder / "wheels").mkdir()
        publish(internal, public, folder / "wheels", secret)
        make_bases(buildah, folder, options.root)
        world = World(context, internal, public, netrc, secret, hashlib.sha256(program).hexdigest())
        try:
            control(buildah, world)
            for check in chosen:
                sys.stdout.write(f"{check.__doc__}\n")
                check(buildah, world)
        finally:
            buildah("rm", "--all")
            buildah("rmi", "--all", "--force")
        written = len(re.findall(r"^```dockerfile$", PAGE.read_text("utf-8"), re.MULTILINE))
        demand(written == len(FILES), f"the page has {written} files, and this script knows as many")
        sys.stdout.write(f"{len(chosen)} of {written} files of the page were built\n")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Broken as broken:
        sys.exit(f"not as the page says: {broken}")
