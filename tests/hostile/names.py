"""Names and kinds of members that mean another place, another file, or nothing, on some system."""

from __future__ import annotations

from hostile.attack import HARMLESS, Offer, offer, offer_parts, parts, stopped_by
from support.zips import DEVICE, FIFO, FOLDER, LINK, SOCKET, Part, zip_of

_CODE = HARMLESS.encode()


@stopped_by("unsafe-path")
def parent_folder() -> Offer:
    """A member's path climbs out of site-packages."""
    return offer_parts(Part("../../../outside.py", _CODE))


@stopped_by("unsafe-path")
def parent_folder_that_comes_back() -> Offer:
    """A path goes up and down again and lands beside the folder it seems to be in."""
    return offer_parts(Part("widget/../sitecustomize.py", _CODE))


@stopped_by("unsafe-path")
def absolute_path() -> Offer:
    """A member names its place from the root of the file system."""
    return offer_parts(Part("/safepip-hostile-corpus/outside.py", _CODE))


@stopped_by("unsafe-path")
def drive_letter() -> Offer:
    """On Windows the path begins at the root of a drive."""
    return offer_parts(Part("C:/safepip-hostile-corpus/outside.py", _CODE))


@stopped_by("unsafe-path")
def alternate_stream() -> Offer:
    """On Windows the name is a second stream of a file, which no listing of the folder shows."""
    return offer_parts(Part("widget/notes.txt:hidden.py", _CODE))


@stopped_by("unreadable-wheel")
def backslash() -> Offer:
    """On Windows the backslashes are separators and the path climbs out; elsewhere they are part of the name."""
    return offer_parts(Part("widget\\..\\..\\outside.py", _CODE))


@stopped_by("unreadable-wheel")
def nul_in_a_name() -> Offer:
    """The name goes on behind a zero byte: pip's library cuts it there, a check of the ending does not."""
    return offer_parts(Part("sitecustomize.py\0.txt", _CODE))


@stopped_by("unsafe-path")
def control_characters() -> Offer:
    """A name holds the sequence that clears a terminal's line, so that whoever lists the wheel never sees it."""
    return offer_parts(Part("widget/x\x1b[2K\x1b[1A.py", _CODE))


@stopped_by("unsafe-path")
def newline_in_a_name() -> Offer:
    """A name has a line break, which makes two rows of one in a careless reader of RECORD."""
    return offer_parts(Part("widget/x\ny.py", _CODE))


@stopped_by("unsafe-path")
def reversed_letters() -> Offer:
    """A mark for right-to-left text shows `yp.txt` where the name ends with `txt.py`."""
    return offer_parts(Part("widget/notes\u202etxt.py", _CODE))


@stopped_by("unsafe-path")
def invisible_letter() -> Offer:
    """A zero-width character makes a second name that nobody can tell from the first."""
    return offer_parts(Part("widget/__init__\u200b.py", _CODE))


@stopped_by("unsafe-path")
def overlong_name() -> Offer:
    """A name has more letters than a file system takes, and some of them cut it."""
    return offer_parts(Part(f"widget/{'x' * 300}.py", _CODE))


@stopped_by("unsafe-path")
def overlong_path() -> Offer:
    """A path is deeper than systems take, and what lies below cannot be removed by ordinary means."""
    return offer_parts(Part(f"widget/{'deep/' * 1000}x.py", _CODE))


@stopped_by("unsafe-path")
def trailing_dot() -> Offer:
    """Windows drops the dot at the end: two names are one file there."""
    return offer_parts(Part("widget/__init__.py.", _CODE))


@stopped_by("unsafe-path")
def trailing_space() -> Offer:
    """Windows drops the space at the end: two names are one file there."""
    return offer_parts(Part("widget/__init__.py ", _CODE))


@stopped_by("unsafe-path")
def folder_with_a_trailing_dot() -> Offer:
    """Windows drops the dot at the end of the folder: the file lands in another package."""
    return offer_parts(Part("victim./__init__.py", _CODE))


@stopped_by("unsafe-path")
def device_name() -> Offer:
    """On Windows the name is a device with every ending and in every folder."""
    return offer_parts(Part("widget/aux.py", _CODE))


@stopped_by("unsafe-path")
def device_name_with_a_superscript() -> Offer:
    """Windows counts the superscript digits as well: this is its first serial port."""
    return offer_parts(Part("widget/COM\u00b9.txt", _CODE))


@stopped_by("unsafe-path")
def names_in_two_cases() -> Offer:
    """Two names differ in case only: where case does not count, the second is what is imported."""
    return offer_parts(Part("widget/core.py", b"x = 1\n"), Part("widget/Core.py", _CODE))


@stopped_by("unsafe-path")
def folders_in_two_cases() -> Offer:
    """Two folders differ in case only, and are one on many machines."""
    return offer_parts(Part("widget/core/a.py", b"x = 1\n"), Part("widget/CORE/a.py", _CODE))


@stopped_by("unsafe-path")
def names_in_two_normal_forms() -> Offer:
    """Two names look the same and differ in their Unicode form; on macOS they are one file."""
    return offer_parts(Part("widget/caf\u00e9.py", b"x = 1\n"), Part("widget/cafe\u0301.py", _CODE))


@stopped_by("unsafe-path")
def names_that_fold_together() -> Offer:
    """Two names become one when case is folded in full: the long s is an s."""
    return offer_parts(Part("widget/base.py", b"x = 1\n"), Part("widget/ba\u017fe.py", _CODE))


@stopped_by("unsafe-path")
def file_that_is_a_folder() -> Offer:
    """A name is a file and the folder of another member."""
    return offer_parts(Part("widget/core", b"x = 1\n"), Part("widget/core/x.py", _CODE))


@stopped_by("unreadable-wheel")
def folder_with_a_content() -> Offer:
    """A name ends as a folder's does and has a content, which pip skips and others write."""
    return offer(zip_of([Part("widget/core/", _CODE), *parts()]))


@stopped_by("unsafe-path")
def folder_outside() -> Offer:
    """An entry that stands for a folder alone is above the environment, for whoever creates it."""
    return offer(zip_of([Part("../../outside/", mode=FOLDER | 0o755), *parts()]))


@stopped_by("unsafe-path")
def doubled_slash() -> Offer:
    """A name with an empty part is a second spelling of a file that is there."""
    return offer_parts(Part("widget//__init__.py", _CODE))


@stopped_by("unsafe-path")
def dot_as_a_folder() -> Offer:
    """A name with a dot as a part is a second spelling of a file that is there."""
    return offer_parts(Part("./widget/__init__.py", _CODE))


@stopped_by("unsafe-path")
def symbolic_link() -> Offer:
    """A member is a symbolic link out of the environment, through which a later one would be written."""
    return offer_parts(Part("widget/link", b"/etc/passwd", mode=LINK | 0o777))


@stopped_by("unsafe-path")
def symbolic_link_of_another_system() -> Offer:
    """The mark of a link stands in an entry that claims to be made on Windows, where a check may not look."""
    return offer_parts(Part("widget/link", b"/etc/passwd", mode=LINK | 0o777, system=0))


@stopped_by("unsafe-path")
def device_file() -> Offer:
    """A member is a device file."""
    return offer_parts(Part("widget/device", b"", mode=DEVICE | 0o666))


@stopped_by("unsafe-path")
def named_pipe() -> Offer:
    """A member is a named pipe, on which a reader waits for ever."""
    return offer_parts(Part("widget/pipe", b"", mode=FIFO | 0o666))


@stopped_by("unsafe-path")
def socket_file() -> Offer:
    """A member is a socket."""
    return offer_parts(Part("widget/socket", b"", mode=SOCKET | 0o666))


@stopped_by("unsafe-path")
def folder_by_its_attributes() -> Offer:
    """A member with a content and a file's name says in its attributes that it is a folder."""
    return offer_parts(Part("widget/core.py", _CODE, mode=FOLDER | 0o755))


@stopped_by("unreadable-wheel")
def name_that_is_not_utf8() -> Offer:
    """The name is said to be UTF-8 and is not, so every reader makes another name of it."""
    return offer(zip_of([Part(b"widget/\xff\xfe.py", _CODE, flags=0x800), *parts()]))


@stopped_by("unsafe-path")
def short_name_of_another_file() -> Offer:
    """Windows opens `victim`, or any other folder that this may be short for, in its place."""
    return offer_parts(Part("VICTIM~1/core.py", _CODE))
