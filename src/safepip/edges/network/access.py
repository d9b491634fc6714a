"""The loop and the transport of one run, each opened when it is first needed, and closed together."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.edges.network.credentials import Credentials
    from safepip.edges.network.http import Transport
    from safepip.edges.network.loop import Loop
    from safepip.model.events import Tell
    from safepip.model.plan import Network


class NetworkAccess:
    """A run that needs no network starts no loop and opens no connection. Safe to use from several threads.

    `tell` is told of every exchange, where it is given.
    """

    def __init__(
        self, settings: Network, credentials: Credentials, environ: Mapping[str, str], tell: Tell | None = None
    ) -> None:
        self._tell = tell
        self._settings = settings
        self._credentials = credentials
        self._environ = environ
        self._transport: Transport | None = None
        self._opening = threading.Lock()
        self._loop: Loop | None = None

    @property
    def loop(self) -> Loop:
        """The loop, made when first needed. Its thread starts with what is first run in it."""
        with self._opening:
            if self._loop is None:
                from safepip.edges.network.loop import Loop

                self._loop = Loop()
            return self._loop

    def transport(self) -> Transport:
        """The network, opened when first needed. A guess may need it at the same moment, in a thread of its own."""
        with self._opening:
            if self._transport is None:
                from safepip.edges.network.http import Transport
                from safepip.model.events import ignore

                tell = self._tell or ignore
                self._transport = Transport(self._settings, self._credentials, self._environ, tell)
            return self._transport

    def use(self, settings: Network) -> None:
        """From here on these settings hold: `--trusted-host` may stand in a requirements file."""
        if settings != self._settings and self._transport is not None:
            self.loop.run(self._transport.close())
            self._transport = None
        self._settings = settings

    def prepare(self) -> None:
        """Import what a first request needs in the loop's thread, while this one waits for something else."""
        if not self._settings.offline:
            self.loop.submit(_import_transport())

    def fetch_text(self, url: str) -> tuple[str, bytes]:
        """A file of requirements, or a lock, by its URL: the final URL and the body. Raises as `remote_text` does."""
        from safepip.edges.network.remote_text import fetch_text

        return fetch_text(self.loop, self.transport, url)

    def close(self) -> None:
        """Close the connections, then end the loop. A second Ctrl-C may come here: the loop is ended nevertheless."""
        loop = self._loop  # no lock is waited for here
        if loop is None:
            return
        try:
            if self._transport is not None:
                # A guess that is still under way would open a new connection after these were closed.
                loop.quiet()
                loop.run(self._transport.close())
        finally:
            loop.close()


async def _import_transport() -> None:
    import safepip.edges.network.http  # noqa: F401 - who opens the transport finds it imported
