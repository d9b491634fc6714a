"""Names of modules that other code tries to import whether they are there or not, and the projects they belong to.

Python's standard library asks for modules of other systems and of other Pythons; pip, safepip and what they are made of
ask for optional helpers and for what a later or an earlier Python has. They ask where nothing of the name is installed
as well, so a wheel that brings it runs in pip, in safepip, or in every program.

A line is a name and, behind it, the projects that may bring it; without any, no project may. A name with dots stands
for what lies below it, because namespaces above are shared by many (`google`, `backports`, Java's `org`). What the
target's own standard library has is not looked for here: `safepip.rules.standard_library` judges that, and it knows the
projects that carry a standard module to other Pythons.

The list was gathered by syntax trees, from the sources of CPython 3.6 to 3.13, of pip 18.1 to 26.3 and of all that
safepip is made of, and by a finder that sees what is asked for; names that came with 3.14 and 3.15 were added by hand.
`tests/rules/test_rules_reserved_module.py` gathers again and fails on what is missing.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Modules of installers. An empty one, or one where none is installed yet, could control the next installation.
INSTALLS = """
_distutils_hack     setuptools
packaging           packaging
pip                 pip
pkg_resources       setuptools
safepip             safepip
setuptools          setuptools
wheel               wheel
"""

#: Asked for by the standard library of some Python, which does not have it itself.
_BY_PYTHON = """
_distutils_findvs
_winreg
Carbon
comtypes            comtypes
docutils            docutils
java
Mailman
netbios             pywin32 pypiwin32
org.python
pep517              pep517
pgen2
vms_lib
win32api            pywin32 pypiwin32
win32con            pywin32 pypiwin32
win32evtlog         pywin32 pypiwin32
win32evtlogutil     pywin32 pypiwin32
win32wnet           pywin32 pypiwin32
"""

#: Standard modules of Python 2 and of Pythons that are older than the target: asked for by some pip.
_BY_PIP_OF_OLD = """
__builtin__
_abcoll
_dummy_thread
_dummy_threading
cgi
ConfigParser
Cookie
cookielib
cPickle
distutils
dummy_thread
dummy_threading
HTMLParser
htmlentitydefs
httplib
imp
Queue
StringIO
thread
urllib2
urlparse
xmlrpclib
"""

#: Standard modules of later Pythons than the target may be: asked for by code that works with both.
_OF_LATER_PYTHONS = """
_android_support
_apple_support
_ast_unparse
_colorize
_hmac
_interpchannels
_interpqueues
_interpreters
_ios_support
_opcode_metadata
_py_warnings
_pydatetime
_pylong
_pyrepl
_remote_debugging
_sha2
_suggestions
_sysconfig
_tokenize
_types
_typing
_wmi
_zstd
annotationlib
compression
profiling           profiling
tomllib
"""

#: Asked for by some pip, by safepip, or by what they are made of.
_BY_INSTALLERS = """
__pypy__
_pytest             pytest
_typeshed
android
anyio               anyio
attr                attrs
backports.ssl_match_hostname  backports-ssl-match-hostname
backports.zstd      backports-zstd
brotli              brotli brotlipy
brotlicffi          brotlicffi
certifi             certifi certifi-system-store
chardet             chardet
click               click
colorama            colorama
com.sun
contextlib2         contextlib2
cryptography        cryptography
ctags               python-ctags python-ctags3
cvss                cvss
datrie              datrie
exceptiongroup      exceptiongroup
filelock            filelock
genshi              genshi
google.appengine    appengine-python-standard
h11                 h11
h2                  h2
hpack               hpack
httpcore            httpcore
httpx               httpx
hyperframe          hyperframe
idna                idna
importlib_metadata  importlib-metadata
ipaddr              ipaddr
IPython             ipython
ipywidgets          ipywidgets
jinja2              jinja2
jnius               pyjnius
js
keyring             keyring
linkify_it          linkify-it-py
lockfile            lockfile
lxml                lxml
markdown_it         markdown-it-py
mdurl               mdurl
mock                mock
ntlm                python-ntlm
OpenSSL             pyopenssl
ordereddict         ordereddict
outcome             outcome
PIL                 pillow pillow-simd
platformdirs        platformdirs
pygments            pygments
pyodide             pyodide-py
pyproject_hooks     pyproject-hooks
pytest              pytest
railroad            railroad-diagrams
redis               redis
requests            requests
resolvelib          resolvelib
rich                rich
sniffio             sniffio
socks               pysocks socksipy-branch
socksio             socksio
sphinx              sphinx
toml                toml
tornado             tornado
trio                trio
truststore          truststore
typing_extensions   typing-extensions
urllib3             urllib3 urllib3-future
urllib3_secure_extra  urllib3-secure-extra
uvloop              uvloop
win32com            pywin32 pypiwin32
winloop             winloop
yaml                pyyaml
zipp                zipp
zstandard           zstandard
"""


def _table(*texts: str) -> Mapping[tuple[str, ...], frozenset[str]]:
    rows = (line.split() for text in texts for line in text.splitlines() if line)
    return MappingProxyType({tuple(name.split(".")): frozenset(owners) for name, *owners in rows})


#: The projects that may bring a name, by the name's parts.
SOUGHT = _table(INSTALLS, _BY_PYTHON, _BY_PIP_OF_OLD, _OF_LATER_PYTHONS, _BY_INSTALLERS)

#: The top-level names of installers.
INSTALLING = frozenset(name for (name, *_) in _table(INSTALLS))

#: The names above those with dots: they are imported on the way.
ABOVE = frozenset(name[:depth] for name in SOUGHT for depth in range(1, len(name)))

#: The first parts of all names.
FIRST = frozenset(name[0] for name in SOUGHT)
