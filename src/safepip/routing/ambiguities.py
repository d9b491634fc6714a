"""Messages about names that no rule gives to an index: which indexes offer them, and what a person has to write.

No message proposes an owner. An index that looks like the right one (it is not the default, it is internal, it was
named first) is the wrong one as soon as an attacker can arrange that look, and a user who pastes the proposal installs
what the attacker published. So the block of TOML declares every source that was asked, and puts the name as a question,
`"name?"`, into the packages of each. A configuration with such a question in it is refused (`config.level`,
`undecided-owner`) until a person has left the name with its owner and taken it out of the others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from safepip.model.finding import Diagnostic, printable
from safepip.model.index import IndexKind, declarable
from safepip.model.origin import Source
from safepip.model.route import Presence
from safepip.model.urls import is_secure
from safepip.text.toml_writing import toml_string

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from safepip.model.index import Index
    from safepip.model.route import Observation
    from safepip.routing.table import Ambiguity

_COUNT = {2: "two", 3: "three", 4: "four", 5: "five"}
_CONFIGURED = (Source.PROJECT_CONFIG, Source.USER_POLICY, Source.MACHINE_POLICY)


def explain_ambiguities(ambiguities: Sequence[Ambiguity]) -> tuple[Diagnostic, ...]:
    """All ambiguous names of a run, with one block of TOML, on the last, that asks for the owner of each."""
    diagnostics = [_explain(ambiguity) for ambiguity in ambiguities]
    last = diagnostics[-1]
    diagnostics[-1] = last._replace(hint=_open_question(ambiguities))
    return tuple(diagnostics)


def _explain(ambiguity: Ambiguity) -> Diagnostic:
    unknown = [o for o in ambiguity.observations if o.presence is Presence.UNKNOWN]
    offers = [o for o in ambiguity.observations if o.presence is Presence.PRESENT]
    if len(offers) > 1:
        count = _COUNT.get(len(offers), str(len(offers)))
        reference = "ambiguous-index"
        message = f"{ambiguity.name} is offered by {count} indexes, and no rule says which one owns it"
    else:
        reference = "unanswered-index"
        names = " and ".join(o.index.name for o in unknown)
        message = f"{ambiguity.name} cannot be given to an index: {names} did not say whether it has the name"
    lines = _rows([o for o in ambiguity.observations if o.presence is not Presence.ABSENT])
    lines += [f"required by {origin.chain()}" for origin in ambiguity.required_by[:3]]
    return Diagnostic(reference, message, tuple(lines), "", ambiguity.required_by, ambiguity.name)


def _rows(observations: Sequence[Observation]) -> list[str]:
    """A table: each source, where it is, and what it answered."""
    places = [o.index.location or str(o.index.url) for o in observations]
    names = max(len(o.index.name) for o in observations)
    width = max(map(len, places))
    return [
        f"{o.index.name:<{names}}  {place:<{width}}  {_answer(o)}"
        for o, place in zip(observations, places, strict=True)
    ]


def _answer(observation: Observation) -> str:
    if observation.presence is Presence.UNKNOWN:
        return f"no answer: {printable(observation.problem)}"
    return f"newest {printable(observation.newest)}" if observation.newest else "no file that can be used"


def _open_question(ambiguities: Sequence[Ambiguity]) -> str:
    """One block with every source that was asked, each with every open name as a question."""
    sources = list(dict.fromkeys(o.index for ambiguity in ambiguities for o in ambiguity.observations))
    questions = sorted({f"{ambiguity.name}?" for ambiguity in ambiguities})
    names = ", ".join(question.rstrip("?") for question in questions)
    # Either a configuration is in force and declares all of them, or none does.
    if any(source.origin.source in _CONFIGURED for source in sources):
        where = "in the existing tables"
    else:
        where = "in safepip.toml (in pyproject.toml the heading is [[tool.safepip.index]])"
    rule = "# keep each name, without the question mark, only in the table of its owner;\n# until then it is refused"
    blocks = [*_trusted(sources), *(_table(source, questions) for source in sources)]
    return f"find out which index owns {names}, and write that {where}:\n{rule}\n" + "\n\n".join(blocks)


def _trusted(sources: Iterable[Index]) -> Iterable[str]:
    """The hosts that were trusted by an option; where a configuration is in force, it has to name them."""
    hosts = [s.url.netloc for s in sources if s.origin.source not in _CONFIGURED and not is_secure(s.url, ())]
    if hosts:
        yield "trusted-hosts = [" + ", ".join(toml_string(host) for host in dict.fromkeys(hosts)) + "]"


def _table(index: Index, questions: Sequence[str]) -> str:
    """The table for one source. pip's own default needs no URL, but the table must be there: once a configuration is in
    force, no other source answers for names without an owner."""
    if index.kind is IndexKind.FIND_LINKS:
        return f"# {index.location or index.url} is --find-links and cannot own names; serve it as an index"
    lines = [f"# {index.origin}"] if index.origin.source in _CONFIGURED else []
    lines += ["[[index]]", f"name = {toml_string(declarable(index.name))}"]
    if not (index.default and index.origin.source is Source.BUILT_IN):
        lines.append(f"url = {toml_string(str(index.url))}")
    lines.append("packages = [" + ", ".join(map(toml_string, (*index.packages, *questions))) + "]")
    return "\n".join((*lines, *(("default = true",) if index.default else ())))
