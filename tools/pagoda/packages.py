# SPDX-License-Identifier: MIT
"""What only guests use: Debian's busybox-static, its Linux kernel, programs and libraries, of x86-64 and of i386.

Packages are downloaded with apt and unpacked below build/debs/; nothing is installed on this machine. Where there is
no apt, BUSYBOX= and LINUX= name one's own files.
"""

import fcntl
import lzma
import os
import re
import shutil
import subprocess

from . import BUILD, Problem

DEBS = BUILD / "debs"


def _run(command, **options):
    return subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **options)


def _apt_options(arch):
    """Options by which apt-get knows the packages of another architecture, without a change to this machine.

    The lists are kept below build/debs/ and fetched at the first use.
    """
    if not arch:
        return []
    home = DEBS / f"apt-{arch}"
    for folder in ("lists/partial", "cache/archives/partial"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    settings = {
        "APT::Architecture": arch,
        "APT::Architectures": arch,
        "Acquire::Languages": "none",
        "Dir::State::lists": home / "lists",
        "Dir::Cache": home / "cache",
    }
    options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
    if not list((home / "lists").glob("*_Packages*")):
        # Lists of other sources may fail; whether the package is known is seen when it is asked for.
        _run(["apt-get", "-q", "-o", "APT::Sandbox::User=root", *options, "update"])
    return options


def _download(package, folder):
    """Downloads one .deb into the folder and returns its path. PACKAGE:ARCH names one of another architecture."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        raise Problem(f"the Debian package {package} is needed and there is no apt here: set BUSYBOX= or LINUX=")
    for deb in folder.glob("*.deb"):
        deb.unlink()
    name, _, arch = package.partition(":")
    command = ["apt-get", "-q", "-o", "APT::Sandbox::User=root", *_apt_options(arch), "download", name]
    result = _run(command, cwd=folder)
    debs = list(folder.glob("*.deb"))
    if result.returncode or not debs:
        lines = result.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"]
        raise Problem(f"cannot download the Debian package {package} ({lines[-1]}): try `make deps`")
    return debs[0]


def _locked(function):
    """Lets one process at a time fetch packages."""

    def wrapper(*args, **options):
        DEBS.mkdir(parents=True, exist_ok=True)
        with open(DEBS / ".lock", "w", encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            return function(*args, **options)

    return wrapper


@_locked
def unpacked(package):
    """The directory that holds the files of a Debian package; fetched at the first use."""
    tree = DEBS / package / "root"
    if tree.exists():
        return tree
    folder = DEBS / package
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    deb = _download(package, folder)
    part = folder / "root.part"
    result = _run(["dpkg-deb", "-x", deb, part])
    if result.returncode:
        raise Problem(f"cannot unpack {deb.name}: {result.stderr.decode(errors='replace').strip()}")
    part.rename(tree)
    deb.unlink()
    return tree


def busybox():
    """The path of a static busybox: BUSYBOX, or Debian's."""
    own = os.environ.get("BUSYBOX")
    if own:
        if not os.path.isfile(own):
            raise Problem(f"BUSYBOX={own}: no such file")
        return own
    return os.fspath(unpacked("busybox-static") / "bin/busybox")


def _linux_package():
    """The name of the newest 6.1 kernel package that apt knows, else of the newest kernel."""
    if not shutil.which("apt-cache"):
        raise Problem("Debian's Linux is needed and there is no apt here: set LINUX= to a kernel (vmlinux or bzImage)")
    names = _run(["apt-cache", "pkgnames", "linux-image-"]).stdout.decode().split()
    found = [re.fullmatch(r"linux-image-(\d+)\.(\d+)\.\d+-(\d+)-(?:amd64|generic)", name) for name in names]
    found = [match for match in found if match]
    if not found:
        raise Problem("apt knows no Linux kernel package: try `make deps`, or set LINUX= to a kernel")
    best = max(found, key=lambda m: (m.group(1, 2) == ("6", "1"), *map(int, m.groups())))
    return best.group(0)


def _vmlinux(image):
    """The ELF inside a bzImage, which starts far sooner than the bzImage does; None where it is not xz."""
    at = image.find(b"\xfd7zXZ\0")
    if at < 0:
        return None
    try:
        return lzma.LZMADecompressor().decompress(image[at:])
    except lzma.LZMAError:
        return None


@_locked
def _debian_linux():
    target = BUILD / "linux" / "vmlinux"
    if target.exists():
        return target
    folder = BUILD / "linux"
    folder.mkdir(parents=True, exist_ok=True)
    package = _linux_package()
    deb = _download(package, folder)
    command = f"dpkg-deb --fsys-tarfile '{deb}' | tar -xO --wildcards './boot/vmlinuz-*'"
    image = _run(["sh", "-c", command]).stdout
    deb.unlink()
    kernel = _vmlinux(image) or image
    if not kernel:
        raise Problem(f"the package {package} holds no /boot/vmlinuz")
    part = folder / "vmlinux.part"
    part.write_bytes(kernel)
    (folder / "package").write_text(package + "\n", encoding="ascii")
    part.rename(target)
    return target


def linux():
    """The path of the Linux kernel to compare with: LINUX (vmlinux or bzImage), or Debian's 6.1."""
    own = os.environ.get("LINUX")
    if own:
        if not os.path.isfile(own):
            raise Problem(f"LINUX={own}: no such file")
        return own
    return os.fspath(_debian_linux())
