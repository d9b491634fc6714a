"""Which certificates to trust on a TLS connection, as pip chooses them.

pip trusts the operating system's store, through truststore, and the bundle it ships; `--cert`, or
REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE where the environment counts, add to them (pip documentation, "HTTPS
Certificates"). safepip trusts the same. Only the order differs, because reading a bundle of 140 certificates
costs some 25 ms: on systems with a folder of hashed certificates OpenSSL looks up what it needs there. The system's
file beside it, to which a line of an image may have added an authority, and the shipped bundle (certifi) are read when
what is trusted by then has failed a certificate.

`--trusted-host` turns verification off for that host alone. Which hosts those are is decided elsewhere.
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import ssl
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

    from safepip.model.plan import Network

#: Where systems keep their bundle when OpenSSL was compiled to look elsewhere.
_BUNDLES = (
    "/etc/ssl/certs/ca-certificates.crt",  # Debian, Ubuntu, Alpine
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",  # Fedora, RHEL
    "/etc/pki/tls/certs/ca-bundle.crt",  # RHEL, CentOS
    "/etc/ssl/cert.pem",  # Arch, BSD
    "/etc/ssl/ca-bundle.pem",  # SUSE
)
#: The systems on which truststore lets the system itself verify a certificate.
_OWN_VERIFICATION = ("win32", "darwin")
_HASHED = re.compile(r"[0-9a-f]{8}\.[0-9]\Z")


class TlsProblem(Exception):
    """A certificate file that was named cannot be used. The message names it, `help` says who named it."""

    def __init__(self, message: str, named_by: str) -> None:
        super().__init__(message)
        self.help = f"{named_by}: give a file of certificates that can be read"


class Trust:
    """The TLS contexts of a run, each made when it is first needed."""

    def __init__(self, network: Network, environ: Mapping[str, str]) -> None:
        self._network = network
        self._environ = environ
        self._verified: dict[bool, ssl.SSLContext] = {}
        self._unverified: ssl.SSLContext | None = None
        self._file_beside: str | None = None
        self.generation = 0
        """0 while only the system's store is trusted, 1 with all of it and certifi's bundle."""

    def context(self, *, trusted: bool, files: bool) -> ssl.SSLContext:
        """The context for a host; `trusted` turns verification off. Raises `TlsProblem`.

        httpcore writes into it what a connection offers, HTTP/2 or not, just before the handshake; but the handshake
        of truststore's begins later, in a thread. So there connections for files, which do not offer HTTP/2, have one
        of their own.
        """
        if trusted:
            if self._unverified is None:
                self._unverified = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
                self._unverified.check_hostname = False
                self._unverified.verify_mode = ssl.CERT_NONE
                self._identify(self._unverified)
            return self._unverified
        which = files and sys.platform in _OWN_VERIFICATION
        if which not in self._verified:
            self._verified[which] = self._build()
            if self.generation:
                self._add_rest(self._verified[which])
        return self._verified[which]

    def add_shipped_bundle(self, generation: int) -> bool:
        """Add certifi's bundle, and what was left of the system's store, after a certificate was not trusted; whether
        another try is worth it.

        `generation` is the attribute's value before the connection was made: of many connections that
        fail together the first adds the bundle, and all may try again.
        """
        if not self._verified:
            return False
        if self.generation == 0:
            self.generation = 1
            for context in self._verified.values():
                self._add_rest(context)
        return generation == 0

    def _build(self) -> ssl.SSLContext:
        if sys.platform in _OWN_VERIFICATION:
            # There the store is reached through the system's own verification, which truststore calls.
            import truststore

            context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        else:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            self._load_system(context)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        bundle = self._network.cert or self._bundle_of_environment()
        if bundle and bundle != self._system_file():
            try:
                _check_ends(bundle)
                context.load_verify_locations(**{"capath" if os.path.isdir(bundle) else "cafile": bundle})
            except OSError as error:  # ssl.SSLError is one
                named_by = "--cert names it" if self._network.cert else "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE names it"
                raise TlsProblem(f"the certificate bundle {bundle} cannot be read", named_by) from error
        self._identify(context)
        return context

    def _load_system(self, context: ssl.SSLContext) -> None:
        # OpenSSL's own variables replace the compiled-in places (SSL_CERT_FILE, SSL_CERT_DIR).
        file, folder = file_of, folder_of = self._environ.get("SSL_CERT_FILE"), self._environ.get("SSL_CERT_DIR")
        if not file and not folder:
            places = ssl.get_default_verify_paths()
            folder = places.capath if places.capath and _is_hashed(places.capath) else None
            file = places.cafile or next(filter(os.path.isfile, _BUNDLES), None)
            if folder:
                self._file_beside, file = file, None
        for argument, place in (("cafile", file), ("capath", folder)):
            if place and os.path.exists(place):
                try:
                    _check_ends(place)
                    context.load_verify_locations(**{argument: place})
                except OSError as error:
                    mine = place in (file_of, folder_of)
                    named_by = "SSL_CERT_FILE or SSL_CERT_DIR names it" if mine else "the system names it"
                    raise TlsProblem(f"the certificate store {place} cannot be read", named_by) from error

    def _add_rest(self, context: ssl.SSLContext) -> None:
        import certifi

        context.load_verify_locations(certifi.where())
        if self._file_beside is not None:
            with contextlib.suppress(OSError):  # no user has named it
                _check_ends(self._file_beside)
                context.load_verify_locations(self._file_beside)

    def _system_file(self) -> str | None:
        """The file that is loaded as the system's store, where one is named: reading it twice adds nothing."""
        file = self._environ.get("SSL_CERT_FILE")
        return file if file and sys.platform not in _OWN_VERIFICATION and os.path.isfile(file) else None

    def _bundle_of_environment(self) -> str | None:
        # Requests, and so pip, heeds these two only while it trusts the environment at all.
        if self._network.proxy is not None or self._network.no_proxy_env:
            return None
        return self._environ.get("REQUESTS_CA_BUNDLE") or self._environ.get("CURL_CA_BUNDLE") or None

    def _identify(self, context: ssl.SSLContext) -> None:
        path = self._network.client_cert
        if path:
            try:
                _check_ends(path)
                context.load_cert_chain(path)
            except OSError as error:
                raise TlsProblem(f"the client certificate {path} cannot be read", "--client-cert names it") from error


def _check_ends(path: str) -> None:
    """Raise `OSError` for a device, which may have no end: OpenSSL would read on for ever."""
    mode = os.stat(path).st_mode
    if stat.S_ISCHR(mode) or stat.S_ISBLK(mode):
        raise OSError(errno.EINVAL, "it is a device")


def _is_hashed(folder: str) -> bool:
    try:
        return any(_HASHED.match(name) for name in os.listdir(folder))
    except OSError:
        return False
