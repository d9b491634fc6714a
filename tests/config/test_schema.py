"""The schema that editors complete and check `safepip.toml` by says what the reader of the configuration says."""

from __future__ import annotations

import copy
import json
import re
import tomllib
from datetime import date
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from safepip.config import exemptions
from safepip.config.level import read_level
from safepip.config.toml_tables import TableReader
from safepip.edges.disk.shipped import shipped_text
from safepip.model.errors import SafepipError
from safepip.model.origin import Source
from safepip.text.toml_writing import toml_key, toml_string

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.inside import Inside

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
PAGES = [
    page
    for page in sorted([DOCS.parent / "README.md", DOCS / "tutorial.md", *DOCS.glob("*/*.md")])
    if BLOCK.search(page.read_text("utf-8"))
]

#: Every key in every table, once.
WHOLE = """
trusted-hosts = ["build.acme.example:8080"]

[[index]]
name = "acme"
url = "https://packages.acme.example/simple/"
packages = ["acme-*", "billing"]
file-hosts = ["cdn.acme.example"]
hashes = "optional"
default = false
mirror-of = "public"
cooldown = "PT12H"

[[allow]]
project = "demo"
rule = "wrong-record"
reason = "a file was added after the build"
file = "demo-1.0-py3-none-any.whl"
digest = "sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274"
until = 2026-12-31

[[advisories]]
name = "python"
path = "vulns"
max-age = "P30D"

[[advisories]]
name = "server"
url = "https://osv.acme.example/"
claimed = true

[[ignore]]
id = "CVE-2024-0001"
project = "demo"
reason = "the function is not used here"
until = 2026-12-31

[[vex]]
path = "app.openvex.json"
product = "pkg:pypi/app"

[policy]
forbid-trusted-hosts = true
allow-direct = ["billing"]
forbid-allow = ["wrong-tags"]
verify-installed = true
full-commits = true
cooldown = "P3D"
new-project-age = "P30D"
well-known-names = "names.txt"
builds = ["demo", { name = "tool", network = true, reason = "its build fetches headers" }]
build-variables = ["ACME_SDK", "ACME_BUILD_*"]
vulnerabilities = "refuse:high"
advisories = "required"

[policy.cooldowns]
urgent = "0"
"""


@cache
def schema() -> dict[str, Any]:
    """What a wheel of safepip has."""
    found: dict[str, Any] = json.loads(shipped_text("schemas", "configuration.json"))
    Draft7Validator.check_schema(found)
    return found


def as_json(value: Any) -> Any:
    """What editors make of TOML for a schema: dates are text."""
    if isinstance(value, dict):
        return {key: as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def fits(data: Any) -> bool:
    """Whether the schema accepts a configuration."""
    return bool(Draft7Validator(schema()).is_valid(as_json(data)))


def is_read(data: dict[str, Any]) -> bool:
    """Whether the reader accepts it, as the user's own file."""
    try:
        return read_level(written(data), "safepip.toml", Source.USER_POLICY) is not None
    except SafepipError:
        return False


def written(data: dict[str, Any]) -> str:
    """The same as TOML, each value in one line."""
    return "".join(f"{toml_key(key)} = {inline(value)}\n" for key, value in data.items())


def inline(value: Any) -> str:
    """A value of any kind in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_key(key)} = {inline(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return toml_string(value)
    return value.isoformat() if isinstance(value, date) else str(value)


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """What a part of the schema says, references followed."""
    while "$ref" in part:
        part = schema()["definitions"][part["$ref"].rpartition("/")[2]]
    return part


def tables_of_the_schema(
    part: dict[str, Any], where: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], set[str]]]:
    """Each table that the schema knows, and its keys."""
    part = resolved(part)
    for choice in part.get("anyOf", ()):
        yield from tables_of_the_schema(choice, where)
    if "items" in part:
        yield from tables_of_the_schema(part["items"], where)
    if "properties" in part:
        assert part["additionalProperties"] is False, where
        yield where, set(part["properties"])
        for key, value in part["properties"].items():
            yield from tables_of_the_schema(value, (*where, key))


def test_both_know_the_same_keys_of_the_same_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the reader asks of each table, while it reads one that has everything."""
    asked: dict[tuple[str, ...], set[str]] = {}
    real = TableReader.table

    def table(self: TableReader, data: Any, known: tuple[str, ...], where: tuple[str, ...], number: int | None) -> Any:
        asked[where] = set(known)
        return real(self, data, known, where, number)

    monkeypatch.setattr(TableReader, "table", table)
    assert read_level(WHOLE, "safepip.toml", Source.USER_POLICY) is not None
    assert dict(tables_of_the_schema(schema())) == asked
    data = tomllib.loads(WHOLE)
    for where, keys in asked.items():
        assert keys == {key for found in places(data, where) for key in found}, where


def places(data: Any, where: tuple[str, ...]) -> list[dict[str, Any]]:
    """The tables of that path in a configuration."""
    found = [data]
    for key in where:
        inside = [table[key] for table in found if key in table]
        found = [item for value in inside for item in (value if isinstance(value, list) else [value])]
        found = [item for item in found if isinstance(item, dict)]
    return found


def test_rules_are_those_that_there_are() -> None:
    """In `[[allow]]` those that may be overruled, in `forbid-allow` all of them."""
    rules = exemptions._rules()
    definitions = schema()["definitions"]
    allowed = definitions["exception"]["properties"]["rule"]["enum"]
    assert allowed == sorted(rule for rule, may in rules.items() if may)
    (_, listed) = definitions["policy"]["properties"]["forbid-allow"]["anyOf"]
    assert listed["items"]["enum"] == sorted(rules)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_the_pages_show_fits(page: Path) -> None:
    """Each block of TOML that is a configuration, in either file."""
    for block in BLOCK.findall(page.read_text("utf-8")):
        data = tomllib.loads(block)
        data = data["tool"]["safepip"] if "tool" in data else data
        assert list(Draft7Validator(schema()).iter_errors(as_json(data))) == []


#: Values of every kind, of which hardly any is right anywhere.
WRONG: tuple[Any, ...] = (1, -1, 1.5, True, "", " ", "?", "a b", "x\ny", [], [1], ["?"], [""], [[]], {}, {"a": 1}, [{}],
         [{"a": "b"}], "P", "P1Y", "-1", "https://u:p@x.example/", "https://x.example/?q", "x.example/")  # fmt: skip


def changed(data: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[tuple[str | int, ...], Any]]:
    """The paths of all that is in a configuration."""
    if path:
        yield path, data
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in items:
        yield from changed(value, (*path, key))


def put(data: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy in which another value stands there."""
    made = copy.deepcopy(data)
    place = made
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return made


def without(data: Any, path: tuple[str | int, ...]) -> Any:
    """A copy in which it is missing."""
    made = copy.deepcopy(data)
    place = made
    for key in path[:-1]:
        place = place[key]
    del place[path[-1]]
    return made


def small() -> list[dict[str, Any]]:
    """The tables of `WHOLE`, each alone."""
    data = tomllib.loads(WHOLE)
    policies = [{"policy": {key: value}} for key, value in data.pop("policy").items()]
    tables = [{key: [item]} for key in ("index", "allow", "advisories", "ignore", "vex") for item in data.pop(key)]
    return [*tables, *policies, data]


def test_both_accept_all_of_it() -> None:
    """Together and apart; so what is refused below is refused for what was changed."""
    assert fits(tomllib.loads(WHOLE))
    for data in small():
        assert (fits(data), is_read(data)) == (True, True), data


@pytest.mark.parametrize("data", small(), ids=lambda data: str(next(iter(data.get("policy", data)))))
def test_both_refuse_what_is_wrong(data: dict[str, Any]) -> None:
    """A value of another kind in the place of each one, a key that is missing, and one that nobody knows.

    A schema has no words for one thing here: that a file is one of the project which the table names.
    """
    differ = []
    for path, value in changed(data):
        changes = [(repr(wrong), put(data, path, wrong)) for wrong in WRONG]
        changes.append(("missing", without(data, path)))
        if isinstance(value, dict):
            changes.append(("unknown key", put(data, (*path, "no-such-key"), "x")))
        for what, made in changes:
            schema_says, reader_says = fits(made), is_read(made)
            other_project = path[-1] == "project" and "file" in data.get("allow", [{}])[0] and schema_says
            if schema_says != reader_says and not other_project:
                differ.append((path, what, "schema accepts" if schema_says else "reader accepts"))
    assert differ == []


def test_it_is_printed(run: Inside) -> None:
    """For an editor that reads it from a file beside the configuration."""
    done = run("check-config", "--schema")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out) == schema()
