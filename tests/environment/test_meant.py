"""Which environment is meant: every combination of what a machine may say."""

from __future__ import annotations

from itertools import product

import pytest

from safepip.environment.meant import Basis, Named, Signs, decide, is_conda_base, is_named

#: By what the environment is decided, the first line that fits: whether `--python` is given, whether the command line
#: names safepip's own environment, whether a tool keeps that one, what VIRTUAL_ENV and CONDA_PREFIX name (`-` nothing,
#: `o` safepip's own, `x` another one), and whether the latter is conda's base. `*` is anything.
TABLE = """
python started apart virtual_env conda base | basis
yes    *       *    *           *     *    | PYTHON
no     yes     no   *           *     *    | START
no     *       *    x           *     *    | VIRTUAL_ENV
no     *       no   o           *     *    | VIRTUAL_ENV
no     *       *    *           x     no   | CONDA
no     *       no   *           o     no   | CONDA
no     *       *    *           x     yes  | CONDA_BASE
no     *       no   *           o     yes  | CONDA_BASE
no     *       no   *           *     *    | OWN
no     *       yes  *           *     *    | -
"""
ROWS = [line.replace("|", "").split() for line in TABLE.strip().splitlines()[1:]]
SHORT = {Named.NOTHING: "-", Named.OWN: "o", Named.OTHER: "x", True: "yes", False: "no"}
YES = (False, True)


def by_table(signs: Signs) -> str:
    """The last column of the first row that fits."""
    words = [SHORT[sign] for sign in signs]
    return next(row[-1] for row in ROWS if all(cell in ("*", word) for cell, word in zip(row, words, strict=False)))


@pytest.mark.parametrize("conda_base", YES)
@pytest.mark.parametrize("apart", YES)
def test_every_combination_is_decided_as_the_table_says(apart: bool, conda_base: bool) -> None:
    """All of them, and each row of the table is needed."""
    for python, started, virtual_env, conda in product(YES, YES, Named, Named):
        signs = Signs(python, started, apart, virtual_env, conda, conda_base)
        basis = decide(signs)
        assert (basis.name if basis is not None else "-") == by_table(signs), signs


def test_an_environment_of_a_tool_is_never_meant_but_by_name() -> None:
    """Nor is anything decided by a variable that is not set."""
    for python, started, virtual_env, conda, base in product(YES, YES, Named, Named, YES):
        basis = decide(Signs(python, started, True, virtual_env, conda, base))
        assert basis not in (Basis.START, Basis.OWN)
        if basis is Basis.VIRTUAL_ENV:
            assert virtual_env is Named.OTHER
        if basis in (Basis.CONDA, Basis.CONDA_BASE):
            assert conda is Named.OTHER


def test_what_the_command_line_does_not_name_is_said() -> None:
    """Silence is for the environment that safepip runs in, where you have named or activated that one."""
    for basis in Basis:
        assert is_named(basis, own=False)
        assert is_named(basis, own=True) is (basis is Basis.OWN)
    assert is_named(Basis.START, own=True, named_by="the path of the program")


CONDA = {"CONDA_PREFIX": "/opt/conda", "CONDA_EXE": "/opt/conda/bin/conda", "CONDA_DEFAULT_ENV": "base"}


@pytest.mark.parametrize(
    ("variables", "is_base"),
    [
        (CONDA, True),
        ({"CONDA_PREFIX": "/opt/conda/", "CONDA_EXE": "/opt/conda/bin/conda"}, True),
        ({"CONDA_PREFIX": "/opt/conda", "CONDA_DEFAULT_ENV": "base"}, True),
        ({"CONDA_PREFIX": "/opt/conda", "CONDA_DEFAULT_ENV": "root"}, True),
        ({"CONDA_PREFIX": "/opt/conda", "_CONDA_ROOT": "/opt/conda"}, True),
        ({"CONDA_PREFIX": "/home/me/micromamba", "MAMBA_ROOT_PREFIX": "/home/me/micromamba"}, True),
        ({"CONDA_PREFIX": "C:\\conda", "CONDA_EXE": "C:\\conda\\Scripts\\conda.exe"}, True),
        ({**CONDA, "CONDA_PREFIX": "/opt/conda/envs/web", "CONDA_DEFAULT_ENV": "web"}, False),
        ({**CONDA, "CONDA_PREFIX": "/opt/conda/envs/base", "CONDA_DEFAULT_ENV": "base"}, False),
        ({**CONDA, "CONDA_PREFIX": "/srv/app/env", "CONDA_DEFAULT_ENV": "/srv/app/env"}, False),
        ({"CONDA_PREFIX": "/srv/app/env"}, False),
        ({}, False),
        ({"CONDA_EXE": "conda"}, False),
    ],
)
def test_the_base_of_conda_is_known_by_its_variables(variables: dict[str, str], is_base: bool) -> None:
    """Those of conda, mamba and micromamba; an environment of one's own with an odd name is none."""
    assert is_conda_base(variables) is is_base
