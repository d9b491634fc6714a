"""A file that is written only where there is none by its name."""

from __future__ import annotations

import contextlib
import os
import tempfile

from safepip.edges.console.ways_to_write import way_to_write
from safepip.edges.disk import permissions
from safepip.model.errors import Unavailable, UsageError
from safepip.model.finding import printable


def write_new(path: str, text: str) -> None:
    """Put `text` at `path` in one step, where nothing is there; what is there stays as it is.

    Raises `UsageError` (`already-configured`) where something is, `Unavailable` (`not-saved`) where it cannot be
    written.
    """
    temporary = None
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path) or ".", prefix=".safepip-")
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, permissions.of_new_file())
        _put(temporary, path, text)
    except FileExistsError:
        raise there_already(path) from None
    except OSError as error:
        message = f"{printable(path)} could not be written: {error.strerror or type(error).__name__}"
        hint = way_to_write(error, path, "name another file with -o, or print it with -o -")
        raise Unavailable.because("not-saved", message, hint=hint) from None
    finally:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)


def _put(temporary: str, path: str, text: str) -> None:
    """Give the file its name only where that is free; to rename would take away what has come meanwhile."""
    try:
        os.link(temporary, path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without links: what is written there is whole only at the end, or taken away again.
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        except BaseException:
            os.unlink(path)
            raise


def there_already(path: str) -> UsageError:
    """The error for a configuration that is there."""
    return UsageError.because(
        "already-configured",
        f"{printable(path)} is there already, and is not changed",
        hint="to compare what it would be made of today: safepip init -o -",
    )
