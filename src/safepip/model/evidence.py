"""Proof as types: a value of one of these exists only where the room entitled to make it has checked.

Neither class has a public constructor. `VerifiedFile` is made by `safepip.edges.disk.store` alone, which has
compared the digest of every byte; `ClearedWheel` by `safepip.rules.judging` alone, which has judged the content.
Functions further on ask for the type, so that skipping a check does not type-check. The architecture
test holds who may call `_attest`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar, final

if TYPE_CHECKING:
    from safepip.model.digest import Digest
    from safepip.model.exemption import Allowed
    from safepip.model.resolution import Pin
    from safepip.model.wheel import InstallPath, WheelContent

_T = TypeVar("_T")


class _Guarded(type):
    """A class whose instances only `_attest` makes, after trio's `NoPublicConstructor`."""

    def __call__(cls, *_args: Any, **_kwargs: Any) -> Any:
        raise TypeError(f"{cls.__name__} has no public constructor: it is made where the check is made")

    def _attest(cls: type[_T], *args: Any, **kwargs: Any) -> _T:
        instance: _T = type.__call__(cls, *args, **kwargs)
        return instance


@final
@dataclass(frozen=True, slots=True)
class VerifiedFile(metaclass=_Guarded):
    """A file in the store whose bytes were hashed and found equal to a digest demanded beforehand.

    `path` is absolute. `sha256` is always known, whatever algorithm was demanded; `demanded` are the
    digests it was held against, empty only for an index with `hashes = "optional"` that gave none.
    `size` is in bytes.
    """

    filename: str
    path: str
    sha256: Digest
    size: int
    demanded: tuple[Digest, ...]


@final
@dataclass(frozen=True, slots=True)
class ClearedWheel(metaclass=_Guarded):
    """A verified wheel that every rule has passed, or policy where a rule did not. Only this can be handed to pip.

    `content` and `install_paths` are what was judged: what pip installs is held against them afterwards. `allowed` are
    the objections that a line of policy has overruled.
    """

    pin: Pin
    file: VerifiedFile
    content: WheelContent
    install_paths: tuple[InstallPath, ...] = ()
    allowed: tuple[Allowed, ...] = ()
