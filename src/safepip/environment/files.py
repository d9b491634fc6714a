"""Files that the tools for making environments put there, and that no RECORD lists.

`venv`, virtualenv and uv leave in the folder of commands the interpreter and the scripts that activate an environment.
They hold the environment's own path, so there is no digest to compare them with: their names are known, and their
content is not judged. Files that such tools put beside the distributions are known by their content.
"""

from __future__ import annotations

import re

_INTERPRETER = re.compile(
    r"(?:python|pythonw|pypy|pypyw|graalpy|venvlauncher|venvwlauncher|𝜋thon)[0-9.]*t?(?:_d)?(?:\.exe)?"
)
_ACTIVATION = frozenset(
    {
        "activate",
        "activate.bat",
        "activate.csh",
        "activate.fish",
        "activate.nu",
        "activate.ps1",
        "activate.xsh",
        "activate_this.py",
        "deactivate.bat",
        "deactivate.nu",
        "pydoc.bat",
    }
)

#: sha256 by file name, for the top of a folder of distributions.
_KNOWN: dict[str, frozenset[str]] = {
    # virtualenv before 20.3x and for Python 3.9: keeps distutils' configuration from moving what is installed.
    "_virtualenv.pth": frozenset({"69ac3d8f27e679c81b94ab30b3b56e9cd138219b1ba94a1fa3606d5a76a1433d"}),
    "_virtualenv.py": frozenset(
        {
            "684b8c07932ba4a84ac2e5ae9afe49ef04e92bac3d8d4191d455cf09d093e5fc",  # 20.0 to 20.10
            "ce57d5e0d9b5d7356cb42da7450ba8f9359bdf693e335f4c921626943c77e64d",  # 20.13
            "c9199315871b11b12df226f890a38e66e63191e1adbfb11a66e6861151b33fca",  # 20.16 to 20.21
            "0aeb86546345c1d0fada097536e35525714d5cdbcc2d8eb3f9912a955044fcff",  # 20.24
            "0f20351ea7e90039c46d3fabdef991f28b1e3ff33eb13ee6f0d5cd21ea0e8b14",  # 20.26 to 20.34
            "bec6155ff7bfc88f8e79e481f27fd7ee0a3b40eeca9bfeb41f4c4b997b2f8100",  # 20.36
            "07584d2a5d13e0811eb567d78ed2aca0fb60e7defff59a01ca7a48d907bdea51",  # 21.15
            "cfb3db86aaa53bb62b5ff764970bec2d71c9228590a0ebec57f6ec926cc0bf1a",  # of uv 0.13, for Python 3.9
        }
    ),
    # CPython's own `make install`.
    "README.txt": frozenset({"cba8fece8f62c36306ba27a128f124a257710e41fc619301ee97be93586917cb"}),
}


def is_makers_own(name: str) -> bool:
    """Whether a file of this name in the folder of commands comes from the tool that made the environment."""
    return name.lower() in _ACTIVATION or _INTERPRETER.fullmatch(name) is not None


def known_digests(name: str) -> frozenset[str]:
    """The sha256 digests, in hexadecimal, that a file of this name may have beside distributions."""
    return _KNOWN.get(name, frozenset())
