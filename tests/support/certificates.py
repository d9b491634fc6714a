"""A certificate authority for one test session, made with the standard library alone.

TLS on loopback needs a certificate that nobody should keep, so no key is committed: a key of curve P-256 is
drawn, and the certificates are written in DER as RFC 5280 and RFC 5480 say, just wide enough for
127.0.0.1, localhost and names the tests give. ECDSA is FIPS 186-5. Fit for tests only: nothing here runs
in constant time.
"""

from __future__ import annotations

import base64
import hashlib
import ipaddress
import secrets
import ssl
import textwrap
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

Point = tuple[int, int] | None

# NIST P-256: the field, the order, and the generator; the curve is y^2 = x^3 - 3x + b, and b is not needed here.
_P = 2**256 - 2**224 + 2**192 + 2**96 - 1
_N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
_G: Point = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def _add(left: Point, right: Point) -> Point:
    if left is None or right is None:
        return left or right
    if left[0] == right[0]:
        if (left[1] + right[1]) % _P == 0:
            return None
        slope = (3 * left[0] * left[0] - 3) * pow(2 * left[1], -1, _P)
    else:
        slope = (right[1] - left[1]) * pow(right[0] - left[0], -1, _P)
    x = (slope * slope - left[0] - right[0]) % _P
    return x, (slope * (left[0] - x) - left[1]) % _P


def _times(factor: int, point: Point) -> Point:
    total: Point = None
    while factor:
        if factor & 1:
            total = _add(total, point)
        point = _add(point, point)
        factor >>= 1
    return total


@dataclass(frozen=True, slots=True)
class Key:
    """A private key and its public point."""

    secret: int
    public: bytes

    @classmethod
    def draw(cls) -> Key:
        """A new key."""
        secret = secrets.randbelow(_N - 1) + 1
        point = _times(secret, _G)
        assert point is not None
        return cls(secret, b"\x04" + point[0].to_bytes(32, "big") + point[1].to_bytes(32, "big"))

    def sign(self, message: bytes) -> bytes:
        """An ECDSA signature with SHA-256, in DER."""
        digest = int.from_bytes(hashlib.sha256(message).digest(), "big")
        while True:
            nonce = secrets.randbelow(_N - 1) + 1
            point = _times(nonce, _G)
            assert point is not None
            r = point[0] % _N
            s = pow(nonce, -1, _N) * (digest + r * self.secret) % _N
            if r and s:
                return _sequence(_integer(r), _integer(s))

    def pem(self) -> str:
        """The private key as RFC 5915 writes it."""
        body = _sequence(
            _integer(1),
            _der(0x04, self.secret.to_bytes(32, "big")),
            _der(0xA0, _CURVE),
            _der(0xA1, _der(0x03, b"\0" + self.public)),
        )
        return _pem("EC PRIVATE KEY", body)

    @property
    def identifier(self) -> bytes:
        """The key identifier, RFC 5280 section 4.2.1.2."""
        return hashlib.sha1(self.public, usedforsecurity=False).digest()


class Authority:
    """A certificate authority in `folder`: `bundle` is the file for `--cert`."""

    def __init__(self, folder: Path, name: str = "safepip tests") -> None:
        self.folder = folder
        self._key = Key.draw()
        self._name = name
        self.bundle = folder / "authority.pem"
        extensions = [
            _extension("551d13", _sequence(_der(0x01, b"\xff")), critical=True),
            _extension("551d0f", _der(0x03, b"\x01\x06"), critical=True),
            _extension("551d0e", _der(0x04, self._key.identifier)),
        ]
        self.bundle.write_text(self._certificate(name, self._key, extensions), encoding="ascii")

    def context(self, *names: str) -> ssl.SSLContext:
        """A server's TLS context with a certificate for `names`; 127.0.0.1 and localhost by default."""
        key = Key.draw()
        hosts = names or ("127.0.0.1", "localhost")
        extensions = [
            _extension("551d13", _sequence(), critical=True),
            _extension("551d11", _sequence(*map(_alternative, hosts))),
            _extension("551d25", _sequence(_oid("2b06010505070301"))),
            _extension("551d23", _sequence(_der(0x80, self._key.identifier))),
            _extension("551d0e", _der(0x04, key.identifier)),
        ]
        path = self.folder / f"server-{secrets.token_hex(8)}.pem"
        path.touch(mode=0o600)
        path.write_text(self._certificate(hosts[0], key, extensions) + key.pem(), encoding="ascii")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _certificate(self, name: str, key: Key, extensions: list[bytes]) -> str:
        body = _sequence(
            _der(0xA0, _integer(2)),
            _integer(secrets.randbits(100)),
            _ECDSA,
            _distinguished(self._name),
            # Valid for a long time on both sides of now: the tests need no clock.
            _sequence(_der(0x17, b"200101000000Z"), _der(0x18, b"20991231235959Z")),
            _distinguished(name),
            _sequence(_sequence(_oid("2a8648ce3d0201"), _CURVE), _der(0x03, b"\0" + key.public)),
            _der(0xA3, _sequence(*extensions)),
        )
        return _pem("CERTIFICATE", _sequence(body, _ECDSA, _der(0x03, b"\0" + self._key.sign(body))))


def _der(tag: int, value: bytes) -> bytes:
    size = len(value)
    if size < 0x80:
        return bytes([tag, size]) + value
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + value


def _sequence(*parts: bytes) -> bytes:
    return _der(0x30, b"".join(parts))


def _integer(value: int) -> bytes:
    return _der(0x02, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def _oid(encoded: str) -> bytes:
    return _der(0x06, bytes.fromhex(encoded))


def _extension(oid: str, value: bytes, *, critical: bool = False) -> bytes:
    return _sequence(_oid(oid), *([_der(0x01, b"\xff")] if critical else []), _der(0x04, value))


def _alternative(host: str) -> bytes:
    try:
        return _der(0x87, ipaddress.ip_address(host).packed)
    except ValueError:
        return _der(0x82, host.encode("ascii"))


def _distinguished(name: str) -> bytes:
    return _sequence(_der(0x31, _sequence(_oid("550403"), _der(0x0C, name.encode()))))


def _pem(label: str, data: bytes) -> str:
    body = "\n".join(textwrap.wrap(base64.b64encode(data).decode(), 64))
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


_CURVE = _oid("2a8648ce3d030107")
_ECDSA = _sequence(_oid("2a8648ce3d040302"))
