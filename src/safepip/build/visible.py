"""What of the system a fenced build may see: a list of what is visible, so that everything else is not.

Builds need programs, libraries and headers, and the settings by which these are found. They need no home folder, no
sockets of services, no log files, and none of the settings in `/etc` in which machines keep their passwords (`npmrc`,
`pip.conf`, `gitconfig`, `ssl/private` ...). Folders that the Filesystem Hierarchy Standard gives to programs of other
vendors (`/opt`) or to data (`/srv`, `/var`) are not visible; a compiler there is found by `PATH` and is made visible
by itself (`safepip.edges.builder.toolchains`).
"""

from __future__ import annotations

#: Folders with programs, libraries and headers. On most systems all but the first are links into it.
SYSTEM_FOLDERS = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/nix/store", "/gnu/store")

#: Files in these folders that are not visible: where images with Rust have Cargo's home, its passwords for registries
#: (The Cargo Book, "Credentials").
HIDDEN = ("/usr/local/cargo/credentials", "/usr/local/cargo/credentials.toml")

#: What of `/etc` is visible, by patterns of the shell.
ETC_ENTRIES = (
    # how programs find their libraries, and which one of several a command is
    "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "ld-musl-*.path", "alternatives",
    # which system this is
    "os-release", "lsb-release", "debian_version", "redhat-release", "system-release", "alpine-release", "dpkg",
    "rpm", "machine-info",
    # certificates, but no keys
    "ssl/certs", "ssl/cert.pem", "ssl/openssl.cnf", "pki/tls/certs", "pki/tls/cert.pem", "pki/tls/openssl.cnf",
    "pki/ca-trust/extracted", "ca-certificates", "ca-certificates.conf", "crypto-policies",
    # names, times and languages
    "passwd", "group", "nsswitch.conf", "host.conf", "protocols", "services", "localtime", "timezone", "locale.conf",
    "locale.alias", "default/locale", "mime.types", "magic", "terminfo", "inputrc",
    # settings of programs that builds run
    "python3", "python3.*", "python2*", "perl", "java-*", "clang", "env.d/gcc", "fonts", "xml", "sgml",
    "texmf", "papersize", "OpenCL", "R",
)  # fmt: skip

#: The same for a build that has the network.
ETC_FOR_NETWORK = ("resolv.conf", "hosts", "gai.conf")

#: Where `/etc/resolv.conf` leads to on systems that make it as they start. They lie in `/run`.
RESOLVERS = ("/run/systemd/resolve/stub-resolv.conf", "/run/systemd/resolve/resolv.conf", "/run/resolvconf/resolv.conf")

#: Devices that hold nothing.
DEVICES = ("/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom")

#: Facts on the machine: how many processors, how much memory. Nothing that is about a process.
MACHINE_FACTS = (
    "/proc/cpuinfo", "/proc/meminfo", "/proc/stat", "/proc/loadavg", "/proc/uptime", "/proc/version",
    "/proc/filesystems", "/proc/sys/kernel/osrelease", "/proc/sys/kernel/ostype", "/proc/sys/kernel/pid_max",
    "/proc/sys/kernel/threads-max", "/proc/sys/kernel/random/uuid", "/proc/sys/vm/overcommit_memory",
    "/proc/sys/vm/mmap_min_addr", "/proc/sys/fs/pipe-max-size", "/proc/sys/fs/file-max",
    "/sys/devices/system/cpu", "/sys/devices/system/node", "/sys/kernel/mm/transparent_hugepage",
)  # fmt: skip


def is_within(path: str, folder: str) -> bool:
    """Whether an absolute, normalised path is a folder or lies in it."""
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def is_of_the_system(path: str) -> bool:
    """Whether a path is visible already, as a part of the system."""
    return any(is_within(path, folder) for folder in SYSTEM_FOLDERS)


def outermost(folders: tuple[str, ...]) -> tuple[str, ...]:
    """The folders without those that lie in another one of them, each once, in a stable order."""
    kept: list[str] = []
    for folder in sorted(set(folders), key=lambda path: (path.count("/"), path)):
        if not any(is_within(folder, other) for other in kept):
            kept.append(folder)
    return tuple(kept)
