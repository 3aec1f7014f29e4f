# SPDX-License-Identifier: GPL-3.0-or-later
"""The root file system of a host: a Debian made once by mmdebstrap, then shared read-only by every host."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import NamedTuple

from .bed import digest, once, run

BASE = [
    "systemd-sysv", "dbus", "udev", "kmod", "procps", "python3", "iproute2", "iputils-ping", "iputils-tracepath", "busybox-static",
    "tcpdump", "ca-certificates",
]
LIBVIRT = [
    "libvirt-daemon-system", "libvirt-daemon-driver-lxc", "libvirt-clients", "qemu-system-x86", "qemu-utils", "nftables", "iptables", "dnsmasq-base",
    "python3-apt", "python3-libvirt", "python3-lxml", "python3-pyroute2", "virtinst", "xorriso",
]
#: other programs that decide what a host passes on, and their units
NEIGHBOURS = ["docker.io", "firewalld", "ufw"]
RESTING = ["containerd.service", "docker.service", "docker.socket", "firewalld.service", "ufw.service"]

RELEASES = ("bookworm", "trixie")


class Recipe(NamedTuple):
    """A root: its release of Debian, what is installed, what its apt can install from its own disk, for want of a mirror, and units that are not to start."""

    release: str
    installed: list
    offered: list = []
    resting: list = []


SUITES = {
    "bookworm": Recipe("bookworm", BASE + LIBVIRT),
    "bookworm-bare": Recipe("bookworm", BASE, LIBVIRT),
    "trixie": Recipe("trixie", BASE + LIBVIRT),
    "trixie-bare": Recipe("trixie", BASE, LIBVIRT),
    **{f"{release}-neighbours": Recipe(release, [*BASE, *LIBVIRT, *NEIGHBOURS], resting=RESTING) for release in RELEASES},
}
#: no host's: the QEMU that virtual machines run on, the same for all, and new enough for NICs with virtual functions
QEMU = "qemu"
RECIPES = {**SUITES, QEMU: Recipe("trixie", ["qemu-system-x86", "qemu-utils"])}
#: documentation and translations are left out: they are a third of the files. libvirt asks machined to register containers, which it
#: cannot do in here; without its D-Bus name libvirt uses plain cgroups
DPKG = [
    f"--dpkgopt=path-exclude=/usr/share/{part}"
    for part in ("man/*", "doc/*", "locale/*", "info/*", "icons/*", "dbus-1/system-services/org.freedesktop.machine1.service")
]
#: what makes no sense in a namespace, or costs time there
MASKED = [
    "systemd-udevd.service", "systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-udev-trigger.service",
    "systemd-modules-load.service", "systemd-networkd.service", "systemd-networkd.socket", "systemd-machined.service",
    "systemd-logind.service", "systemd-remount-fs.service", "sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount",
    "sys-fs-fuse-connections.mount", "dev-hugepages.mount", "dev-mqueue.mount", "getty.target", "console-getty.service", "apt-daily.timer",
    "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "libvirt-guests.service",
    "systemd-tmpfiles-clean.timer",
]
OFFERED = "var/lib/virtlab-packages"


def build(suite="bookworm"):
    """Path of the root of one of RECIPES; built first where it is not there."""
    recipe = RECIPES[suite]
    return once(f"root-{suite}", digest(recipe, DPKG, MASKED), f"the root {suite} (about a minute)", lambda scratch: _build(recipe, scratch / "root"))


def _build(recipe, root):
    bootstrap(recipe.release, recipe.installed, root, {OFFERED: recipe.offered} if recipe.offered else {})
    if recipe.offered:
        _offer(root)
    if recipe.resting:
        run("systemctl", "--root", root, "disable", *recipe.resting)
    _customise(root)
    return root


def bootstrap(release, packages, target, downloads=None):
    """Make a root with mmdebstrap. ``downloads``, {folder in it: packages}, are put there with all that they need and the root has not.

    It mounts things in there, so it has its mounts and processes to itself: whichever way this process ends, none stays.
    """
    hooks = []
    for folder, wanted in (downloads or {}).items():
        there = f'"$1/{folder}"'
        fetch = f"apt-get -qq --yes --download-only -o Dir::Cache::archives={there} install {' '.join(wanted)}"
        hooks.append(f'--customize-hook=mkdir -p {there}/partial && APT_CONFIG="$MMDEBSTRAP_APT_CONFIG" {fetch}')
    alone = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount-proc", "--pid", "--fork", "--kill-child")
    run(*alone, "mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(packages)}",
        "--aptopt=Apt::Install-Recommends \"false\"", *DPKG, *hooks, release, target, mirror(), what=f"mmdebstrap {release}")


def _offer(root):
    """Make that folder a repository, the only one that the root's apt knows."""
    entries = []
    for path in sorted((root / OFFERED).glob("*.deb")):
        path = path.rename(path.with_name(path.name.replace("%3a", ".")))  # apt would read %3a in a Filename as a colon
        facts = {"Filename": f"./{path.name}", "Size": path.stat().st_size, "SHA256": hashlib.sha256(path.read_bytes()).hexdigest()}
        entries.append(run("dpkg-deb", "--field", path).stdout + "".join(f"{name}: {value}\n" for name, value in facts.items()))
    (root / OFFERED / "Packages").write_text("\n".join(entries), encoding="utf-8")
    (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file:/{OFFERED} ./\n", encoding="utf-8")


def mirror():
    """The Debian mirror that this machine's apt is set up with."""
    sites = run("apt-get", "indextargets", "--format", "$(SITE)", "Origin: Debian").stdout.split()
    return sites[0] if sites else run("apt-get", "indextargets", "--format", "$(SITE)").stdout.split()[0]


def _customise(root):
    units = root / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    Path(root, "etc/fstab").write_text("", encoding="utf-8")
    Path(root, "etc/systemd/journald.conf.d").mkdir(parents=True, exist_ok=True)
    Path(root, "etc/systemd/journald.conf.d/volatile.conf").write_text("[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n", encoding="utf-8")
