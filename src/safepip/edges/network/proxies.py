"""Which proxy a request goes through, as pip decides it.

`--proxy` holds for everything, and an empty one means no proxy at all; `--no-proxy-env` ignores the
environment. Otherwise `<scheme>_proxy`, then `all_proxy`, each in lower case before upper case, unless `no_proxy`
names the host (pip documentation, "Using a proxy server"; the variables' meaning is curl's). On Windows and
macOS the system's settings fill in for absent variables. User information goes to the credentials at once.

Unlike in pip, plain http to this machine goes through none: such a request may be plain because it stays here, and a
proxy is asked over the network, or asks another one over it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from safepip.model.errors import UsageError
from safepip.model.finding import Diagnostic
from safepip.model.origin import Origin, Source
from safepip.model.urls import DEFAULT_PORTS, UrlError, is_loopback, parse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.edges.network.credentials import Credentials
    from safepip.model.plan import Network


#: The hint where one cannot be used.
PROXY_FORM = "write scheme://host:port; in a user name and password before the host, percent-encode / ? # @ and blanks"


class Proxies:
    """Answers `for_origin`. Holds URLs without user information."""

    def __init__(self, network: Network, credentials: Credentials, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._fixed = network.proxy is not None or network.no_proxy_env
        self._proxy = _usable(network.proxy or "", "--proxy", credentials)
        self._no_proxy = self._variable("no_proxy")[0]
        self._by_scheme: dict[str, str | UsageError] = {}
        if not self._fixed:
            self._by_scheme = {s: _usable(*self._from_environment(s), credentials) for s in ("http", "https")}

    def for_origin(self, scheme: str, host: str, port: int) -> str | None:
        """The proxy's URL without user information, or None to connect directly.

        Raises `UsageError` (`bad-variable`) where the setting that names the proxy is not usable but would be used.
        """
        proxy = self._proxy if self._fixed else self._by_scheme.get(scheme)
        if not proxy or (not self._fixed and _bypassed(host, port, self._no_proxy)):
            return None
        if scheme == "http" and is_loopback(host):
            return None
        if isinstance(proxy, UsageError):
            raise proxy
        return proxy

    def _variable(self, name: str) -> tuple[str, str]:
        """The value of a variable, and how it is written."""
        for written in (name, name.upper()):
            if self._environ.get(written):
                return self._environ[written], written
        return "", name

    def _from_environment(self, scheme: str) -> tuple[str, str]:
        # A CGI server puts the request's `Proxy:` header into HTTP_PROXY; then only lower case counts.
        if scheme == "http" and "REQUEST_METHOD" in self._environ:
            found = self._environ.get("http_proxy", ""), "http_proxy"
        else:
            found = self._variable(f"{scheme}_proxy")
        found = found if found[0] else self._variable("all_proxy")
        if not found[0] and sys.platform in ("win32", "darwin"):
            from urllib.request import getproxies

            found = getproxies().get(scheme, ""), "the system's settings"
        return found


def read_proxy(text: str, credentials: Credentials) -> str:
    """The origin of a proxy, whose user information goes to the credentials; empty for none. Raises `UrlError`."""
    if not text.strip():
        return ""
    url = parse(credentials.absorb_proxy(text.strip()))
    if url.has_user_info:
        raise UrlError("its user name or password has characters that have to be percent-encoded")
    if url.scheme not in DEFAULT_PORTS:
        raise UrlError("a proxy's URL begins with http: or https:")
    return url.origin


def _usable(text: str, variable: str, credentials: Credentials) -> str | UsageError:
    """A proxy's URL, or what is wrong with it; a proxy that no request goes to is not judged."""
    try:
        return read_proxy(text, credentials)
    except UrlError as problem:
        return UsageError(
            Diagnostic(
                "bad-variable",
                f"{variable} cannot be used as a proxy: {problem}",
                hint=PROXY_FORM,
                origins=(Origin(Source.ENVIRONMENT, variable),),
            )
        )


def _bypassed(host: str, port: int, no_proxy: str) -> bool:
    """Whether a `no_proxy` list names the host: `*`, a domain and all below it, `host:port`, an address or network."""
    import ipaddress

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
