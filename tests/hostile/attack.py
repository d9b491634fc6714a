"""What an attack is, and the ordinary wheel of `widget` 1.0 from which most are made."""

from __future__ import annotations

import base64
import csv
import hashlib
import io
from typing import TYPE_CHECKING, Any, NamedTuple

from support.wheels import build_wheel, metadata_text
from support.zips import Part, parts_of, zip_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

NAME, VERSION = "widget", "1.0"
FILENAME = "widget-1.0-py3-none-any.whl"
INFO, DATA = "widget-1.0.dist-info", "widget-1.0.data"
METADATA, WHEEL, RECORD = f"{INFO}/METADATA", f"{INFO}/WHEEL", f"{INFO}/RECORD"
INIT = "widget/__init__.py"
SIDECAR = metadata_text(NAME, VERSION).encode()

#: What stands in place of code that would do harm.
HARMLESS = "import safepip_payload_marker\n"


class Offered(NamedTuple):
    """A wheel as an index lists and serves it; `sidecar` None means that it has no metadata file of its own."""

    filename: str
    data: bytes
    sidecar: bytes | None = SIDECAR

    @property
    def project(self) -> str:
        """The page that lists it."""
        return self.filename.partition("-")[0].replace("_", "-")


class Offer(NamedTuple):
    """What lies on the index, what a user asks for, and with which options."""

    wheels: tuple[Offered, ...]
    asked: tuple[str, ...] = (NAME,)
    options: tuple[str, ...] = ()


class Attack(NamedTuple):
    """One hostile offer. `rule` is the reference that stops it; `room` the file it stands in.

    `make` is given the origin of the host that serves it, for URLs.
    """

    name: str
    room: str
    sentence: str
    rule: str
    make: Callable[[str], Offer]


ATTACKS: dict[str, Attack] = {}


def stopped_by(rule: str) -> Callable[[Callable[[], Offer]], Callable[[], Offer]]:
    """Enters an attack into the corpus."""

    def enter(make: Callable[[], Offer]) -> Callable[[], Offer]:
        _enter(rule, make, lambda _origin: make())
        return make

    return enter


def stopped_by_at(rule: str) -> Callable[[Callable[[str], Offer]], Callable[[str], Offer]]:
    """As `stopped_by`, for an attack that has to know where it is served."""

    def enter(make: Callable[[str], Offer]) -> Callable[[str], Offer]:
        _enter(rule, make, make)
        return make

    return enter


def _enter(rule: str, function: Callable[..., Offer], make: Callable[[str], Offer]) -> None:
    name = function.__name__.replace("_", "-")
    assert name not in ATTACKS, f"two attacks are called {name}"
    sentence = " ".join((function.__doc__ or "").split())
    ATTACKS[name] = Attack(name, function.__module__.rpartition(".")[2], sentence, rule, make)


def wheel(files: Mapping[str, str | bytes] | None = None, **changes: Any) -> bytes:
    """The wheel of `widget` 1.0 with these files, its RECORD right. `changes` are arguments of `build_wheel`."""
    return build_wheel(NAME, VERSION, files=files, **changes)[1]


def parts(files: Mapping[str, str | bytes] | None = None, **changes: Any) -> list[Part]:
    """The members of `wheel`, RECORD last."""
    return parts_of(wheel(files, **changes))


def offer(data: bytes, *, filename: str = FILENAME, sidecar: bytes | None = SIDECAR) -> Offer:
    """One wheel, and the user asks for its project."""
    offered = Offered(filename, data, sidecar)
    return Offer((offered,), (offered.project,))


def offer_files(files: Mapping[str, str | bytes], **changes: Any) -> Offer:
    """The wheel of `widget` with these files."""
    return offer(wheel(files, **changes))


def offer_parts(*members: Part, **archive: Any) -> Offer:
    """The wheel of `widget` with further members as they are, which RECORD lists. `archive` is for `zip_of`."""
    return offer(zip_of(recorded([*parts()[:-1], *members]), **archive))


def recorded(members: list[Part], record: str = RECORD) -> list[Part]:
    """The members and a RECORD of them all."""
    rows = {part.name if isinstance(part.name, str) else part.name.decode(): part.content for part in members}
    return [*members, Part(record, record_of(rows, record))]


def record_of(members: Mapping[str, bytes], record: str = RECORD) -> bytes:
    """A RECORD, with names quoted as CSV needs it."""
    rows = [(name, digest_of(content), str(len(content))) for name, content in members.items()]
    return record_rows([*rows, (record, "", "")])


def record_rows(rows: list[tuple[str, str, str]]) -> bytes:
    """These rows as CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """A digest as RECORD writes it."""
    raw = hashlib.new(algorithm, content).digest()
    return f"{algorithm}={base64.urlsafe_b64encode(raw).rstrip(b'=').decode()}"
