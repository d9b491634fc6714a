"""A package index in memory that tests mutate: the world in which safepip is attacked.

`IndexServer` is a host with one index at `/simple/`; `mount` puts further ones on the same host, under
prefixes of their own, as artefact servers do. Content is added with `add` (a wheel is made on the
spot), `add_sdist` and `add_file`; each `Project` and `ServedFile` is then a plain object whose fields may be changed
at any time. Pages are JSON (PEP 691) or HTML (PEP 503) by the request's Accept header and the index's `formats`.

    with IndexServer() as index:
        index.add("acme-utils", "1.0", requires=["acme-core"])
        index.fault("acme-core", status(503))
        ...
        assert not index.mentions("acme-core")
"""

from __future__ import annotations

import base64
import html
import json
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import quote, unquote

from support.host import Host, partial
from support.replies import Fault, Reply, Request
from support.wheels import build_sdist, build_wheel, escaped, metadata_text, normalise, sha256

if TYPE_CHECKING:
    import ssl

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
PLAIN_HTML = "text/html"

#: Any upload time, for files whose test does not care; PEP 700 wants microseconds at most and a Z.
UPLOADED = "2024-01-02T03:04:05.000000Z"


@dataclass(slots=True)
class ServedFile:
    """One file of a project, as its page lists it and as it is served.

    `hashes` None means the true sha256; an empty mapping means none is given. `size` None means the true
    one, -1 none. `sidecar` are the bytes of the metadata file, None for none; `sidecar_hashes` None means
    the true sha256, empty `true` without a digest. `advertised` False keeps a sidecar that exists off
    the page. `url` replaces where the page says the file is.
    """

    filename: str
    data: bytes
    hashes: dict[str, str] | None = None
    size: int | None = None
    requires_python: str | None = None
    yanked: bool | str = False
    upload_time: str | None = UPLOADED
    sidecar: bytes | None = None
    sidecar_hashes: dict[str, str] | None = None
    advertised: bool = True
    url: str | None = None

    def listed_hashes(self) -> dict[str, str]:
        """The digests that the page gives."""
        return {"sha256": sha256(self.data)} if self.hashes is None else self.hashes

    def listed_sidecar(self) -> bool | dict[str, str]:
        """What the page says of the metadata file."""
        if self.sidecar is None or not self.advertised:
            return False
        return ({"sha256": sha256(self.sidecar)} if self.sidecar_hashes is None else self.sidecar_hashes) or True


@dataclass(slots=True)
class Project:
    """A project's page: its files in order, and its status (PEP 792)."""

    name: str
    files: list[ServedFile] = field(default_factory=list)
    status: str | None = None
    status_reason: str | None = None


class Index:
    """One index under a prefix of a host. Its files are served below `<prefix>/../files/`.

    `formats` are the content types it can give, the preferred first. `auth` is a user name and password
    that pages and files then need. `ranges`, `etags` and `cache_control` are about HTTP. `sidecars` tells
    whether `add` gives wheels a metadata file. `files_base` replaces the URL under which pages say
    the files are (without it they are relative links, as many servers write them).
    """

    def __init__(self, host: Host, prefix: str) -> None:
        self.host = host
        self.prefix = prefix
        self.files_prefix = prefix.removesuffix("simple/") + "files/"
        self.projects: dict[str, Project] = {}
        self.formats: tuple[str, ...] = (JSON, HTML, PLAIN_HTML)
        self.api_version = "1.4"
        self.auth: tuple[str, str] | None = None
        self.ranges = True
        self.etags = False
        self.cache_control: str | None = None
        self.sidecars = True
        self.files_base: str | None = None
        host.sites.append(self)

    @property
    def url(self) -> str:
        """The index's URL, as a client is given it."""
        return f"{self.host.origin}{self.prefix}"

    @property
    def credentialed_url(self) -> str:
        """The index's URL with `auth` in it."""
        assert self.auth is not None
        user, password = (quote(part, safe="") for part in self.auth)
        return self.url.replace("://", f"://{user}:{password}@", 1)

    # --- content

    def add(self, name: str, version: str, *, file: dict[str, Any] | None = None, **wheel: Any) -> ServedFile:
        """Add a wheel. `wheel` are the arguments of `build_wheel`; `file` are fields of `ServedFile`."""
        filename, data = build_wheel(name, version, **wheel)
        return self.add_wheel(name, filename, data, version=version, file=file, **wheel)

    def add_wheel(
        self, name: str, filename: str, data: bytes, *, version: str, file: dict[str, Any] | None = None, **wheel: Any
    ) -> ServedFile:
        """Add ready-made bytes as a wheel whose sidecar says what `wheel` says."""
        fields: dict[str, Any] = {"requires_python": wheel.get("requires_python")}
        if self.sidecars:
            known = ("requires", "extras", "requires_python", "metadata_extra")
            text = wheel.get("metadata") or metadata_text(
                name, version, **{key: wheel[key] for key in known if key in wheel}
            )
            fields["sidecar"] = text if isinstance(text, bytes) else text.encode()
        return self.add_file(name, filename, data, **{**fields, **(file or {})})

    def add_sdist(self, name: str, version: str, *, file: dict[str, Any] | None = None, **sdist: Any) -> ServedFile:
        """Add a source archive, which cannot be built."""
        filename, data = build_sdist(name, version, **sdist)
        return self.add_file(name, filename, data, **(file or {}))

    def add_file(self, name: str, filename: str, data: bytes, **fields: Any) -> ServedFile:
        """Add any file to a project's page; `fields` are those of `ServedFile`."""
        served = ServedFile(filename, data, **fields)
        self.project(name).files.append(served)
        return served

    def project(self, name: str) -> Project:
        """A project's page, made empty where there is none yet."""
        return self.projects.setdefault(normalise(name), Project(normalise(name)))

    # --- faults and evidence

    def fault(self, name: str, fault: Fault) -> None:
        """Let the page of a project misbehave. A page that is not there may have a fault, too."""
        self.host.faults[self.page_path(name)] = fault

    def file_fault(self, filename: str, fault: Fault) -> None:
        """Let a file misbehave, or its sidecar with `.metadata` at the end."""
        self.host.faults[self.file_path(filename)] = fault

    def page_path(self, name: str) -> str:
        """The path of a project's page."""
        return f"{self.prefix}{normalise(name)}/"

    def file_path(self, filename: str) -> str:
        """The path of a file, as it arrives in a request."""
        return self.files_prefix + quote(filename)

    def mentions(self, name: str) -> list[str]:
        """Paths requested of this index's host that contain the project's name, in either spelling."""
        spellings = (normalise(name), escaped(name))
        return [
            request.path
            for request in self.host.requests
            if any(spelling in unquote(request.path).lower() for spelling in spellings)
        ]

    def paths_asked(self) -> list[str]:
        """Every path requested of the host, in order."""
        return [request.path for request in self.host.requests]

    # --- answering

    def answer(self, request: Request) -> Reply | None:
        """The honest reply, or None for a path that is not this index's."""
        path = unquote(request.path.partition("?")[0])
        if not path.startswith((self.prefix, self.files_prefix)):
            return None
        if self.auth is not None and not self._authorised(request):
            return Reply(401, b"who are you?", {"WWW-Authenticate": 'Basic realm="index"'})
        if path.startswith(self.files_prefix):
            return self._file(request, path.removeprefix(self.files_prefix))
        return self._page(request, path.removeprefix(self.prefix)) if path != self.prefix else self._list()

    def _list(self) -> Reply:
        """The page of all projects (PEP 691), for mirrors. Nothing of safepip asks for it."""
        names = {"meta": {"api-version": self.api_version}, "projects": [{"name": name} for name in self.projects]}
        return Reply(200, json.dumps(names).encode(), {"Content-Type": JSON})

    def _authorised(self, request: Request) -> bool:
        assert self.auth is not None
        token = base64.b64encode(":".join(self.auth).encode()).decode()
        return request.headers.get("authorization") == f"Basic {token}"

    def _page(self, request: Request, name: str) -> Reply:
        if not name.endswith("/"):
            return Reply(301, b"", {"Location": f"{self.prefix}{normalise(name)}/"})
        project = self.projects.get(name.removesuffix("/"))
        if project is None:
            return Reply(404, b"no such project", {"Content-Type": "text/plain"})
        chosen = self._negotiate(request.headers.get("accept", "*/*"))
        if chosen is None:
            return Reply(406, b"", {})
        body = self.page_json(project) if chosen == JSON else self.page_html(project)
        return self._conditional(request, Reply(200, body, {"Content-Type": chosen, "Vary": "Accept"}))

    def _negotiate(self, accept: str) -> str | None:
        offers = [part.split(";")[0].strip() for part in accept.split(",")]
        for content_type in self.formats:
            if content_type in offers or "*/*" in offers:
                return content_type
        return None

    def _file(self, request: Request, filename: str) -> Reply:
        octets = {"Content-Type": "application/octet-stream"}
        for project in self.projects.values():
            for served in project.files:
                if served.filename == filename:
                    return self._conditional(request, Reply(200, served.data, octets))
                if served.sidecar is not None and f"{served.filename}.metadata" == filename:
                    return self._conditional(request, Reply(200, served.sidecar, octets))
        return Reply(404, b"no such file", {"Content-Type": "text/plain"})

    def _conditional(self, request: Request, reply: Reply) -> Reply:
        headers = dict(reply.headers)
        if self.cache_control:
            headers["Cache-Control"] = self.cache_control
        if self.etags:
            headers["ETag"] = f'"{sha256(reply.body)[:32]}"'
            if request.headers.get("if-none-match") == headers["ETag"]:
                return Reply(304, b"", headers)
        reply = replace(reply, headers=headers)
        if not self.ranges:
            return reply
        headers["Accept-Ranges"] = "bytes"
        return partial(request, reply)

    # --- pages

    def _file_url(self, served: ServedFile) -> str:
        if served.url is not None:
            return served.url
        if self.files_base is not None:
            return self.files_base + quote(served.filename)
        return f"{'../' * (self.prefix.removesuffix('simple/') != self.prefix)}../files/{quote(served.filename)}"

    def page_json(self, project: Project) -> bytes:
        """The project's page in JSON, PEP 691, 700, 714 and 792."""
        document: dict[str, Any] = {
            "meta": {"api-version": self.api_version},
            "name": project.name,
            "versions": [],
            "files": [self._entry(served) for served in project.files],
        }
        if project.status is not None:
            document["project-status"] = {"status": project.status}
            if project.status_reason is not None:
                document["project-status"]["reason"] = project.status_reason
        return json.dumps(document).encode()

    def _entry(self, served: ServedFile) -> dict[str, Any]:
        entry: dict[str, Any] = {
            "filename": served.filename,
            "url": self._file_url(served),
            "hashes": served.listed_hashes(),
            "yanked": served.yanked,
        }
        if served.size != -1:
            entry["size"] = len(served.data) if served.size is None else served.size
        if served.requires_python is not None:
            entry["requires-python"] = served.requires_python
        if served.upload_time is not None:
            entry["upload-time"] = served.upload_time
        if served.sidecar is not None:
            entry["core-metadata"] = served.listed_sidecar()
        return entry

    def page_html(self, project: Project) -> bytes:
        """The project's page in HTML, PEP 503, 592, 629, 658, 714 and 792."""
        major_minor = html.escape(self.api_version)
        rows = [f'<!DOCTYPE html><html><head><meta name="pypi:repository-version" content="{major_minor}">']
        if project.status is not None:
            rows.append(f'<meta name="pypi:project-status" content="{html.escape(project.status)}">')
            rows.append(
                f'<meta name="pypi:project-status-reason" content="{html.escape(project.status_reason or "")}">'
            )
        rows.append(f"<title>Links for {html.escape(project.name)}</title></head><body>")
        rows += [self._anchor(served) for served in project.files]
        rows.append("</body></html>")
        return "\n".join(rows).encode()

    def _anchor(self, served: ServedFile) -> str:
        href = self._file_url(served)
        for algorithm, value in list(served.listed_hashes().items())[:1]:
            href += f"#{algorithm}={value}"
        attributes = {"href": href}
        if served.requires_python is not None:
            attributes["data-requires-python"] = served.requires_python
        if served.yanked is not False:
            attributes["data-yanked"] = served.yanked if isinstance(served.yanked, str) else ""
        sidecar = served.listed_sidecar()
        if sidecar:
            value = "true" if sidecar is True else ",".join(f"{name}={digest}" for name, digest in sidecar.items())
            attributes["data-core-metadata"] = attributes["data-dist-info-metadata"] = value
        written = " ".join(f'{name}="{html.escape(value)}"' for name, value in attributes.items())
        return f"<a {written}>{html.escape(served.filename)}</a><br>"


class IndexServer(Index):
    """A host of its own with one index at `prefix`."""

    def __init__(self, prefix: str = "/simple/", *, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(Host(tls=tls), prefix)

    def mount(self, prefix: str) -> Index:
        """Another index on the same host, under a prefix that ends with `simple/`."""
        return Index(self.host, prefix)

    @property
    def requests(self) -> list[Request]:
        """The host's log, in order of arrival."""
        return self.host.requests

    def close(self) -> None:
        """Stop the host; from then on its port refuses connections."""
        self.host.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exc: object) -> None:
        self.close()
