"""A document of OpenVEX 0.2: its text in, its statements out. It is read whole or not at all.

Source: the OpenVEX specification and its JSON schema, 0.2.0. What is read, and how strictly:

- `@context`, `@id`, `author`, `timestamp`, `version` and one statement at least are required. Keys that are not known
  here say nothing; a key that is there twice is an error, because readers differ on which one they take.
- A statement is about a vulnerability by `name` and `aliases`, and about `products`, which nothing else can give here.
  Without a `timestamp` it is as old as its document; `last_updated` is the time of its change.
- `not_affected` needs a `justification`, one of the five labels, or an `impact_statement`. What says less is an error,
  and so is a status that is none of the four.
- A product is what its `@id` and `identifiers` name. Package URLs of the type `pypi` are compared with what is audited;
  every other identifier is a name of the product, and no more.
- Digests of a product mean some of its files, and which files are installed is not known: less than the version.
- A statement from the future would outlive every answer to it: it is an error.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from safepip.advisories.package_urls import NotAPackageUrl, read_package_url
from safepip.advisories.plain_json import NotPlain, read_json
from safepip.model.finding import printable
from safepip.model.vex import VexProduct, VexStatement, VexStatus

if TYPE_CHECKING:
    from collections.abc import Iterable

    from safepip.model.origin import Origin
    from safepip.model.vex import PackageUrl

_CONTEXT = "https://openvex.dev/ns/v0.2."
_STATUSES = {status.value: status for status in VexStatus}
JUSTIFICATIONS = (
    "component_not_present",
    "vulnerable_code_not_present",
    "vulnerable_code_not_in_execute_path",
    "vulnerable_code_cannot_be_controlled_by_adversary",
    "inline_mitigations_already_exist",
)

#: How far a clock may be behind the one by which a statement was dated, in seconds.
_CLOCKS = 600.0


class MalformedVex(ValueError):
    """A document is not as OpenVEX says; the text is what is wrong with it, and where."""


def read_openvex(content: bytes, origin: Origin, now: float) -> tuple[VexStatement, ...]:
    """The statements of a document. `now` is in seconds since the epoch. Raises `MalformedVex`."""
    document = _object(_parsed(content), "the document")
    context = _text(document, "@context", "the document")
    if not context.startswith(_CONTEXT):
        raise MalformedVex(f"its @context is {printable(context, 100)}, and OpenVEX 0.2 is read")
    _text(document, "@id", "the document")
    author = _text(document, "author", "the document")
    version = document.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise MalformedVex("its version is not a number from 1 on")
    issued = _moment(document, "timestamp", "the document", now)
    if issued is None:
        raise MalformedVex("the document has no timestamp")
    statements = _list(document, "statements", "the document")
    if not statements:
        raise MalformedVex("it has no statements")
    return tuple(
        _statement(_object(data, f"statement {number}"), f"statement {number}", author, origin, issued, now)
        for number, data in enumerate(statements, 1)
    )


def _statement(
    data: dict[str, Any], where: str, author: str, origin: Origin, issued: float, now: float
) -> VexStatement:
    status = _STATUSES.get(_text(data, "status", where))
    if status is None:
        raise MalformedVex(f"{where} has a status that is none of {', '.join(_STATUSES)}")
    justification = _text(data, "justification", where) if "justification" in data else ""
    impact = _text(data, "impact_statement", where) if "impact_statement" in data else ""
    if justification and justification not in JUSTIFICATIONS:
        raise MalformedVex(f"{where} has a justification that is none of {', '.join(JUSTIFICATIONS)}")
    if status is VexStatus.NOT_AFFECTED and not justification and not impact:
        raise MalformedVex(f"{where} says not_affected without a justification or an impact_statement")
    products = _list(data, "products", where)
    if not products:
        raise MalformedVex(f"{where} names no products")
    stated = _moment(data, "timestamp", where, now)
    changed = _moment(data, "last_updated", where, now)
    notes = impact or next((_text(data, key, where) for key in ("status_notes", "action_statement") if key in data), "")
    return VexStatement(
        status,
        _names(data, where),
        tuple(_product(_object(product, f"a product of {where}"), where) for product in products),
        max(issued if stated is None else stated, changed or 0.0),
        justification,
        printable(notes, 1000),
        printable(author, 200),
        origin,
    )


def _names(data: dict[str, Any], where: str) -> tuple[str, ...]:
    vulnerability = _object(data.get("vulnerability"), f"the vulnerability of {where}")
    name = _text(vulnerability, "name", f"the vulnerability of {where}")
    aliases = _list(vulnerability, "aliases", f"the vulnerability of {where}")
    return tuple(dict.fromkeys((name, *(_word(alias, f"an alias of {where}") for alias in aliases))))


def _product(data: dict[str, Any], where: str) -> VexProduct:
    ids = _ids(data, where)
    parts = [_object(part, f"a subcomponent of {where}") for part in _list(data, "subcomponents", where)]
    return VexProduct(
        ids,
        _packages(ids, where, narrowed=bool(data.get("hashes"))),
        tuple(p for part in parts for p in _packages(_ids(part, where), where, narrowed=bool(part.get("hashes")))),
        is_part=bool(parts),
    )


def _ids(data: dict[str, Any], where: str) -> tuple[str, ...]:
    found = [_text(data, "@id", f"a product of {where}")] if "@id" in data else []
    identifiers = _object(data.get("identifiers", {}), f"the identifiers of a product of {where}")
    found += [_word(value, f"an identifier of {where}") for value in identifiers.values()]
    if not found:
        raise MalformedVex(f"a product of {where} has neither an @id nor identifiers")
    return tuple(dict.fromkeys(found))


def _packages(ids: Iterable[str], where: str, *, narrowed: bool) -> tuple[PackageUrl, ...]:
    try:
        found = [package for package in map(read_package_url, ids) if package is not None]
    except NotAPackageUrl as problem:
        raise MalformedVex(f"{where} has a package URL that cannot be used: {problem}") from None
    return tuple(package._replace(narrowed=package.narrowed or narrowed) for package in found)


# --- values --------------------------------------------------------------------------------------------------------


def _parsed(content: bytes) -> Any:
    try:
        return read_json(content)
    except NotPlain as problem:
        raise MalformedVex(str(problem)) from None


def _object(data: Any, where: str) -> dict[str, Any]:
    if not isinstance(data, dict):
        raise MalformedVex(f"{where} is not an object")
    return data


def _list(data: dict[str, Any], key: str, where: str) -> list[Any]:
    value = data.get(key, [])
    if not isinstance(value, list):
        raise MalformedVex(f"the {key} of {where} is not a list")
    return value


def _text(data: dict[str, Any], key: str, where: str) -> str:
    if key not in data:
        raise MalformedVex(f"{where} has no {key}")
    return _word(data[key], f"the {key} of {where}")


def _word(value: Any, what: str) -> str:
    if not isinstance(value, str) or not value.strip() or len(value) > 10_000:
        raise MalformedVex(f"{what} is not a text")
    return value


def _moment(data: dict[str, Any], key: str, where: str, now: float) -> float | None:
    """A moment of RFC 3339, in seconds since the epoch; None where there is none."""
    if key not in data:
        return None
    text = _text(data, key, where)
    try:
        read = datetime.fromisoformat(text)
        moment = read.timestamp() if read.tzinfo else None
    except (ValueError, OverflowError, OSError):
        moment = None
    if moment is None:
        raise MalformedVex(f"the {key} of {where} is not a moment with a time zone")
    if moment > now + _CLOCKS:
        raise MalformedVex(f"the {key} of {where} is in the future: {printable(text, 40)}")
    return moment
