"""A host with one file and a store: what is needed to fetch a file in a test."""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING, Any

import pytest

from safepip.edges.disk.store import Store
from safepip.edges.indexes.downloads import Download
from safepip.edges.indexes.fetch import fetch_all
from safepip.edges.network.credentials import Credentials
from safepip.edges.network.http import Transport
from safepip.edges.network.loop import Loop
from safepip.model.digest import Digest
from safepip.model.errors import SafepipError
from safepip.model.events import Received
from safepip.model.plan import Network
from support.host import Host, partial
from support.nowhere import NOWHERE
from support.replies import Reply

if TYPE_CHECKING:
    from pathlib import Path

    from safepip.model.events import Event
    from safepip.model.evidence import VerifiedFile

DATA = bytes(range(256)) * 2000
NAME = "demo-1.0-py3-none-any.whl"
PATH = "/files/" + NAME


def digest(data: bytes = DATA) -> Digest:
    return Digest("sha256", hashlib.sha256(data).hexdigest())


def everywhere(_url: str) -> bool:
    return True


class Log:
    """Remembers what it is told."""

    def __init__(self) -> None:
        self.events: list[Event] = []

    def tell(self, event: Event) -> None:
        self.events.append(event)

    @property
    def counted(self) -> int:
        return sum(event.size for event in self.events if isinstance(event, Received))


class World:
    """A host with one file, a store, and the means to fetch it."""

    def __init__(self, folder: Path) -> None:
        self.host = Host()
        self.served = DATA
        self.ranges = True
        self.headers = {"ETag": '"v1"'}
        self.host.paths[PATH] = lambda request: (
            partial(request, Reply(200, self.served, self.headers)) if self.ranges else Reply(200, self.served)
        )
        self.loop = Loop()
        self.transport = Transport(Network(timeout=5), Credentials({"HOME": NOWHERE, "PATH": ""}), {})
        self.store = Store(str(folder / "store"))
        self.progress = Log()

    def download(self, **changes: Any) -> Download:
        fields: dict[str, Any] = {
            "filename": NAME,
            "url": self.host.origin + PATH,
            "index_digests": (digest(),),
            "allowed": everywhere,
            "size": len(DATA),
        }
        return Download(**{**fields, **changes})

    def fetch(self, *wanted: Download, retries: int = 3, resume_retries: int = 3) -> list[VerifiedFile]:
        return fetch_all(
            self.loop,
            lambda: self.transport,
            self.store,
            wanted or (self.download(),),
            self.progress.tell,
            retries=retries,
            resume_retries=resume_retries,
        )

    def failure(self, *wanted: Download, **options: int) -> SafepipError:
        with pytest.raises(SafepipError) as caught:
            self.fetch(*wanted, **options)
        assert not self.kept()
        return caught.value

    def kept(self) -> list[str]:
        """What is in the store, leftovers included."""
        return [name for _, _, names in os.walk(self.store.root) for name in names]

    @property
    def ranges_asked(self) -> list[str | None]:
        return [request.headers.get("range") for request in self.host.requests]
