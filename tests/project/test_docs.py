"""The documentation says what the program does: drift between the two fails here.

The references of errors are found by walking the source: what stands first in `SomeError.because(...)` and
`Diagnostic(...)` and second in `objection(...)`, followed through variables and through functions that pass a reference
on. A place whose reference cannot be found that way is a failure too, so that no new way of raising goes unnoticed.
"""

from __future__ import annotations

import ast
import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from safepip.config.level import read_level
from safepip.environment import guards as environment
from safepip.model import errors
from safepip.model.origin import Source
from safepip.options.table import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SOURCE = ROOT / "src" / "safepip"
DOCS = ROOT / "docs"
REFUSALS = DOCS / "refusals"
OPTIONS_PAGE = DOCS / "reference" / "options.md"

KEBAB = re.compile(r"[a-z]+(?:-[a-z]+)*\Z")
LINK = re.compile(r"(?<!!)\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)


# --- references in the source ---------------------------------------------------------------------------------


#: At which place the functions that all files share take a reference. `objection` is that of the rules on wheels.
REFERENCE_AT = {"because": 0, "Diagnostic": 0, "objection": 1}


class References:
    """All references that the source can raise: `found` with where, `unclear` the places that hide theirs.

    `codes` are the exit codes of those that a class of error is named for at the place.
    """

    def __init__(self) -> None:
        self.found: dict[str, set[str]] = {}
        self.codes: dict[str, set[int]] = {}
        self.unclear: set[str] = set()
        self._files = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(SOURCE.rglob("*.py"))}
        # Functions of a file that take a reference and pass it on, with the position of that parameter.
        self._carriers: dict[tuple[Path, str], int] = {}
        while self._spread():
            pass

    def _spread(self) -> bool:
        """Walk once over everything; whether a new function was found that passes a reference on."""
        before = len(self._carriers)
        for path, tree in self._files.items():
            for call, around in _calls(tree):
                name = _called(call)
                position = REFERENCE_AT.get(name, self._carriers.get((path, name)))
                if position is not None:
                    self._note(path, tree, call, around, position)
        return len(self._carriers) > before

    def _note(self, path: Path, tree: ast.Module, call: ast.Call, around: ast.AST | None, position: int) -> None:
        place = f"{path.relative_to(SOURCE)}:{call.lineno}"
        argument = _argument(call, position)
        if isinstance(argument, ast.Name) and isinstance(around, ast.FunctionDef):
            parameters = [a.arg for a in around.args.args if a.arg not in ("self", "cls")]
            if argument.id in parameters:
                self._carriers.setdefault((path, around.name), parameters.index(argument.id))
                return
        references = set(_constants(argument, tree, around))
        for reference in references:
            self.found.setdefault(reference, set()).add(place)
            code = _exit_code(call)
            if code is not None:
                self.codes.setdefault(reference, set()).add(code)
        # `other.reference` repeats one that was raised elsewhere.
        copied = isinstance(argument, ast.Attribute) and argument.attr == "reference"
        if not references and not copied:
            self.unclear.add(place)


def _calls(tree: ast.AST, around: ast.AST | None = None) -> Iterator[tuple[ast.Call, ast.AST | None]]:
    """Every call, with the innermost function it stands in."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Call):
            yield node, around
        yield from _calls(node, node if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) else around)


def _called(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _exit_code(call: ast.Call) -> int | None:
    """That of the class in `Class.because(...)`, where it is one that always ends so, and of a rule's objection."""
    if _called(call) == "objection":
        return errors.Refused.exit_code
    owner = call.func.value if isinstance(call.func, ast.Attribute) else None
    name = owner.id if isinstance(owner, ast.Name) else ""
    found = getattr(errors, name, None) or getattr(environment, name, None)
    return getattr(found, "exit_code", None)


def _argument(call: ast.Call, position: int) -> ast.AST | None:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[position] if position < len(call.args) else named.get("reference")


def _constants(value: ast.AST | None, tree: ast.Module, around: ast.AST | None) -> Iterator[str]:
    """The references that an expression may stand for."""
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and KEBAB.match(value.value):
        yield value.value
    elif isinstance(value, ast.IfExp):
        yield from _constants(value.body, tree, around)
        yield from _constants(value.orelse, tree, around)
    elif isinstance(value, ast.Name):
        # A name of the function, or a constant of the module.
        constants = ast.Module([node for node in tree.body if isinstance(node, ast.Assign)], [])
        for target, assigned in (*(_assignments(around) if around else ()), *_assignments(constants)):
            if isinstance(target, ast.Name) and target.id == value.id:
                yield from _constants(assigned, tree, around)
            elif isinstance(target, ast.Tuple):
                names = [getattr(element, "id", "") for element in target.elts]
                if value.id in names:
                    yield from _elements(assigned, names.index(value.id), tree)


def _assignments(scope: ast.AST) -> Iterator[tuple[ast.AST, ast.AST]]:
    for node in ast.walk(scope):
        if isinstance(node, ast.Assign):
            for target in node.targets:
                yield target, node.value


def _elements(value: ast.AST, position: int, tree: ast.Module) -> Iterator[str]:
    """The elements at `position` of every tuple in an expression, or in a table of the module that it names."""
    tables = {
        name.id: node.value
        for node in tree.body
        if isinstance(node, ast.Assign)
        for name in node.targets
        if isinstance(name, ast.Name)
    }
    places = [value, *(tables[n.id] for n in ast.walk(value) if isinstance(n, ast.Name) and n.id in tables)]
    for place in places:
        for node in ast.walk(place):
            if isinstance(node, ast.Tuple) and position < len(node.elts):
                yield from _constants(node.elts[position], tree, None)


@pytest.fixture(scope="module")
def references() -> References:
    """The references of the whole source, found once."""
    return References()


def test_the_reference_of_every_error_can_be_found_in_the_source(references: References) -> None:
    assert not references.unclear, f"the reference cannot be told at {sorted(references.unclear)}"
    assert "ambiguous-index" in references.found  # through a variable
    assert "index-unauthorised" in references.found  # through a table
    assert "conflicting-claims" in references.found  # through a function


def test_every_error_that_can_be_raised_has_a_page(references: References) -> None:
    pages = {page.stem for page in _pages()}
    missing = {name: sorted(places) for name, places in references.found.items() if name not in pages}
    assert not missing, f"docs/refusals/ lacks pages for {missing}"


def test_every_page_tells_of_an_error_that_can_be_raised(references: References) -> None:
    stale = {page.stem for page in _pages()} - references.found.keys()
    assert not stale, f"docs/refusals/ has pages of nothing: {sorted(stale)}"


def _pages() -> list[Path]:
    return sorted(page for page in REFUSALS.glob("*.md") if page.name != "README.md")


def _text(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def test_pages_give_the_exit_codes_of_their_errors(references: References) -> None:
    for name, codes in references.codes.items():
        stated = re.search(r"Exit code[: ][^.]*", " ".join(_text(REFUSALS / f"{name}.md").split()))
        assert stated, f"{name} gives no exit code"
        numbers = set(map(int, re.findall(r"\d+", stated[0])))
        assert codes <= numbers, f"{name} ends with {codes}, and its page says {stated[0]}"


@pytest.mark.parametrize("page", _pages(), ids=lambda page: page.stem)
def test_a_page_tells_what_why_and_what_to_do(page: Path) -> None:
    text = _text(page)
    assert text.startswith(f"# {page.stem}\n")
    assert HEADING.findall(text)[1:] == ["Why", "What to do", "The narrowest line that allows it"]
    example = FENCE.findall(text)[0][1]
    # An error that nobody foresaw is one line.
    assert example.startswith((f"error: {page.stem}\n", "error: internal-error: "))
    assert example.endswith(f"More: safepip help {page.stem}\n")


def test_the_list_of_refusals_links_to_every_page() -> None:
    linked = {target.removesuffix(".md") for target in LINK.findall(_text(REFUSALS / "README.md"))}
    assert {page.stem for page in _pages()} <= linked


# --- options, links, configuration --------------------------------------------------------------------------------


def test_the_reference_names_every_long_option() -> None:
    text = _text(OPTIONS_PAGE)
    documented = set(re.findall(r"`(--[a-z0-9-]+)", text))
    known = {flag for option in OPTIONS for flag in option.flags if flag.startswith("--")}
    known.add("--hash")  # stands behind a requirement in a file, and nowhere else
    assert known - documented == set()
    assert documented - known == set(), "the page documents options that do not exist"


def test_the_reference_says_of_an_option_what_its_help_says() -> None:
    """But for those that have a text of their own for `lock` or `audit`."""
    rows = re.findall(
        r"^\| (`-.+?) \| (.+?)(?: Only (?:`\w+`[, and]*)+\.)? \| .+ \|$", _text(OPTIONS_PAGE), re.MULTILINE
    )
    described = {flag: text for flags, text in rows for flag in re.findall(r"`(--[a-z0-9-]+)`", flags)}
    for option in OPTIONS:
        if not option.hidden and option.long not in ("--upgrade", "--requirement", "--output-format"):
            text = option.help.replace("%default", str(option.default)).replace("<", "&lt;")
            assert described[option.long] == text, option.long


def _documents() -> list[Path]:
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md", "benchmarks/README.md")
    top = [ROOT / name for name in names]
    return [*top, *sorted(DOCS.rglob("*.md"))]


def _anchor(heading: str) -> str:
    return re.sub(r"\s+", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


@pytest.mark.parametrize("page", _documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    for target in LINK.findall(FENCE.sub("", _text(page))):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        linked = (page.parent / path).resolve() if path else page
        assert linked.exists(), f"{target} leads nowhere"
        if anchor:
            assert anchor in map(_anchor, HEADING.findall(FENCE.sub("", _text(linked)))), f"{target}: no such heading"


def _named_paths(text: str) -> set[str]:
    """The files and folders of this repository that a text names: from its top, from `safepip/` or from a room."""
    rooms = sorted(path.name for path in SOURCE.iterdir() if (path / "__init__.py").exists())
    begin = "|".join(map(re.escape, ("src/safepip", "safepip", "tests", "benchmarks", "docs", ".ci", *rooms)))
    without_links = re.sub(r"\]\([^)]*\)", "]", text)
    return set(re.findall(rf"(?<![\w/.~<-])((?:{begin})/(?:[\w./-]*/|[\w./-]+\.(?:py|md)))(?![\w*])", without_links))


@pytest.mark.parametrize("page", _documents(), ids=lambda page: str(page.relative_to(ROOT)))
def test_every_path_that_a_page_names_is_there(page: Path) -> None:
    missing = {
        path
        for path in _named_paths(_text(page))
        if not any((ROOT / folder / path).exists() for folder in ("", "src", "src/safepip"))
    }
    assert not missing


def test_a_path_that_is_not_there_is_noticed() -> None:
    text = "In `routing/table.py`, `edges/none.py:88` and tests/laws/ (see [it](docs/no.md)); text/plain, x/lock/a.py."
    assert _named_paths(text) == {"routing/table.py", "edges/none.py", "tests/laws/"}


def _configurations() -> list[Path]:
    guides = [ROOT / "README.md", DOCS / "tutorial.md", *sorted((DOCS / "how-to").glob("*.md"))]
    return [DOCS / "reference" / "configuration.md", *guides, *_pages()]


@pytest.mark.parametrize("page", _configurations(), ids=lambda page: page.stem)
def test_every_block_of_toml_is_accepted_as_configuration(page: Path) -> None:
    for language, block in FENCE.findall(_text(page)):
        if language != "toml":
            continue
        tomllib.loads(block)
        name = "pyproject.toml" if "[tool.safepip" in block or "[[tool.safepip" in block else "safepip.toml"
        level = read_level(block, name, Source.PROJECT_CONFIG)
        assert level is not None
