"""The Simple API: pages, good, odd and hostile, in both forms."""

from __future__ import annotations

import hashlib
import json
from html import escape
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from safepip.index import entries
from safepip.index.simple_api import PageError, list_folder, parse_find_links_page, parse_page
from safepip.model.digest import Checksum, Digest
from safepip.model.page import ProjectFile, ProjectPage, Status

JSON = "application/vnd.pypi.simple.v1+json"
URL = "https://index.example/simple/acme/"
WHEEL = "acme-1.0-py3-none-any.whl"
SHA = hashlib.sha256(b"acme").hexdigest()


def json_page(*files: Any, **more: Any) -> ProjectPage:
    """The page of a JSON document with these entries."""
    document = {"meta": {"api-version": "1.1"}, "name": "acme", "files": list(files), **more}
    return parse_page("acme", json.dumps(document).encode(), JSON, URL)


def html_page(body: str, content_type: str = "text/html", url: str = URL) -> ProjectPage:
    """The page of an HTML document with this body."""
    return parse_page("acme", f"<!DOCTYPE html><html><body>{body}</body></html>".encode(), content_type, url)


def entry(url: str = f"https://files.example/a/{WHEEL}", **more: Any) -> dict[str, Any]:
    """An entry of the JSON form."""
    return {"filename": WHEEL, "url": url, "hashes": {"sha256": SHA}, **more}


def test_every_field_of_a_json_entry_is_read() -> None:
    """URL, digests, Requires-Python, yank, sidecar, size and upload time arrive in the file."""
    page = json_page(
        {
            "filename": WHEEL,
            "url": f"https://files.example/a/{WHEEL}",
            "hashes": {"sha256": SHA, "md5": "0" * 32},
            "requires-python": ">=3.8",
            "yanked": "broken",
            "core-metadata": {"sha256": SHA},
            "size": 17,
            "upload-time": "1970-01-02T00:00:00.500000Z",
        }
    )
    digest = Digest("sha256", SHA)
    assert page.files == (
        ProjectFile(WHEEL, f"https://files.example/a/{WHEEL}", (digest,), ">=3.8", "broken", (digest,), 17, 86400.5,
                    (Checksum("md5", "0" * 32),)),
    )  # fmt: skip
    assert (page.name, page.url, page.status, page.dropped, page.notices) == ("acme", URL, Status.ACTIVE, 0, ())


def test_both_forms_say_the_same() -> None:
    """A page in HTML gives the same files as the same page in JSON, but for what HTML cannot say."""
    tag = (
        f'<a href="https://files.example/a/{WHEEL}#sha256={SHA}" data-requires-python="&gt;=3.8" '
        f'data-yanked="broken" data-core-metadata="sha256={SHA}">{WHEEL}</a>'
    )
    more: dict[str, Any] = {"requires-python": ">=3.8", "yanked": "broken", "core-metadata": {"sha256": SHA}}
    stated = json_page(entry(**more))
    assert html_page(tag).files == stated.files


@pytest.mark.parametrize("url", [f"../../files/{WHEEL}", f"/files/{WHEEL}", f"//index.example/files/{WHEEL}"])
def test_relative_links_are_joined_to_the_page(url: str) -> None:
    """A relative URL counts from the URL that the page was finally read from."""
    expected = f"https://index.example/files/{WHEEL}"
    assert json_page(entry(url)).files[0].url == expected
    assert html_page(f'<a href="{url}">x</a>').files[0].url == expected


def test_base_href_moves_relative_links() -> None:
    """The first `<base href>` counts, itself relative to the page, and later ones do not."""
    page = html_page(f'<base target=x><base href="/other/"><base href="/third/"><a href="{WHEEL}">x</a>')
    assert page.files[0].url == f"https://index.example/other/{WHEEL}"


def test_base_href_cannot_make_a_page_local() -> None:
    """A page from a network cannot say that its links are files of this machine."""
    page = html_page(f'<base href="file:///srv/"><a href="{WHEEL}">x</a>')
    assert page.files[0].url == f"https://index.example/simple/acme/{WHEEL}"


@pytest.mark.parametrize(
    "url",
    [
        f"ftp://files.example/{WHEEL}",
        f"javascript:alert(1)//{WHEEL}",
        f"file:///etc/{WHEEL}",
        f"https://user@files.example/{WHEEL}",
        f"https://user:secret@files.example/{WHEEL}",
        f"https://good.example\\@evil.example/{WHEEL}",
        f"https://files.example/a/../../b/{WHEEL}",
        f"https://files.example/a/%2e%2e/b/{WHEEL}",
        f"https://files.example/a%5c{WHEEL}",
        f"https:///{WHEEL}",
        f"https://[::1/{WHEEL}",
        f"https://files.example:http/{WHEEL}",
        f"https://files.example/a%2f{WHEEL}",
        f"https://files.example/a%3A{WHEEL}",
        f"https://files.example/%1B{WHEEL}",
        f"https://files.example/%FF/{WHEEL}",
        "https://files.example/",
        "https://files.example/..",
        17,
        None,
        ["https://files.example/"],
    ],
)
def test_an_entry_with_an_unusable_url_is_dropped_and_counted(url: Any) -> None:
    """A URL that is not plain https, http or file, or holds user information, is no file; the page stands."""
    page = json_page(entry(url), entry())
    assert (len(page.files), page.dropped) == (1, 1)
    if isinstance(url, str) and url.endswith(".whl"):
        page = html_page(f'<a href="{url}">x</a><a href="https://files.example/{WHEEL}">x</a>')
        assert (len(page.files), page.dropped) == (1, 1)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        17,
        "text",
        [],
        {},
        {"filename": WHEEL},
        entry() | {"filename": "other-1.0-py3-none-any.whl"},
        entry() | {"filename": 3},
        entry() | {"hashes": "text"},
        entry() | {"hashes": {"sha256": "abc"}},
        entry() | {"hashes": {"sha256": SHA[:-1] + "g"}},
        entry() | {"hashes": {"sha256": "\u0661" * 64}},
        entry() | {"hashes": {"sha512": 1}},
        entry() | {"requires-python": 3},
        entry() | {"url": f"https://files.example/\ud800/{WHEEL}"},
        entry() | {"hashes": {"sha256": "\ud800" * 64}},
    ],
)
def test_one_bad_entry_does_not_spoil_the_page(bad: Any) -> None:
    """An entry that is broken, has two names or a digest that is none is dropped and counted."""
    page = json_page(bad, entry())
    assert (len(page.files), page.dropped) == (1, 1)


@pytest.mark.parametrize(
    ("value", "expected"), [(False, None), (None, None), ("", None), (True, ""), ("why", "why"), (1, "")]
)
def test_yanked_as_pip_reads_it(value: Any, expected: str | None) -> None:
    """A true value without text means yanked without a reason; an empty text means not yanked."""
    assert json_page(entry(yanked=value)).files[0].yanked == expected


@pytest.mark.parametrize(
    ("attribute", "expected"), [("", None), ("data-yanked", ""), ('data-yanked=""', ""), ("data-yanked=x", "x")]
)
def test_yanked_in_html_is_the_attribute_itself(attribute: str, expected: str | None) -> None:
    """PEP 592: the attribute may have no value at all and yanks all the same."""
    assert html_page(f'<a href="{WHEEL}" {attribute}>x</a>').files[0].yanked == expected


@pytest.mark.parametrize(
    ("stated", "expected"),
    [
        ({"core-metadata": True}, ()),
        ({"core-metadata": False}, None),
        ({"core-metadata": {"sha256": SHA}}, (Digest("sha256", SHA),)),
        ({"core-metadata": {"md5": "0" * 32}}, ()),
        ({"core-metadata": {"sha256": "zz"}}, None),
        ({"dist-info-metadata": {"sha256": SHA}}, (Digest("sha256", SHA),)),
        ({"dist-info-metadata": {"sha256": SHA}, "core-metadata": False}, None),
        ({"dist-info-metadata": {"sha256": SHA}, "core-metadata": None}, (Digest("sha256", SHA),)),
    ],
)
def test_the_sidecar_is_announced_under_either_name(stated: dict[str, Any], expected: object) -> None:
    """PEP 714: `core-metadata` counts, the older name where it is absent."""
    assert json_page(entry(**stated)).files[0].metadata == expected


@pytest.mark.parametrize(
    ("attribute", "expected"),
    [
        ("data-core-metadata=true", ()),
        (f"data-core-metadata=sha256={SHA}", (Digest("sha256", SHA),)),
        (f"data-dist-info-metadata=sha256={SHA}", (Digest("sha256", SHA),)),
        (f"data-core-metadata=true data-dist-info-metadata=sha256={SHA}", ()),
        ("data-core-metadata=nonsense", ()),
        ("data-core-metadata", None),
        ("", None),
    ],
)
def test_the_sidecar_in_html(attribute: str, expected: object) -> None:
    """`true` is a sidecar without digest, `sha256=...` one with it."""
    assert html_page(f'<a href="{WHEEL}" {attribute}>x</a>').files[0].metadata == expected


@pytest.mark.parametrize("text", ["2024-01-01", "2024-13-01T00:00:00Z", "soon", 17, None, True])
def test_upload_time_without_sense_is_absent(text: Any) -> None:
    """A time that cannot be read is no time; a bare date is one, at midnight UTC."""
    expected = 1704067200.0 if text == "2024-01-01" else None
    assert json_page(entry(**{"upload-time": text})).files[0].upload_time == expected


@pytest.mark.parametrize("size", [-1, True, "17", 1.5, None])
def test_a_size_is_a_number_of_bytes(size: Any) -> None:
    """A size that is not a whole number from zero up is no size; zero is one."""
    assert json_page(entry(size=0)).files[0].size == 0
    assert json_page(entry(size=size)).files[0].size is None


def test_weak_digests_are_no_digests() -> None:
    """md5 and sha1 leave a file without a digest, and are kept to be compared."""
    weak = (Checksum("md5", "0" * 32), Checksum("sha1", "0" * 40))
    for page, kept in (
        (json_page(entry(hashes={"md5": "0" * 32, "SHA1": "0" * 40})), weak),
        (html_page(f'<a href="{WHEEL}#md5={"0" * 32}">x</a>'), weak[:1]),
        (html_page(f'<a href="{WHEEL}#sha1={"0" * 40}&md5={"0" * 32}">x</a>'), weak),
    ):
        assert (page.files[0].digests, page.files[0].checksums) == ((), kept)


def test_a_file_has_one_digest_of_an_algorithm() -> None:
    """Two of them would be two files; in the spelling of another letter case as well."""
    for hashes in ({"sha256": SHA, "SHA256": SHA}, {"MD5": "0" * 32, "md5": "1" * 32}):
        assert json_page(entry(hashes=hashes)).dropped == 1
    for fragment in (f"sha256={SHA}&sha256={'0' * 64}", f"md5={'1' * 32}&sha256={SHA}&md5={'0' * 32}"):
        assert html_page(f'<a href="{WHEEL}#{fragment}">x</a>').dropped == 1


def test_all_strong_digests_are_kept() -> None:
    """An entry with several strong digests keeps all; those of the fragment are among them."""
    sha512 = hashlib.sha512(b"acme").hexdigest()
    page = json_page(entry(f"https://files.example/{WHEEL}#sha512={sha512}"))
    assert page.files[0].digests == (Digest("sha256", SHA), Digest("sha512", sha512))
    assert page.files[0].url == f"https://files.example/{WHEEL}"


def test_an_empty_digest_counts_as_not_given() -> None:
    """Some indexes write `#sha256=` for files whose digest they do not know."""
    assert json_page(entry(hashes={"sha256": ""})).files[0].digests == ()
    assert html_page(f'<a href="{WHEEL}#sha256=">x</a>').files[0].digests == ()


def test_a_digest_that_is_none_is_not_a_file_without_digest() -> None:
    """`#sha256=zz` drops the entry: it must not pass for a file that never had a digest."""
    assert html_page(f'<a href="{WHEEL}#sha256=zz">x</a>').dropped == 1


@pytest.mark.parametrize("status", list(Status))
def test_project_status_in_both_forms(status: Status) -> None:
    """PEP 792: the status and its reason are read; a quarantined project is a page without files."""
    page = json_page(**{"project-status": {"status": status.value, "reason": "why"}})
    assert (page.status, page.status_reason) == (status, "why")
    tags = {"repository-version": "1.4", "project-status": status.value, "project-status-reason": "why"}
    page = html_page("".join(f'<meta name="pypi:{name}" content="{content}">' for name, content in tags.items()))
    assert (page.status, page.status_reason, page.files) == (status, "why", ())


def test_an_unknown_status_is_told() -> None:
    """A status that this version does not know counts as active, with a notice."""
    page = json_page(**{"project-status": {"status": "retired\x1b[1m"}})
    assert page.status is Status.ACTIVE
    assert len(page.notices) == 1
    assert "\x1b" not in page.notices[0]


@pytest.mark.parametrize("version", ["2.0", "0.9", "1", "x", "", 1.0, {"a": 1}])
def test_another_major_version_is_an_error(version: Any) -> None:
    """PEP 629: a page of another major version is not read."""
    with pytest.raises(PageError) as raised:
        json_page(meta={"api-version": version})
    assert raised.value.kind == "unsupported-version"


def test_another_major_version_in_html_is_an_error() -> None:
    """PEP 629, for the HTML form."""
    with pytest.raises(PageError, match="unsupported-version"):
        html_page('<meta name="pypi:repository-version" content="2.0">')


def test_a_newer_minor_version_is_told() -> None:
    """PEP 629: a newer minor version is read, with a notice."""
    assert len(json_page(entry(), meta={"api-version": "1.99"}).notices) == 1
    for known in ({}, {"api-version": "1.0"}, {"api-version": "1.4"}):
        assert json_page(entry(), meta=known).notices == ()


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"", "broken-json"),
        (b"<html>", "broken-json"),
        (b'{"files": [', "broken-json"),
        (b"\xff\xfe\xff", "broken-json"),
        (b"[" * 200_000, "broken-json"),
        (b'{"files":' + b"[" * 100_000 + b"]" * 100_000 + b"}", "broken-json"),
        (b'{"files": [], "meta": {"api-version": ' + b"9" * 5000 + b"}}", "broken-json"),
        (b"[]", "not-an-index-page"),
        (b'"files"', "not-an-index-page"),
        (b'{"error": "log in"}', "not-an-index-page"),
        (b'{"files": {}}', "not-an-index-page"),
        (b'{"files": [], "meta": 1}', "not-an-index-page"),
        (b'{"files": [], "name": "other"}', "wrong-project"),
        (b'{"files": [], "name": {"a": 1}}', "wrong-project"),
    ],
)
def test_a_broken_json_page_is_an_error_of_its_kind(body: bytes, kind: str) -> None:
    """A document that is no page is an error, never a page without files."""
    with pytest.raises(PageError) as raised:
        parse_page("acme", body, JSON, URL)
    assert raised.value.kind == kind


def test_the_name_of_a_page_is_compared_normalised() -> None:
    """`Acme` and `acme` are one project."""
    assert json_page(name="Acme").name == "acme"


@pytest.mark.parametrize(
    "content_type",
    ["", "application/json", "text/plain", "application/vnd.pypi.simple.v2+json", "text/htmlx", "image/png"],
)
def test_only_index_pages_are_read(content_type: str) -> None:
    """Any other content type is an error, whatever the body says."""
    with pytest.raises(PageError) as raised:
        parse_page("acme", b'{"files": []}', content_type, URL)
    assert raised.value.kind == "wrong-content-type"


@pytest.mark.parametrize(
    "body",
    [
        "",
        "Not found",
        "<html><body><form action='/login'><input type=password></form></body></html>",
        "<!DOCTYPE html><html><head><script src=app.js></script></head><body><div id=root></div></body></html>",
        "<html><body><a href='/login'>Sign in</a></body></html>",
        "<html><body><iframe src=x></iframe></body></html>",
        "<p>forbidden</p>",
    ],
)
def test_a_login_page_is_no_index_page(body: str) -> None:
    """A page without files that is not plainly an empty index page is an error."""
    with pytest.raises(PageError) as raised:
        parse_page("acme", body.encode(), "text/html; charset=utf-8", URL)
    assert raised.value.kind == "not-an-index-page"


@pytest.mark.parametrize(
    "body",
    [
        "<!DOCTYPE html><html><head><title>Links for acme</title></head><body><h1>Links for acme</h1></body></html>",
        '<html><head><meta name="pypi:repository-version" content="1.0"></head><a href="/help">help</a></html>',
    ],
)
def test_an_empty_index_page_is_a_page(body: str) -> None:
    """A project without files is present."""
    assert parse_page("acme", body.encode(), "text/html", URL).files == ()


def test_what_is_not_markup_holds_no_links() -> None:
    """Links in comments, scripts, styles and titles are text."""
    hidden = '<a href="hidden-1.0.zip">x</a>'
    page = html_page(
        f"<!-- {hidden} --><script>{hidden}</script><STYLE>{hidden}</style ><title>{hidden}</title>"
        f'<A HREF = "{WHEEL}" DATA-YANKED>x</A><? {hidden[:-4]} ?>'
    )
    assert [file.filename for file in page.files] == [WHEEL]
    assert page.files[0].yanked == ""


def test_a_declared_charset_is_used() -> None:
    """Pages are UTF-8 unless they say otherwise; encodings outside the web's are not read."""
    body = f'<a href="{WHEEL}" data-yanked="é">x</a>'
    for charset, codec in (("ISO-8859-1", "latin-1"), ('"utf-8"', "utf-8")):
        page = parse_page("acme", body.encode(codec), f"text/html; charset={charset}", URL)
        assert page.files[0].yanked == "é"
    for bad, content_type in ((body.encode("latin-1"), "text/html"), (body.encode(), "text/html; charset=idna")):
        with pytest.raises(PageError, match="broken-html"):
            parse_page("acme", bad, content_type, URL)


def test_limits_are_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    """Too many bytes and too many files are errors in both forms."""
    for module in ("safepip.index.simple_api", "safepip.index.json_form", "safepip.index.html_form"):
        for name, limit in (("MAX_FILES", 2), ("MAX_PAGE_BYTES", 2000), ("_MAX_TAGS", 6)):
            monkeypatch.setattr(f"{module}.{name}", limit, raising=False)
    with pytest.raises(PageError, match="too-many-files"):
        json_page(entry(), entry(), entry())
    for body in (f'<a href="{WHEEL}">x</a>' * 3, "<a>x</a>" * 7):
        with pytest.raises(PageError, match="too-many-files"):
            html_page(body)
    with pytest.raises(PageError, match="too-large"):
        html_page("x" * 2000)


def test_a_local_page_may_list_local_files() -> None:
    """On a page that was read from a disk, `file:` links and relative ones are files of this machine."""
    page = html_page(
        f'<a href="{WHEEL}#sha256={SHA}">x</a><a href="file:///b/a%20b-1.0.zip">', url="file:///srv/x/index.html"
    )
    assert [file.url for file in page.files] == [f"file:///srv/x/{WHEEL}", "file:///b/a%20b-1.0.zip"]
    assert page.files[1].filename == "a b-1.0.zip"


@pytest.mark.parametrize(
    ("href", "expected"),
    [
        ("file:///C:/wheels/x-1.0.zip", "file:///C:/wheels/x-1.0.zip"),
        ("file:///srv/C:/x-1.0.zip", "file:///srv/C%3A/x-1.0.zip"),
        ("https://files.example/C:/x-1.0.zip", "https://files.example/C%3A/x-1.0.zip"),
    ],
)
def test_only_a_drive_keeps_its_colon(href: str, expected: str) -> None:
    """A path is quoted as pip quotes it; the drive of a local path stays."""
    assert html_page(f'<a href="{href}">x</a>', url="file:///C:/page.html").files[0].url == expected


def test_find_links_pages_list_any_project() -> None:
    """A page of links has no project of its own, and may be empty or full of other links."""
    listed = parse_find_links_page(f'<a href="/about">x</a><a href="{WHEEL}">x</a>'.encode(), "text/html", URL)
    assert [file.filename for file in listed.files] == [WHEEL]
    assert parse_find_links_page(b"<a href='/about'>x</a>", "text/html", URL) == ((), ())
    body = json.dumps({"name": "whatever", "files": [entry()]}).encode()
    assert [file.filename for file in parse_find_links_page(body, JSON, URL).files] == [WHEEL]


def test_a_find_links_page_without_files_is_no_login_page() -> None:
    """It would have none of the names, and leave them to another source. One that nobody has named may be any."""
    for portal in (b"<form><input name='user'></form>", b"<html><script src='x.js'></script><a href='/'>x</a></html>"):
        with pytest.raises(PageError, match="not-an-index-page"):
            parse_find_links_page(portal, "text/html", URL)
        assert parse_find_links_page(portal, "text/html", URL, named=False).files == ()
        assert parse_find_links_page(portal + f"<a href='{WHEEL}'>x</a>".encode(), "text/html", URL).files


def test_what_a_page_lists_and_cannot_be_used_is_not_forgotten() -> None:
    hrefs = (f"https://user:word@h.example/{WHEEL}?x#sha256=1", "a/%2e%2e/b%2Dc-1.0.tar.gz", f"{WHEEL}#sha256=xyz")
    body = "".join(f'<a href="{href}">x</a>' for href in hrefs).encode()
    expected = (WHEEL, "b-c-1.0.tar.gz", WHEEL)
    assert parse_find_links_page(body, "text/html", URL).lost == expected
    entries = [*({"url": href} for href in hrefs), {"filename": WHEEL, "url": "https://h.example/b.whl"}, {"url": 1}, 1]
    body = json.dumps({"files": entries}).encode()
    assert parse_find_links_page(body, JSON, URL).lost == (*expected, WHEEL, "", "")


def test_a_folder_lists_distributions_and_pages() -> None:
    """Wheels and source archives count, HTML files are pages, the rest is passed over; the order is the names'."""
    names = ["b-1.0.tar.gz", "notes.txt", "a-1.0-py3-none-any.whl", "INDEX.HTM", "a-1.0.whl", "links.html"]
    listing = list_folder((name, f"file:///srv/{name}", 3) for name in names)
    assert [file.filename for file in listing.files] == ["a-1.0-py3-none-any.whl", "b-1.0.tar.gz"]
    assert listing.files[0].size == 3
    assert listing.pages == ("file:///srv/INDEX.HTM", "file:///srv/links.html")


URLS = st.builds(
    lambda root, path, name: root + path + name,
    st.sampled_from(["https://files.example/", "http://127.0.0.1:8080/", "", "/", "../../", "https://Files.example/"]),
    st.sampled_from(["", "a/b/", "a b/", "%7Euser/", "é/", "a+b/", "@x/", "a%2Fb/", "a//b/", "x;y/"]),
    st.sampled_from(
        [WHEEL, "acme-1.0%2Blocal-py3-none-any.whl", "acme-1.0+local-py3-none-any.whl", "acme-1!1.0.tar.gz"]
    ),
)
FILES = st.fixed_dictionaries(
    {"url": URLS},
    optional={
        "hashes": st.sampled_from([{"sha256": SHA}, {}, {"md5": "0" * 32}, {"sha256": SHA.upper()}]),
        "requires-python": st.sampled_from([">=3.8", "", None, ">3,<4"]),
        "yanked": st.sampled_from([True, False, "why", "", "<b>&"]),
        "core-metadata": st.sampled_from([True, False, {"sha256": SHA}, {"md5": "0" * 32}]),
        "dist-info-metadata": st.sampled_from([True, False, {"sha256": SHA}]),
        "upload-time": st.sampled_from(["2024-01-01T00:00:00Z", "2024-01-01T00:00:00.123456Z"]),
    },
)


def as_pip(body: bytes, content_type: str) -> list[tuple[object, ...]]:
    """What pip reads from a page, in comparable form."""
    from pip._internal.index.collector import IndexContent, parse_links

    found: list[tuple[object, ...]] = []
    for link in parse_links(IndexContent(body, content_type, None, URL, cache_link_parsing=False)):
        strong = {k: v.lower() for k, v in link._hashes.items() if k.startswith("sha256")}
        metadata = link.metadata_file_data
        uploaded = link.upload_time.timestamp() if link.upload_time else None
        sidecar = None if metadata is None else {k: v for k, v in (metadata.hashes or {}).items() if k != "md5"}
        found.append(
            (
                # A host is the same in either case; safepip writes it in lower case everywhere.
                link.url_without_fragment.replace("https://Files.example/", "https://files.example/"),
                link.filename,
                strong,
                link.requires_python,
                link.yanked_reason,
                sidecar,
                uploaded,
            )
        )
    return found


def as_here(page: ProjectPage) -> list[tuple[object, ...]]:
    """What safepip reads, in the same form."""
    return [
        (
            file.url,
            file.filename,
            dict(file.digests),
            file.requires_python,
            file.yanked,
            None if file.metadata is None else dict(file.metadata),
            file.upload_time,
        )
        for file in page.files
    ]


@settings(max_examples=150, deadline=None)
@given(st.lists(FILES, max_size=4))
def test_json_pages_read_as_in_pip(files: list[dict[str, Any]]) -> None:
    """Every usable entry of a JSON page has the same URL, name, digests and flags as in pip."""
    body = json.dumps({"files": files}).encode()
    page = parse_page("acme", body, JSON, URL)
    assert page.dropped == 0
    assert as_here(page) == as_pip(body, JSON)


def as_anchor(file: dict[str, Any]) -> str:
    """The HTML form of a JSON entry."""
    attributes = []
    sha = (file.get("hashes") or {}).get("sha256")
    fragment = f"#sha256={sha}" if sha else ""
    attributes.append(f'href="{escape(file["url"])}{fragment}"')
    if file.get("requires-python"):
        attributes.append(f"data-requires-python='{escape(file['requires-python'])}'")
    if file.get("yanked"):
        attributes.append(f'DATA-YANKED = "{escape(file["yanked"] if isinstance(file["yanked"], str) else "")}"')
    for key in ("core-metadata", "dist-info-metadata"):
        value = file.get(key)
        if value is True:
            attributes.append(f"data-{key}=true")
        elif value:
            attributes.append(f'data-{key}="{"".join(f"{k}={v}" for k, v in value.items())}"')
    return f"<a {' '.join(attributes)}\n>x</a>"


@settings(max_examples=150, deadline=None)
@given(st.lists(FILES, min_size=1, max_size=4), st.sampled_from(["", "<base href='/x/y/'>", "<BASE HREF=/z/>"]))
def test_html_pages_read_as_in_pip(files: list[dict[str, Any]], base: str) -> None:
    """Every entry of an HTML page has the same URL, name, digests and flags as in pip, whose base must be absolute."""
    body = f"<html>{base.replace('/x', 'https://b.example/x').replace('/z', 'https://b.example/z')}" + "<br/>".join(
        map(as_anchor, files)
    )
    page = parse_page("acme", body.encode(), "text/html", URL)
    assert page.dropped == 0
    assert as_here(page) == as_pip(body.encode(), "text/html")


@settings(max_examples=150, deadline=None)
@given(URLS, st.sampled_from([{"sha256": SHA}, {"sha256": SHA, "sha512": "0" * 128}]))
def test_the_quick_way_and_the_careful_way_agree(url: str, hashes: dict[str, str]) -> None:
    """An entry that the quick recognition takes is read as the full rules would read it."""
    filename = url.rpartition("/")[2]
    if entries.all_regular([{"url": url}]):
        assert entries.is_regular(url, filename, set())
    if entries.is_regular(url, filename, set()):
        assert entries.link(url, URL) == entries.Link(url, filename, ())
    found = entries.digests(hashes)
    assert {digest.algorithm: digest.hex for digest in found} == hashes


@pytest.mark.parametrize(
    "other",
    [
        *("files.example/x.zip", "https://files.example/a//x.zip", "https://files.example/../x.zip", "x.zip", ""),
        *(
            "https://files.example/a:b.zip",
            "https://files.example/https://files.example/x.zip",
            "https://u@files.example/x.zip",
        ),
        *(
            "https://files.example/x.zip?y",
            "https://files.example/x.zip#y",
            "https://other.example/x.zip",
            "a\nhttps://files.example/",
        ),
        *(
            "https://files.example/é.zip",
            "https://files.example/%2e%2e/x.zip",
            "https://files.example/\ud800.zip",
            None,
            1,
        ),
    ],
)
def test_a_page_is_regular_only_if_every_url_is(other: Any) -> None:
    """One URL that is relative, quoted, of another root or no URL at all, and each entry is looked at for itself."""
    plain = {"url": f"https://files.example/a/{WHEEL}"}
    assert entries.all_regular([plain, plain])
    assert not entries.all_regular([plain, {"url": other}])
    assert not entries.all_regular([{"url": other}, plain])


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from([WHEEL, URL, SHA, "files", "1.0"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["files", "meta", "url", "filename", "hashes", "sha256", "name", "core-metadata", "yanked"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@settings(max_examples=200, deadline=None)
@given(
    st.fixed_dictionaries(
        {"files": st.lists(JSON_VALUES, max_size=3)}, optional={"meta": JSON_VALUES, "name": JSON_VALUES}
    )
)
def test_json_of_any_shape_is_a_page_or_a_page_error(document: Any) -> None:
    """Nothing but `PageError` leaves the room, and every file that does is complete."""
    try:
        page = parse_page("acme", json.dumps(document).encode(), JSON, URL)
    except PageError:
        return
    for file in page.files:
        assert file.url.startswith(("https://", "http://"))
        assert "/" not in file.filename


MARKUP = st.lists(
    st.sampled_from(
        [
            *(
                "<a ",
                "<A",
                "href=",
                "href",
                "=",
                '"',
                "'",
                ">",
                "<",
                "/",
                "/>",
                " ",
                "\n",
                WHEEL,
                "x.zip",
                "<!--",
                "-->",
            ),
            *("<!", "<base ", "<meta name=", "content=", "pypi:repository-version", "1.0", "<script>", "</script>"),
            *("&amp;", "&#1114112;", "#sha256=", SHA, "data-yanked", "é", "\x00", "https://", "u@h/", "[", "%ff", "%"),
            *("</a>", "<form>", "<html>"),
        ]
    ),
    max_size=25,
).map("".join)


@settings(max_examples=300, deadline=None)
@given(MARKUP)
def test_markup_of_any_shape_is_a_page_or_a_page_error(text: str) -> None:
    """Nothing but `PageError` leaves the room, and every file that does is complete."""
    try:
        page = parse_page("acme", text.encode(), "text/html", URL)
    except PageError:
        return
    for file in page.files:
        assert file.url.startswith(("https://", "http://"))
        assert "@" not in file.url.split("/")[2]
        assert "/" not in file.filename


@pytest.mark.timeout(30)
@pytest.mark.parametrize(
    "unit",
    [
        "<a ",
        "<a x=",
        '<a x="',
        "<!--",
        "<",
        "<script>",
        "<a href='",
        "</",
        "<a>",
        " ",
        "=\t",
        "&#",
        "<?",
        "<a x ",
        "<a x\t=",
    ],
)
@pytest.mark.parametrize("start", ["", "<a ", "<a x", "<a x=", "<script>"])
def test_a_hostile_page_costs_no_more_than_its_size(start: str, unit: str) -> None:
    """The scanner goes over each character a fixed number of times: were it the square, this would not end in time."""
    text = start + unit * (400_000 // len(unit))
    with pytest.raises(PageError):
        parse_page("acme", text.encode(), "text/html", URL)
