"""Wheels that are not what their file name says, and metadata that can be read in two ways."""

from __future__ import annotations

from hostile.attack import (
    DATA,
    FILENAME,
    INFO,
    METADATA,
    NAME,
    VERSION,
    WHEEL,
    Offer,
    Offered,
    offer,
    offer_files,
    parts,
    recorded,
    stopped_by,
    stopped_by_at,
    wheel,
)
from support.wheels import build_wheel, metadata_text
from support.zips import Part, zip_of

_OTHER = metadata_text("victim", "9.9")
_WHEEL = "Wheel-Version: 1.0\nGenerator: safepip-tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@stopped_by("unreadable-wheel")
def folder_of_another_project() -> Offer:
    """The file is called `widget` and installs the project `victim` at a version of its choice."""
    return offer(build_wheel("victim", "9.9")[1])


@stopped_by("unreadable-wheel")
def folder_of_another_version() -> Offer:
    """The file is the 1.0 that was approved and installs itself as 9.9, which no update ever replaces."""
    return offer(build_wheel(NAME, "9.9")[1])


@stopped_by("unreadable-wheel")
def folder_of_a_look_alike() -> Offer:
    """The folder's name has a Cyrillic letter in it and becomes another project on the disk."""
    return offer(_renamed("w\u0456dget-1.0.dist-info"))


@stopped_by("unreadable-wheel")
def two_folders() -> Offer:
    """A second `.dist-info` folder makes the environment believe that another project is installed."""
    return offer_files({"victim-9.9.dist-info/METADATA": _OTHER, "victim-9.9.dist-info/WHEEL": _WHEEL})


@stopped_by("unreadable-wheel")
def two_folders_in_two_cases() -> Offer:
    """A second folder differs in case only, and on many machines its files replace those of the first."""
    return offer_files({f"{INFO.upper()}/METADATA": _OTHER})


@stopped_by("unreadable-wheel")
def no_folder() -> Offer:
    """There is no `.dist-info` folder, so nothing says what the archive is."""
    return offer(zip_of(parts()[:1]))


@stopped_by("wrong-identity")
def folder_by_the_pure_route() -> Offer:
    """A `.dist-info` folder of another project arrives through `.data/purelib`, beside the one at the root."""
    return offer_files({f"{DATA}/purelib/victim-9.9.dist-info/METADATA": _OTHER})


@stopped_by("wrong-identity")
def folder_by_the_native_route() -> Offer:
    """A `.dist-info` folder of another project arrives through `.data/platlib`."""
    return offer_files({f"{DATA}/platlib/requests-99.0.dist-info/METADATA": metadata_text("requests", "99.0")})


@stopped_by("wrong-identity")
def own_folder_by_another_route() -> Offer:
    """The wheel's own METADATA comes a second time through `.data/purelib`, and what lands last counts."""
    return offer_files({f"{DATA}/purelib/{METADATA}": metadata_text(NAME, "9.9")})


@stopped_by("wrong-identity")
def egg_info_of_another_project() -> Offer:
    """An `.egg-info` folder, the older form, makes pip believe that another project is installed."""
    return offer_files({"victim-9.9.egg-info/PKG-INFO": _OTHER})


@stopped_by("wrong-identity")
def egg_info_file_of_another_project() -> Offer:
    """An `.egg-info` can be a single file as well."""
    return offer_files({"victim-9.9.egg-info": _OTHER})


@stopped_by("wrong-identity")
def egg_info_by_the_pure_route() -> Offer:
    """An `.egg-info` folder of another project arrives through `.data/purelib`."""
    return offer_files({f"{DATA}/purelib/victim-9.9.egg-info/PKG-INFO": _OTHER})


@stopped_by("wrong-identity")
def folder_by_the_pure_route_in_capitals() -> Offer:
    """Python finds metadata in a `.DIST-INFO` as well; the folder arrives through `.data/purelib`."""
    return offer_files({f"{DATA}/purelib/victim-9.9.DIST-INFO/METADATA": _OTHER})


@stopped_by("wrong-identity")
def egg_info_in_capitals() -> Offer:
    """Python finds metadata in an `.EGG-INFO` as well."""
    return offer_files({"victim-9.9.EGG-INFO/PKG-INFO": _OTHER})


@stopped_by("wrong-identity")
def egg_link_of_another_project() -> Offer:
    """An `.egg-link` file makes pip look for another project in a folder of the wheel's choice."""
    return offer_files({"victim.egg-link": "./widget\n."})


@stopped_by("metadata-mismatch")
def metadata_of_another_project() -> Offer:
    """METADATA names another project than the file and its folder."""
    return offer(wheel(metadata=_OTHER.replace("9.9", VERSION)))


@stopped_by("metadata-mismatch")
def metadata_of_another_version() -> Offer:
    """METADATA names another version than the file and its folder."""
    return offer(wheel(metadata=metadata_text(NAME, "9.9")))


@stopped_by("unreadable-wheel")
def metadata_missing() -> Offer:
    """There is no METADATA, so that only the sidecar says what the wheel needs."""
    return offer(zip_of(recorded([part for part in parts()[:-1] if part.name != METADATA])))


@stopped_by("unreadable-wheel")
def metadata_in_two_cases() -> Offer:
    """METADATA and `metadata` are one file on many machines."""
    return offer_files({f"{INFO}/metadata": metadata_text(NAME, VERSION, requires=["victim"])})


@stopped_by("metadata-mismatch")
def metadata_that_is_no_metadata() -> Offer:
    """METADATA holds bytes that no parser takes, while the sidecar is in order."""
    return offer(wheel(metadata=b"\xff\xfe\x00\x01" * 20))


@stopped_by("wrong-identity")
def metadata_with_two_names() -> Offer:
    """METADATA has the field Name twice; one reader takes the first, another the last."""
    return offer(wheel(metadata=metadata_text(NAME, VERSION, metadata_extra="Name: victim")))


@stopped_by("metadata-mismatch")
def metadata_with_a_hidden_field() -> Offer:
    """A carriage return alone ends a line for some parsers of METADATA and not for others."""
    return offer(wheel(metadata=metadata_text(NAME, VERSION, metadata_extra="Author: me\rRequires-Dist: victim")))


@stopped_by("metadata-mismatch")
def requirements_beside_metadata() -> Offer:
    """A `requires.txt` beside METADATA, which names no requirement: pip takes those of the file."""
    return offer_files({f"{INFO}/requires.txt": "victim\n"})


@stopped_by("wrong-identity")
def metadata_of_several_messages() -> Offer:
    """METADATA says that its description is messages, each within the other."""
    nested = "Content-Type: message/rfc822\n\n" * 2000
    return offer(wheel(metadata=metadata_text(NAME, VERSION, metadata_extra=nested)))


@stopped_by("wrong-identity")
def wheel_file_missing() -> Offer:
    """There is no WHEEL, so nothing says where the files go."""
    return offer(zip_of(recorded([part for part in parts()[:-1] if part.name != WHEEL])))


@stopped_by("wrong-identity")
def wheel_of_a_later_version() -> Offer:
    """WHEEL says version 2, whose rules nobody knows yet."""
    return offer_files({WHEEL: _WHEEL.replace("1.0", "2.0")})


@stopped_by("wrong-identity")
def wheel_without_a_version() -> Offer:
    """WHEEL does not say by which rules it is to be read."""
    return offer_files({WHEEL: _WHEEL.partition("\n")[2]})


@stopped_by("wrong-identity")
def wheel_with_two_versions() -> Offer:
    """WHEEL says two versions, and each reader takes its own."""
    return offer_files({WHEEL: f"{_WHEEL}Wheel-Version: 2.0\n"})


@stopped_by("wrong-identity")
def wheel_with_two_roots() -> Offer:
    """WHEEL says twice where the root goes, and differently."""
    return offer_files({WHEEL: f"{_WHEEL}Root-Is-Purelib: false\n"})


@stopped_by("wrong-identity")
def wheel_with_a_second_root_behind_an_empty_line() -> Offer:
    """WHEEL says where the root goes, and behind an empty line, where not every reader looks, something else."""
    return offer_files({WHEEL: f"{_WHEEL}\nRoot-Is-Purelib: false\n"})


@stopped_by("wrong-identity")
def wheel_with_a_root_behind_an_empty_line() -> Offer:
    """WHEEL says where the root goes behind an empty line alone, where not every reader looks."""
    return offer_files({WHEEL: _WHEEL.replace("Root", "\nRoot")})


@stopped_by("wrong-identity")
def wheel_with_a_root_folded_into_another_field() -> Offer:
    """A line that goes on with another field says again where the root goes, to those who read line by line."""
    return offer_files({WHEEL: _WHEEL.replace("safepip-tests", "safepip-tests\n Root-Is-Purelib: false")})


@stopped_by("wrong-tags")
def tags_of_another_system() -> Offer:
    """The file name says that it runs everywhere, WHEEL that it is native code for one system."""
    return offer_files({WHEEL: _WHEEL.replace("py3-none-any", "cp311-cp311-win_amd64")})


@stopped_by("metadata-mismatch")
def sidecar_hides_a_dependency() -> Offer:
    """The index's metadata file names no dependency, the wheel's METADATA does: what was reviewed is not the whole."""
    return offer(wheel(requires=["victim"]))


@stopped_by("metadata-mismatch")
def sidecar_adds_a_dependency() -> Offer:
    """The index's metadata file adds a dependency that the wheel's author never named."""
    return Offer(
        (
            Offered(FILENAME, wheel(), metadata_text(NAME, VERSION, requires=["extra-payload"]).encode()),
            _second("extra-payload"),
        )
    )


@stopped_by("metadata-mismatch")
def sidecar_hides_an_extra() -> Offer:
    """The index's metadata file lets an extra be empty that the wheel fills."""
    sidecar = metadata_text(NAME, VERSION, extras={"fast": []}).encode()
    return Offer((Offered(FILENAME, wheel(extras={"fast": ["extra-payload"]}), sidecar), _second("extra-payload")))


@stopped_by("metadata-mismatch")
def sidecar_widens_the_python() -> Offer:
    """The wheel is for a Python that does not exist yet, the index's metadata file says for all."""
    return offer(wheel(requires_python=">=4"))


@stopped_by_at("direct-reference")
def dependency_by_address(origin: str) -> Offer:
    """A dependency names its own address, so that no index is asked and no rule about indexes holds."""
    requires = [f"extra-payload @ {origin}/dependency-by-address/files/extra_payload-1.0-py3-none-any.whl"]
    sidecar = metadata_text(NAME, VERSION, requires=requires).encode()
    return Offer((Offered(FILENAME, wheel(requires=requires), sidecar), _second("extra-payload")))


@stopped_by_at("direct-reference")
def dependency_by_address_that_nobody_follows(origin: str) -> Offer:
    """The address stands in the metadata of a wheel installed without its dependencies, for whoever completes them."""
    requires = [f"extra-payload @ {origin}/nowhere/extra_payload-1.0-py3-none-any.whl"]
    sidecar = metadata_text(NAME, VERSION, requires=requires).encode()
    return offer(wheel(requires=requires), sidecar=sidecar)._replace(options=("--no-deps",))


def _second(name: str) -> Offered:
    filename, data = build_wheel(name, "1.0")
    return Offered(filename, data, metadata_text(name, "1.0").encode())


def _renamed(folder: str) -> bytes:
    members = [Part(str(part.name).replace(INFO, folder), part.content) for part in parts()[:-1]]
    return zip_of(recorded(members, f"{folder}/RECORD"))
