"""Which proxy a request goes through, as pip decides it.

`--proxy` holds for everything, and an empty one means no proxy at all; `--no-proxy-env` ignores the
environment. Otherwise `<scheme>_proxy`, then `all_proxy`, each in lower case before upper case, unless `no_proxy`
names the host (pip documentation, "Using a proxy server"; the variables' meaning is curl's). On Windows and
macOS the system's settings fill in for absent variables. User information goes to the credentials at once.
"""

from __future__ import annotations

import ipaddress
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.edges.credentials import Credentials
    from safepip.model.plan import Network


class Proxies:
    """Answers `for_origin`. Holds URLs without user information."""

    def __init__(self, network: Network, credentials: Credentials, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._fixed = network.proxy is not None or network.no_proxy_env
        self._proxy = credentials.absorb_proxy(network.proxy or "")
        self._no_proxy = self._variable("no_proxy")
        self._by_scheme: dict[str, str] = {}
        if not self._fixed:
            self._by_scheme = {s: credentials.absorb_proxy(self._from_environment(s)) for s in ("http", "https")}

    def for_origin(self, scheme: str, host: str, port: int) -> str | None:
        """The proxy's URL without user information, or None to connect directly."""
        if self._fixed:
            return self._proxy or None
        proxy = self._by_scheme.get(scheme)
        return None if not proxy or _bypassed(host, port, self._no_proxy) else proxy

    def _variable(self, name: str) -> str:
        return self._environ.get(name) or self._environ.get(name.upper()) or ""

    def _from_environment(self, scheme: str) -> str:
        # A CGI server puts the request's `Proxy:` header into HTTP_PROXY; then only lower case counts.
        if scheme == "http" and "REQUEST_METHOD" in self._environ:
            value = self._environ.get("http_proxy", "")
        else:
            value = self._variable(f"{scheme}_proxy")
        value = value or self._variable("all_proxy")
        if not value and sys.platform in ("win32", "darwin"):
            from urllib.request import getproxies

            value = getproxies().get(scheme, "")
        return value.strip()


def _bypassed(host: str, port: int, no_proxy: str) -> bool:
    """Whether a `no_proxy` list names the host: `*`, a domain and all below it, `host:port`, an address or network."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        address = None
    for raw in no_proxy.split(","):
        entry = raw.strip().lower()
        if not entry:
            continue
        if entry == "*":
            return True
        if address is not None and "/" in entry:
            try:
                if address in ipaddress.ip_network(entry, strict=False):
                    return True
            except ValueError:
                continue
        entry = entry.lstrip(".")
        if host == entry.strip("[]") or f"{host}:{port}" == entry or host.endswith(f".{entry}"):
            return True
    return False
