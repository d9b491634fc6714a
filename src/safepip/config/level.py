"""One safepip configuration file: TOML text in, the indexes and the policy of one level out.

The form is that of `safepip.toml`; in `pyproject.toml` the same keys stand under `[tool.safepip]`:

    trusted-hosts = ["build.acme.example:8080"]   # hosts that --trusted-host may name, and plain http may reach

    [[index]]
    name = "acme"                          # required; letters, digits and . - _
    url = "https://packages.acme.example/simple/"   # may be left out with `default = true`: pip's default index
    packages = ["acme-*", "billing"]       # the names that this index owns
    default = true                         # answers for every unclaimed name
    file-hosts = ["cdn.acme.example"]      # hosts its files may come from, beside its own
    hashes = "optional"                    # files without a strong digest are admitted; "required" is the default
    mirror-of = "public"                   # is a mirror of that index

    [policy]
    forbid-trusted-hosts = true            # nothing may name a trusted host
    allow-direct = ["billing"]             # claimed names for which the user's own direct URL is allowed
    verify-installed = true                # what is installed and not known by digest does not satisfy a lock
    full-commits = true                    # version control is named by whole commit ids

with the exceptions from rules that `exemptions` reads, the settings on ages and well-known names that `ages` reads,
those on builds that `builds` reads, and those on known vulnerabilities that `advisories` reads.

Rules: an unknown key is an error, because a misspelt rule would have no effect. A file must not hold a
credential. A name in `packages` with a question mark is a question that a refusal has asked (`ambiguities`): it claims
nothing, and the file is refused until a person has answered it. All problems of a file are reported together, with
file and line. Levels are merged in `merging`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from safepip.config.toml_positions import TomlLines
from safepip.config.toml_tables import Placed, TableReader
from safepip.model.errors import UsageError
from safepip.model.finding import Diagnostic, printable
from safepip.model.index import Hashes, IndexUrl
from safepip.model.names import is_name
from safepip.model.origin import Origin, Source
from safepip.model.urls import UrlError, read_host
from safepip.text.toml_reading import read_toml

if TYPE_CHECKING:
    from collections.abc import Callable

    from safepip.config.advisories import AdvisoryLevel
    from safepip.config.ages import AgeLevel
    from safepip.config.builds import BuildLevel
    from safepip.config.exemptions import ForbidAllow
    from safepip.model.ages import Cooldown
    from safepip.model.exemption import Exemption


_TOP_KEYS = ("index", "policy", "trusted-hosts", "allow", "advisories", "ignore", "vex")
_INDEX_KEYS = ("name", "url", "packages", "default", "file-hosts", "hashes", "mirror-of", "cooldown")
_AGE_KEYS = ("cooldown", "cooldowns", "new-project-age", "well-known-names")
_BUILD_KEYS = ("builds", "build-variables")
_ADVISORY_KEYS = ("vulnerabilities", "advisories")
_ADVISORY_TABLES = ("advisories", "ignore", "vex")
_POLICY_KEYS = (
    *("forbid-trusted-hosts", "allow-direct", "forbid-allow", "verify-installed", "full-commits"),
    *(*_AGE_KEYS, *_BUILD_KEYS, *_ADVISORY_KEYS),
)


class DeclaredIndex(NamedTuple):
    """One `[[index]]`, as written: None and empty where a key was left out."""

    name: str
    origin: Origin
    url: IndexUrl | None = None
    url_origin: Origin | None = None
    packages: tuple[Placed, ...] = ()
    default: bool | None = None
    file_hosts: tuple[Placed, ...] = ()
    hashes: Hashes | None = None
    hashes_origin: Origin | None = None
    mirror_of: Placed | None = None
    cooldown: Cooldown | None = None


class Level(NamedTuple):
    """What one file says. `origin` is the file itself."""

    origin: Origin
    indexes: tuple[DeclaredIndex, ...] = ()
    trusted_hosts: tuple[Placed, ...] = ()
    forbid_trusted_hosts: bool | None = None
    forbid_origin: Origin | None = None
    allow_direct: tuple[Placed, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    forbid_allow: ForbidAllow | None = None
    ages: AgeLevel | None = None
    verify_installed: bool | None = None
    verify_origin: Origin | None = None
    full_commits: bool | None = None
    full_commits_origin: Origin | None = None
    builds: BuildLevel | None = None
    advisories: AdvisoryLevel | None = None


def read_level(text: str, path: str, source: Source, absorb: Callable[[str], str] = str) -> Level | None:
    """Read a `safepip.toml`, or the `[tool.safepip]` of a `pyproject.toml`; None where that table is missing.

    `absorb` removes user information from URLs before anything else sees the text. Raises `UsageError`.
    """
    import tomllib

    table_path = ("tool", "safepip") if _is_pyproject(path) else ()
    clean = absorb(text)
    try:
        everything = read_toml(clean)
        data = _descend(everything, table_path)
        # A credential elsewhere in a pyproject.toml does not concern this configuration.
        leaked = clean != text and _descend(read_toml(text), table_path) != data
    except tomllib.TOMLDecodeError as problem:
        raise _broken(path, source, problem) from None
    if data is None:
        return None
    if table_path:
        _check_place(everything, Origin(source, path))
    lines = TomlLines(clean, table_path)
    if leaked:
        raise _credential(text, clean, Origin(source, path), lines.first() if table_path else 1)
    return _Reader(lines, path, source).level(data)


def _descend(data: Any, path: tuple[str, ...]) -> Any:
    for key in path:
        data = data.get(key) if isinstance(data, dict) else None
    return data


def _check_place(everything: dict[str, Any], file: Origin) -> None:
    """Raise `UsageError` where a `pyproject.toml` has at its top what belongs below `tool.safepip`: there it would have
    no effect. Other tables than its own the top of that file may not have (PEP 518)."""
    wrong = [key for key in _TOP_KEYS if key in everything]
    if wrong:
        key, value = wrong[0], everything[wrong[0]]
        heading = f"[tool.safepip.{key}]" if isinstance(value, dict) else "[tool.safepip]"
        if isinstance(value, list) and any(isinstance(item, dict) for item in value):
            heading = f"[[tool.safepip.{key}]]"
        raise UsageError.because(
            "bad-configuration",
            f"{key} stands at the top of the file, where it has no effect",
            hint=f"in pyproject.toml the heading for it is {heading}",
            origins=(file,),
        )


def _is_pyproject(path: str) -> bool:
    return re.split(r"[/\\]", path)[-1] == "pyproject.toml"


def _broken(path: str, source: Source, problem: Exception) -> UsageError:
    found = re.search(r"at line (\d+)", str(problem))
    reason = re.sub(r"\s*\(at .*\)\Z", "", str(problem))
    return UsageError(
        Diagnostic(
            "bad-configuration",
            f"not valid TOML: {printable(reason)}",
            hint=_twofold(reason),
            origins=(Origin(source, path, int(found[1]) if found else None),),
        )
    )


def _twofold(reason: str) -> str:
    """What helps where a block, as a hint shows one, was put below another form of the same key: TOML has no second
    heading for a table, and none for what stands in braces or brackets."""
    key = re.search(r"'([^']+)',?\)", reason)
    if key is None:
        return ""
    name = printable(key[1])
    if reason.startswith("Cannot declare"):
        return f"the heading of {name} can stand once: put the lines below the one that is there"
    if reason.startswith("Cannot mutate immutable"):
        return f"{name} = ... is there already, in brackets or braces: put the new entry between them"
    return ""


def _way_to_an_owner(name: str) -> str:
    """What to do about a name with a question mark, or about a question mark alone."""
    if not name:
        return "write the names that this index owns in its place, or take it out where there are no more"
    return (
        f"leave {name}, without the question mark, in the packages of the index that owns it, and take it out of those "
        "of the others; only a person who knows who publishes it can say which one that is"
    )


def _credential(text: str, clean: str, file: Origin, first: int) -> UsageError:
    pairs = enumerate(zip(text.splitlines(), clean.splitlines(), strict=False), 1)
    line = next((number for number, (before, after) in pairs if before != after and number >= first), None)
    return UsageError(
        Diagnostic(
            "credential-in-configuration",
            "a URL in the configuration holds a user name or password",
            hint="take it out, replace it, and keep it in ~/.netrc or a keyring instead",
            origins=(Origin(file.source, file.where, line),),
        )
    )


class _Reader(TableReader):
    """Checks the indexes and the policy of one file."""

    def __init__(self, lines: TomlLines, path: str, source: Source) -> None:
        super().__init__(lines, path, source)
        self._questions: dict[str, list[Origin]] = {}

    def level(self, data: Any) -> Level:
        table = self.table(data, _TOP_KEYS, (), None)
        policy = self.table(table.get("policy", {}), _POLICY_KEYS, ("policy",), None)
        forbid = self.boolean(policy, "forbid-trusted-hosts", ("policy",), None)
        exemptions, forbid_allow = self._exceptions(table, policy)
        level = Level(
            origin=self.origin(),
            indexes=self._indexes(table.get("index", [])),
            trusted_hosts=self._hosts(table, "trusted-hosts", (), None),
            forbid_trusted_hosts=forbid,
            forbid_origin=self.origin(self.lines.key(("policy",), None, "forbid-trusted-hosts")),
            allow_direct=self.strings(policy, "allow-direct", ("policy",), None, self._project),
            exemptions=exemptions,
            forbid_allow=forbid_allow,
            ages=self._ages(policy),
            verify_installed=self.boolean(policy, "verify-installed", ("policy",), None),
            verify_origin=self.origin(self.lines.key(("policy",), None, "verify-installed")),
            full_commits=self.boolean(policy, "full-commits", ("policy",), None),
            full_commits_origin=self.origin(self.lines.key(("policy",), None, "full-commits")),
            builds=self._builds(policy),
            advisories=self._advisories(table, policy),
        )
        self._ask_for_owners()
        if self.problems:
            raise UsageError(*self.problems)
        return level

    def _ask_for_owners(self) -> None:
        """A problem for each name whose owner is still a question, with all places where it is asked."""
        for name, places in self._questions.items():
            what = name or "a name that is only a question mark"
            lines = tuple(f"asked at {place}" for place in places)
            self.problems.append(
                Diagnostic(
                    "undecided-owner",
                    f"you have not decided yet which index owns {printable(what)}",
                    lines,
                    _way_to_an_owner(printable(name)),
                    tuple(places),
                )
            )

    def _exceptions(
        self, table: dict[str, Any], policy: dict[str, Any]
    ) -> tuple[tuple[Exemption, ...], ForbidAllow | None]:
        if "allow" not in table and "forbid-allow" not in policy:
            return (), None
        from safepip.config import exemptions as exemptions

        made = exemptions.read_exemptions(self, table.get("allow", []))
        ban = exemptions.read_forbid_allow(self, policy)
        self.problems.extend(exemptions.contradictions(made, ban))
        return made, ban

    def _ages(self, policy: dict[str, Any]) -> AgeLevel | None:
        if not any(key in policy for key in _AGE_KEYS):
            return None
        from safepip.config.ages import read_age_level

        return read_age_level(self, policy)

    def _builds(self, policy: dict[str, Any]) -> BuildLevel | None:
        if not any(key in policy for key in _BUILD_KEYS):
            return None
        from safepip.config.builds import read_build_level

        return read_build_level(self, policy)

    def _advisories(self, table: dict[str, Any], policy: dict[str, Any]) -> AdvisoryLevel | None:
        if not any(key in policy for key in _ADVISORY_KEYS) and not any(key in table for key in _ADVISORY_TABLES):
            return None
        from safepip.config.advisories import read_advisory_level

        return read_advisory_level(self, table, policy)

    def _cooldown(self, table: dict[str, Any], number: int) -> Cooldown | None:
        if "cooldown" not in table:
            return None
        from safepip.config.ages import read_cooldown_key

        return read_cooldown_key(self, table, ("index",), number)

    def _indexes(self, tables: Any) -> tuple[DeclaredIndex, ...]:
        declared = self.tables(tables, ("index",), "an index is declared")
        found = [self._index(table, number) for number, table in enumerate(declared)]
        return tuple(index for index in found if index is not None)

    def _index(self, data: Any, number: int) -> DeclaredIndex | None:
        where = ("index",)
        before = len(self.problems)
        table = self.table(data, _INDEX_KEYS, where, number)
        line = self.lines.table(where, number)
        name = self.string(table, "name", where, number)
        if "name" not in table:
            self.problem("an index needs a name", line, 'add: name = "..."')
        elif name is not None and not is_name(name):
            self.problem(
                f"{printable(name)!r} cannot be the name of an index", self.lines.key(where, number, "name"),
                "use letters, digits and . - _",
            )  # fmt: skip
        packages = self.strings(table, "packages", where, number, self._pattern)
        for word in packages:
            if "?" in word.value:
                self._questions.setdefault(word.value.replace("?", "").strip(), []).append(word.origin)
        default = self.boolean(table, "default", where, number)
        mirror = self.string(table, "mirror-of", where, number)
        index = DeclaredIndex(
            name=name or "",
            origin=self.origin(line),
            url=self._url(table, number),
            url_origin=self.origin(self.lines.key(where, number, "url")),
            packages=packages,
            default=default,
            file_hosts=self._hosts(table, "file-hosts", where, number),
            hashes=self._hashes(table, number),
            hashes_origin=self.origin(self.lines.key(where, number, "hashes")),
            mirror_of=None if mirror is None else Placed(mirror, self.at(where, number, "mirror-of")),
            cooldown=self._cooldown(table, number),
        )
        return index if len(self.problems) == before else None

    def _hosts(self, table: dict[str, Any], key: str, where: tuple[str, ...], number: int | None) -> tuple[Placed, ...]:
        return self.strings(table, key, where, number, self._host)

    @staticmethod
    def _host(word: str) -> str | None:
        return "is not of the form host or host:port" if read_host(word) is None else None

    @staticmethod
    def _project(word: str) -> str | None:
        return None if is_name(word) else "is not a valid project name"

    @staticmethod
    def _pattern(word: str) -> str | None:
        if "?" in word:
            return None  # not a claim but a question, which `_ask_for_owners` reports
        # A claim is an exact name or a prefix pattern, `acme-*`: a trailing * that follows a separator.
        stem = word[:-2] if re.search(r"[-_.]\*\Z", word) else word
        return None if is_name(stem.rstrip("-_.") if stem != word else stem) else (
            "is neither a name nor a pattern; write `acme`, or `acme-*` for every name that begins with acme-"
        )  # fmt: skip

    def _url(self, table: dict[str, Any], number: int) -> IndexUrl | None:
        text = self.string(table, "url", ("index",), number)
        if text is None:
            return None
        try:
            return IndexUrl.parse(text)
        except UrlError as problem:
            self.problem(f"url: {problem}", self.lines.key(("index",), number, "url"))
            return None

    def _hashes(self, table: dict[str, Any], number: int) -> Hashes | None:
        word = self.string(table, "hashes", ("index",), number)
        if word is None:
            return None
        if word not in ("required", "optional"):
            line = self.lines.key(("index",), number, "hashes")
            self.problem(f'hashes: {printable(word)!r} is neither "required" nor "optional"', line)
            return None
        return Hashes(word)
