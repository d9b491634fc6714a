"""Real private indexes for the tests: pypiserver and devpi-server, as processes on loopback.

Both come with the `test` extra. Each starts on a free port, is waited for, and is ended by its process.
"""

from __future__ import annotations

import base64
import contextlib
import json
import subprocess
import sys
import sysconfig
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.environment import clean_environment
from support.host import free_port, wait_until_listening

if TYPE_CHECKING:
    from collections.abc import Iterator

#: Patience for a start, in seconds: devpi-server imports much, and the machine may be busy.
PATIENCE = 90.0

#: devpi's administrator, under whose name the indexes of the tests are made.
OWNER = "root"

#: What is passed by urllib without a proxy, whatever the environment of the tests says.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class PypiServer:
    """A running pypiserver that serves the wheels of `folder`; add files to it at any time."""

    url: str
    folder: Path


@dataclass(frozen=True, slots=True)
class DevpiServer:
    """A running devpi-server with the administrator logged in."""

    origin: str
    _authorisation: str

    def make_index(self, name: str, **settings: Any) -> DevpiIndex:
        """A new index of the administrator's. `settings` are devpi's own, such as `bases` or `volatile`."""
        self._call("PUT", f"/{OWNER}/{name}", {"type": "stage", "bases": [], "volatile": True, **settings})
        return DevpiIndex(self, name)

    def make_mirror(self, name: str, of: str) -> DevpiIndex:
        """A new index that fetches what it is asked for from another one, whose Simple API is at `of`, and keeps it."""
        self._call("PUT", f"/{OWNER}/{name}", {"type": "mirror", "volatile": True, "mirror_url": of})
        return DevpiIndex(self, name)

    def _call(self, method: str, path: str, body: object) -> None:
        self.send(method, path, json.dumps(body).encode(), "application/json")

    def send(self, method: str, path: str, body: bytes, content_type: str) -> None:
        """One request as the administrator. Raises `urllib.error.HTTPError` for a refusal."""
        request = urllib.request.Request(self.origin + path, data=body, method=method)
        request.add_header("Content-Type", content_type)
        request.add_header("Accept", "application/json")
        request.add_header("X-Devpi-Auth", self._authorisation)
        with _DIRECT.open(request, timeout=30) as answer:
            answer.read()


@dataclass(frozen=True, slots=True)
class DevpiIndex:
    """One index of a devpi-server."""

    server: DevpiServer
    name: str

    @property
    def url(self) -> str:
        """Its Simple API."""
        return f"{self.server.origin}/{OWNER}/{self.name}/+simple/"

    def upload(self, wheel: Path, project: str, version: str) -> None:
        """Upload a wheel as twine does."""
        boundary = "----------------safepip-test-boundary"
        fields = {
            ":action": "file_upload",
            "protocol_version": "1",
            "metadata_version": "2.1",
            "name": project,
            "version": version,
            "filetype": "bdist_wheel",
            "pyversion": "py3",
        }
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
            for name, value in fields.items()
        ]
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="content"; filename="{wheel.name}"\r\n'
        parts.append(head.encode() + b"Content-Type: application/octet-stream\r\n\r\n" + wheel.read_bytes() + b"\r\n")
        body = b"".join(parts) + f"--{boundary}--\r\n".encode()
        self.server.send("POST", f"/{OWNER}/{self.name}/", body, f"multipart/form-data; boundary={boundary}")


@contextlib.contextmanager
def running_pypiserver(folder: Path) -> Iterator[PypiServer]:
    """pypiserver over an empty package folder below `folder`."""
    packages = folder / "packages"
    packages.mkdir(parents=True)
    port = free_port()
    options = [
        "-i",
        "127.0.0.1",
        "-p",
        str(port),
        "-a",
        ".",
        "-P",
        ".",
        "--disable-fallback",
        "--backend",
        "simple-dir",
    ]
    command = [sys.executable, "-m", "pypiserver", "run", *options, str(packages)]
    with _running(command, folder, port):
        yield PypiServer(f"http://127.0.0.1:{port}/simple/", packages)


@contextlib.contextmanager
def running_devpi(folder: Path) -> Iterator[DevpiServer]:
    """devpi-server without its mirror of the public index."""
    data, password = str(folder / "data"), "administrator-of-a-test"
    setup = [_script("devpi-init"), "--serverdir", data, "--no-root-pypi", "--root-passwd", password]
    subprocess.run(setup, check=True, capture_output=True, env=clean_environment(folder / "home"))
    port = free_port()
    command = [_script("devpi-server"), "--serverdir", data, "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, folder, port):
        origin = f"http://127.0.0.1:{port}"
        login = json.dumps({"user": "root", "password": password}).encode()
        request = urllib.request.Request(f"{origin}/+login", data=login, headers={"Content-Type": "application/json"})
        with _DIRECT.open(request, timeout=30) as answer:
            token = json.load(answer)["result"]["password"]
        yield DevpiServer(origin, base64.b64encode(f"root:{token}".encode()).decode())


@contextlib.contextmanager
def _running(command: list[str], folder: Path, port: int) -> Iterator[None]:
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=clean_environment(folder / "home"),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_listening(port, PATIENCE, lambda: process.poll() is None)
            yield
        except (RuntimeError, TimeoutError) as error:
            error.add_note(log.read_text(errors="replace")[-4000:])
            raise
        finally:
            process.terminate()
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _script(name: str) -> str:
    return str(Path(sysconfig.get_path("scripts")) / name)
