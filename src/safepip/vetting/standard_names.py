"""Names of Python's standard modules, those of earlier Pythons included.

A user who asks for one as a project takes the module for a project, or follows an old example that did: nothing has to
be installed for it. The names that begin with an underscore are left out. In lower case, with the module's own
separators.
"""

from __future__ import annotations

_TEXT = """
abc aifc annotationlib anydbm argparse array ast asynchat asyncio asyncore atexit audioop base64 basehttpserver
bdb binascii binhex bisect bsddb builtins bz2 calendar cgi cgihttpserver cgitb chunk cmath cmd code codecs
codeop collections colorsys commands compileall compression concurrent configparser contextlib contextvars
cookie cookielib copy copy_reg copyreg cpickle cprofile crypt cstringio csv ctypes curses dataclasses datetime
dbm decimal difflib dircache dis distutils doctest dumbdbm dummy_threading email encodings ensurepip enum errno
exceptions faulthandler fcntl filecmp fileinput fnmatch formatter fpectl fractions ftplib functools gc gdbm
genericpath getopt getpass gettext glob graphlib grp gzip hashlib heapq hmac hotshot html htmllib htmlparser
http httplib imaplib imghdr imp importlib imputil inspect io ipaddress itertools json keyword lib2to3 linecache
locale logging lzma macpath mailbox mailcap marshal math md5 mimetools mimetypes mimify mmap modulefinder msilib
msvcrt multiprocessing mutex netrc new nis nntplib nt ntpath nturl2path numbers opcode operator optparse os
os2emxpath ossaudiodev parser pathlib pdb pickle pickletools pipes pkgutil platform plistlib popen2 poplib posix
posixfile posixpath pprint profile pstats pty pwd py_compile pyclbr pydoc pydoc_data pyexpat queue quopri random
re readline reprlib resource rexec rfc822 rlcompleter robotparser runpy sched secrets select selectors sets
sgmllib sha shelve shlex shutil signal simplehttpserver site smtpd smtplib sndhdr socket socketserver spwd
sqlite3 sre_compile sre_constants sre_parse ssl stat statistics statvfs string stringio stringold stringprep
strop struct subprocess sunau symbol symtable sys sysconfig syslog tabnanny tarfile telnetlib tempfile termios
textwrap thread threading time timeit tkinter toaiff token tokenize tomllib trace traceback tracemalloc tty
turtle turtledemo types typing unicodedata unittest urllib urllib2 urlparse user userdict userlist userstring uu
uuid venv warnings wave weakref webbrowser whichdb winreg winsound wsgiref xdrlib xml xmlrpc xmlrpclib zipapp
zipfile zipimport zlib zoneinfo
"""

_FORMER = """
aifc anydbm asynchat asyncore audioop basehttpserver binhex bsddb cgi cgihttpserver cgitb chunk commands cookie
cookielib copy_reg cpickle crypt cstringio dircache distutils dumbdbm dummy_threading exceptions formatter
fpectl gdbm hotshot htmllib htmlparser httplib imghdr imp imputil lib2to3 macpath mailcap md5 mimetools mimify
msilib mutex new nis nntplib os2emxpath ossaudiodev parser pipes popen2 posixfile rexec rfc822 robotparser sets
sgmllib sha simplehttpserver smtpd sndhdr spwd statvfs stringio stringold strop sunau symbol telnetlib thread
toaiff urllib2 urlparse user userdict userlist userstring uu whichdb xdrlib xmlrpclib
"""

STANDARD_NAMES = frozenset(_TEXT.split())

#: Those of earlier Pythons alone: Python 3.13 and what follows have no such module.
FORMER = frozenset(_FORMER.split())

#: Those whose name is also that of an established project, which brings the module to Pythons without it.
BACKPORTS = frozenset({"argparse", "asyncio", "configparser", "dataclasses", "ipaddress", "pathlib", "typing"})
