"""The folder that `safepip download -d` fills."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from typing import TYPE_CHECKING

from safepip.edges.console.ways_to_write import way_to_write
from safepip.edges.disk import permissions
from safepip.model.errors import Refused, Unavailable
from safepip.model.finding import printable

if TYPE_CHECKING:
    from safepip.model.evidence import VerifiedFile


def save(file: VerifiedFile, folder: str) -> str:
    """Copy a verified file into `folder`, made if need be, and return its path there.

    The copy is hashed before it takes its name, so the file that appears there is what was verified; a file of that
    name is replaced as a whole or not at all. Raises `Unavailable`, and `Refused` (`digest-mismatch`) where the store's
    file is no longer the verified one.
    """
    place = os.path.join(folder, file.filename)
    try:
        os.makedirs(folder, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=folder, prefix=".safepip-")
        try:
            with os.fdopen(handle, "w+b") as copy, open(file.path, "rb") as source:
                shutil.copyfileobj(source, copy, 1 << 20)
                copy.seek(0)
                digest = hashlib.file_digest(copy, "sha256").hexdigest()
            if digest != file.sha256.hex:
                raise _changed(file)  # noqa: TRY301 - the clean-up below is for it, too
            os.chmod(temporary, permissions.of_new_file())
            os.replace(temporary, place)
        except BaseException:
            os.unlink(temporary)
            raise
    except OSError as error:
        reason = "this is no folder" if isinstance(error, FileExistsError | NotADirectoryError) else error.strerror
        message = f"{printable(file.filename)} could not be saved: {reason}"
        hint = way_to_write(error, place, "name another folder with -d (-w of safepip wheel)")
        raise Unavailable.because("not-saved", message, context=(printable(folder),), hint=hint) from None
    return place


def _changed(file: VerifiedFile) -> Refused:
    return Refused.because(
        "digest-mismatch",
        f"{printable(file.filename)} changed in safepip's store after it was verified",
        hint="another program writes to the store: find out which, and run again",
    )
