"""Secrets, each with the origin it belongs to. No other room ever holds one.

How a secret comes in: a text that may contain a URL passes through `absorb` before anything else reads it,
and comes back without user information; netrc and the keyring's program are read here, on demand.
How it goes out: as the value of one `Authorization` header, for a URL of its own origin (scheme, host and
port), or as the user information of a proxy; nowhere else. `redact` is the second line: it takes every
known secret, and any user information at all, out of a text that is about to be shown or logged.

Which credential is used, in pip's order (pip documentation, "Authentication"):

1. for a URL of an index that safepip's configuration declares, and for the files that it lists on its own origin:
   SAFEPIP_INDEX_<NAME>_USERNAME and _PASSWORD (`safepip.edges.network.index_credentials`), which pip does not have;
2. user name and password of a URL that was absorbed: of several on one origin, the one whose path has most in
   common with the request's path;
3. netrc (`safepip.edges.network.netrc_file`): for the ports of the indexes in force, and of the hosts that they may
   have files on; for a host that no index stands on, its usual port of https; a requirements file adds no port to those
   of a host;
4. a user name without a password, sent with an empty password;
5. only after the server has answered 401: the keyring, then a question at the terminal.

Not here: which URL may be asked at all (`safepip.routing.table`), and client certificates
(`safepip.edges.network.http`).
"""

from __future__ import annotations

import os
import re
import threading
from typing import TYPE_CHECKING, NoReturn

from safepip.config.own_variables import credential_variable
from safepip.edges.network.concealed import Concealed, forms_of
from safepip.edges.network.logins import Login, Logins, as_bytes, login_from
from safepip.edges.network.redaction import MASK, KnownSecrets
from safepip.model.origin import Source
from safepip.model.urls import covered, is_account, is_web, origin_of, parse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from safepip.edges.network.index_credentials import NamedLogin
    from safepip.edges.network.netrc_file import NetrcEntry
    from safepip.model.index import Index, IndexUrl
    from safepip.model.urls import Url

_SCHEME = r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]{0,30}://"
# RFC 3986: the authority ends at the first / ? or #; what stands before its last @ is user information.
_USER_INFO = "(" + _SCHEME + r")([^\s/?#]*)@(?=([^\s?#]{0,2000}))"
# A password with a / ? or # that should have been percent-encoded: no valid URL, but a secret all the same.
_BROKEN_HEAD = rf"({_SCHEME})(?!\[)[^/?#@:]*:(?!\d*[/?#])[^/?#@]*[/?#]"
_WORD = r"\S+"
_DELIMITER = r"[\s/?#]"
_TOKEN_LENGTH = 16
_KEYRING_SECONDS = 120.0
_PLACEHOLDERS = frozenset({"", "x", "x-oauth-basic"})


class Credentials:
    """All secrets of a run. Safe to use from several threads; shows and pickles nothing.

    `environ` is where NETRC, HOME and PATH are read from, the process's own by default. `ask` is called with an origin
    after a 401 when nothing else is known and asking is allowed; it gives a user name and a password, or None.
    """

    def __init__(
        self,
        environ: Mapping[str, str] | None = None,
        ask: Callable[[str], tuple[str, str] | None] | None = None,
    ) -> None:
        self._environ = os.environ if environ is None else environ
        self._ask = ask
        self._absorbed: dict[str, Logins] = {}
        self._learned: dict[str, Login] = {}
        self._headers: dict[tuple[str, str], str] = {}
        self._netrc: Mapping[str, NetrcEntry] | None = None
        self._indexes: tuple[Index, ...] = ()
        self._named: tuple[NamedLogin, ...] = ()
        self._refused: set[str] = set()
        self._secrets = KnownSecrets()
        self._keyring_provider = "auto"
        self._no_input = False
        self._lock = threading.Lock()
        self.concealed = Concealed()
        """What values of variables are shown as."""
        self.notices: list[str] = []
        """One line each, to be shown once: a netrc that cannot be read, a keyring that fails, what was refused."""

    def __repr__(self) -> str:
        return "<Credentials>"

    def __reduce__(self) -> NoReturn:
        raise TypeError("credentials are not written anywhere")

    def permit(self, *, keyring_provider: str, no_input: bool) -> None:
        """Set pip's `--keyring-provider` and `--no-input`, once they are known."""
        self._keyring_provider = keyring_provider
        self._no_input = no_input

    def know(self, indexes: Iterable[Index]) -> None:
        """Set the indexes in force, once they are known and whenever they change."""
        self._indexes = tuple(indexes)
        if not any(map(credential_variable, self._environ)):
            return
        from safepip.edges.network.index_credentials import named_logins

        self._named = named_logins(self._environ, self._indexes)
        for named in self._named:
            self._remember_words(Login(named.user, named.password))

    def holds(self, url: IndexUrl) -> bool:
        """Whether a URL of the same origin was read with user information in it."""
        return url.origin in self._absorbed

    # ------------------------------------------------------------------ coming in

    def absorb(self, text: str) -> str:
        """Remember and remove the user information of every URL in `text`; the name of an account of ssh stays.

        Works on a lone URL, a requirement, a line or a whole file. A password with a raw `/`, `?` or `#` makes its URL
        invalid; it is replaced by `****`, so that the URL stays invalid without being shown.
        """
        if "@" not in text or "://" not in text:
            return text
        return re.sub(_WORD, self._hide_broken, re.sub(_USER_INFO, self._take, text))

    def absorb_proxy(self, text: str) -> str:
        """The same for a proxy, which may be written without scheme: `user:password@host:port` (pip's --proxy)."""
        whole = text if "://" in text or is_web(text) or not text else f"http://{text}"
        scheme, _, rest = whole.partition("://")
        info, at, host = rest.rpartition("@")
        if at and (re.search(_DELIMITER, info) or MASK in info):
            # No part of a URL: it makes the whole no URL, and is a secret all the same.
            self._remember_words(login_from(info, "/"), info)
            return f"{scheme}://{MASK}@{host}"
        return self.absorb(whole)

    def _take(self, found: re.Match[str]) -> str:
        scheme, info, rest = found[1], found[2], found[3]
        user, colon, _ = info.partition(":")
        account = f"{user}@" if is_account(scheme.removesuffix("://").lower(), user) else ""
        if account and not colon:
            return found[0]
        origin = origin_of(scheme + rest)
        login = login_from(info, "/" + rest.partition("/")[2])
        self._remember_words(login, info)
        if origin is not None and info.replace(MASK, "").strip(":"):
            self._absorbed.setdefault(origin, Logins()).add(login)
        return scheme + account

    def _hide_broken(self, found: re.Match[str]) -> str:
        word = found[0]
        end = word.rfind("@")
        head = re.search(_BROKEN_HEAD, word[:end]) if end > 0 else None
        if head is None:
            return word
        secret = word[head.end(1) : end]
        self._remember_words(login_from(secret, "/"), secret)
        return f"{word[: head.end(1)]}{MASK}{word[end:]}"

    def conceal(self, text: str, source: str) -> None:
        """Show `source` wherever `text`, which holds the value of a variable, would be shown."""
        self.concealed.add(text, source)

    # ------------------------------------------------------------------ going out

    def for_url(self, url: str, owner: IndexUrl | None = None) -> tuple[str, str] | None:
        """What to send to `url` unasked: user name and password, or None. Only ever for its own origin.

        `owner` is the index whose page it is, or that lists the file.
        """
        origin = origin_of(url)
        if origin is None:
            return None
        login = self._by_name(origin, url, owner) or self._learned.get(origin) or self._best_absorbed(origin, url)
        if login is not None and login.password is not None:
            return login.user, login.password
        from_netrc = self._from_netrc(origin)
        if from_netrc is not None:
            return from_netrc
        return None if login is None else (login.user, "")

    def authorization(self, url: str, owner: IndexUrl | None = None) -> str | None:
        """The value of the `Authorization` header for `url` (RFC 7617), or None."""
        pair = self.for_url(url, owner)
        return None if pair is None else self._basic(pair)

    def after_challenge(self, url: str, owner: IndexUrl | None = None) -> str | None:
        """After a 401: the header value to try once more with, or None. Blocks: runs a program, may ask.

        A user name with a password in the URL is enough: nothing else is tried (as in pip).
        """
        origin = origin_of(url)
        if origin is None:
            return None
        with self._lock:
            if origin in self._learned:
                # Another request of this origin may have been answered meanwhile; it speaks for all.
                learned = self._learned[origin]
                return self._basic((learned.user, learned.password or ""))
            absorbed = self._by_name(origin, url, owner) or self._best_absorbed(origin, url)
            if origin in self._refused or (absorbed is not None and absorbed.password is not None):
                return None
            pair = self._from_keyring(origin, url, absorbed) or self._from_user(origin)
            if pair is None:
                self._refused.add(origin)
                return None
            login = Login(*pair)
            self._remember_words(login)
            self._learned[origin] = login
            return self._basic(pair)

    def rejected(self, url: str) -> None:
        """The server answered 401 again to what `after_challenge` gave: do not offer it a third time."""
        origin = origin_of(url)
        if origin is not None:
            with self._lock:
                self._learned.pop(origin, None)
                self._refused.add(origin)

    def refused(self, url: str, owner: IndexUrl | None, *, sent: bool) -> None:
        """The last answer was 401: note whose credentials were not accepted, or that netrc is missing."""
        from safepip.edges.network.netrc_file import named_netrc

        origin, netrc, notice = origin_of(url), named_netrc(self._environ), ""
        if origin is not None and sent:
            whose = self._whose(origin, url, owner)
            notice = f"{parse(url).netloc} does not accept the user name and password from {whose}"
        elif netrc and not os.path.exists(netrc):
            notice = f"there is no netrc file {netrc}, which NETRC names"
        if notice and notice not in self.notices:
            self.notices.append(notice)

    def _whose(self, origin: str, url: str, owner: IndexUrl | None) -> str:
        """Where `for_url` has them from."""
        if self._by_name(origin, url, owner) is not None:
            return "the variables by the name of the index"
        if origin in self._learned:
            return "the keyring or the terminal"
        absorbed = self._best_absorbed(origin, url)
        in_url = absorbed is not None and absorbed.password is not None
        return "its URL" if in_url or self._from_netrc(origin) is None else "netrc"

    def proxy_auth(self, proxy: str) -> tuple[bytes, bytes] | None:
        """User name and password for a proxy whose URL went through `absorb_proxy`, or None."""
        origin = origin_of(proxy)
        logins = self._absorbed.get(origin) if origin else None
        last = logins.last if logins is not None else None
        return None if last is None else (as_bytes(last.user), as_bytes(last.password or ""))

    def _by_name(self, origin: str, url: str, owner: IndexUrl | None) -> Login | None:
        """The login of the index that owns the URL, or that it lies in; of several the innermost."""
        fits = [
            named
            for named in self._named
            if (named.url.contains(url) if owner is None else named.url == owner and owner.origin == origin)
        ]
        best = max(fits, key=lambda named: len(named.url.path), default=None)
        return None if best is None else Login(best.user, best.password, best.url.path)

    def _best_absorbed(self, origin: str, url: str) -> Login | None:
        logins = self._absorbed.get(origin)
        return None if logins is None else logins.best(parse(url).path)

    def _basic(self, pair: tuple[str, str]) -> str:
        header = self._headers.get(pair)
        if header is None:
            from base64 import b64encode

            token = b64encode(as_bytes(f"{pair[0]}:{pair[1]}")).decode()
            self._add_words(token)
            header = self._headers[pair] = f"Basic {token}"
        return header

    # ------------------------------------------------------------------ netrc, keyring, terminal

    def _from_netrc(self, origin: str) -> tuple[str, str] | None:
        if self._netrc is None:
            from safepip.edges.network.netrc_file import read_netrc

            self._netrc = read_netrc(self._environ, self.notices.append)
        place = parse(origin)
        entry = self._netrc.get(place.host)
        if entry is None or not self._netrc_reaches(place):
            return None
        self._remember_words(Login(*entry))
        return entry

    def _netrc_reaches(self, place: Url) -> bool:
        """netrc knows hosts and no ports: which of a host's ports its entry is meant for.

        A requirements file may come from another person: it adds no port on a host where the user has named one.
        """
        indexes = self._indexes
        there = [index for index in indexes if index.url.host == place.host]
        named = [index for index in there if index.origin.source is not Source.FILE]
        if any(index.url.origin == place.origin for index in named or there):
            return True
        ports = [host for index in indexes for host in index.file_hosts if ":" in host.rpartition("]")[2]]
        if place.scheme == "https" and covered(place, ports):
            return True
        usual = place.scheme == "https" and place.port is None
        return usual and not there

    def _from_keyring(self, origin: str, url: str, absorbed: Login | None) -> tuple[str, str] | None:
        # pip uses a keyring on its own only where it could also ask the user.
        if self._keyring_provider == "disabled" or (self._no_input and self._keyring_provider == "auto"):
            return None
        program = self._keyring_program()
        if program is None:
            return None
        user = absorbed.user if absorbed else None
        # pip asks for the index's URL first, because it is more specific, then for the host alone.
        services = [origin + absorbed.path] if absorbed else []
        for service in (*services, parse(url).netloc):
            pair = self._run_keyring(program, service, user)
            if pair is not None:
                return pair
        return None

    def _keyring_program(self) -> str | None:
        import shutil
        import sysconfig

        path = self._environ.get("PATH", os.defpath)
        if self._keyring_provider == "import":
            path = os.pathsep.join((sysconfig.get_path("scripts"), path))
        found = shutil.which("keyring", path=path)
        # A relative answer comes from the working directory, where any project may put a program.
        return found if found is not None and os.path.isabs(found) else None

    def _run_keyring(self, program: str, service: str, user: str | None) -> tuple[str, str] | None:
        import json
        import subprocess

        from safepip.edges.programs.program_output import gather
        from safepip.environment.python_variables import foreign_environment

        # Host and user come out of a URL, and no option of the program may.
        command = [program, "--mode=creds", "--output=json", "get", "--", service, *([] if user is None else [user])]
        environment = {**foreign_environment(self._environ), "PYTHONIOENCODING": "utf-8"}
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
            )
            output, errors = gather(process, _KEYRING_SECONDS)
            if process.returncode == 2 and b"--mode=creds" in errors:
                self.notices.append(
                    "the keyring program is too old to be asked for credentials; it needs to be 25.2.1 or newer"
                )
            if process.returncode:
                return None
            answer = json.loads(output)
            return str(answer["username"]), str(answer["password"])
        except (OSError, subprocess.SubprocessError, ValueError, KeyError, TypeError, RecursionError) as error:
            # Only the kind of error: the program's output may hold what it was asked for.
            self.notices.append(
                f"the keyring program gave no usable answer ({type(error).__name__}) and is not asked again"
            )
            self._keyring_provider = "disabled"
            return None

    def _from_user(self, origin: str) -> tuple[str, str] | None:
        return None if self._no_input or self._ask is None else self._ask(origin)

    # ------------------------------------------------------------------ redaction

    def redact(self, text: str) -> str:
        """`text` with every known secret, raw, percent-encoded or as a Basic token, and all user info as `****`."""
        text = self.concealed.redact(text)
        if "://" in text and "@" in text:
            # No URL goes on over the end of a line: of a report, which may have a megabyte, few lines are looked at.
            text = "\n".join([self._without_user_info(line) for line in text.split("\n")])
        return self._secrets.mask(text)

    def _without_user_info(self, line: str) -> str:
        if "@" not in line or "://" not in line:
            return line
        return re.sub(_WORD, self._hide_broken, re.sub(_USER_INFO, _masked, line))

    def _remember_words(self, login: Login, raw: str = "") -> None:
        raw_user, _, raw_password = raw.partition(":")
        if login.password:
            self._add_words(login.password, raw_password)
        # Many services take a token as the user name, with no password or a meaningless one.
        if (login.password or "") in _PLACEHOLDERS or len(login.user) >= _TOKEN_LENGTH:
            self._add_words(login.user, raw_user)

    def _add_words(self, *words: str) -> None:
        for word in words:
            for form in forms_of(word):
                self._secrets.add(form)


def _masked(found: re.Match[str]) -> str:
    """A URL's user information as it is shown."""
    scheme, info = found[1], found[2]
    return f"{scheme}{info if is_account(scheme.removesuffix('://').lower(), info) else MASK}@"
