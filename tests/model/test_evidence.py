"""Proof cannot be made up: values of these types exist only where a check was made."""

from __future__ import annotations

import copy
import dataclasses

import pytest

from safepip.model.digest import strong
from safepip.model.evidence import ClearedWheel, VerifiedFile

SHA = strong("sha256", "a" * 64)


@pytest.mark.parametrize("kind", [VerifiedFile, ClearedWheel])
def test_there_is_no_public_constructor(kind: type) -> None:
    with pytest.raises(TypeError, match="no public constructor"):
        kind()
    with pytest.raises(TypeError, match="no public constructor"):
        kind("x.whl", "/x.whl", SHA, 1, (SHA,))


def test_what_was_attested_cannot_be_changed_or_derived() -> None:
    proof = VerifiedFile._attest("x.whl", "/store/x.whl", SHA, 1, (SHA,))
    with pytest.raises(dataclasses.FrozenInstanceError):
        proof.path = "/elsewhere/x.whl"  # type: ignore[misc]
    with pytest.raises(TypeError, match="no public constructor"):
        dataclasses.replace(proof, path="/elsewhere/x.whl")


def test_a_copy_is_the_same_proof() -> None:
    proof = VerifiedFile._attest("x.whl", "/store/x.whl", SHA, 1, (SHA,))
    assert copy.copy(proof) == proof


def test_the_types_are_final() -> None:
    """A subclass could have a constructor of its own; the type checker refuses one."""
    assert VerifiedFile.__final__  # type: ignore[attr-defined]
    assert ClearedWheel.__final__  # type: ignore[attr-defined]
