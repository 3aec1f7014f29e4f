# SPDX-License-Identifier: GPL-3.0-or-later
"""The root file system of a host: a Debian made once by mmdebstrap, then shared read-only by every host."""

from __future__ import annotations

import os
import shutil
import time
from pathlib import Path

from . import kernel
from .bed import cache, digest, lock, run, say

BASE = ["systemd-sysv", "dbus", "udev", "kmod", "procps", "python3", "python3-apt", "python3-libvirt", "python3-lxml", "python3-pyroute2", "iproute2", "iputils-ping", "iputils-tracepath", "busybox-static", "tcpdump", "ca-certificates"]
LIBVIRT = ["libvirt-daemon-system", "libvirt-daemon-driver-lxc", "libvirt-clients", "qemu-system-x86", "qemu-utils", "nftables", "iptables", "dnsmasq-base"]
SUITES = {
    "bookworm": BASE + LIBVIRT,
    "trixie": BASE + LIBVIRT + ["libvirt-daemon-config-network", "libvirt-daemon-driver-network"],
}
#: documentation and translations are left out: they are a third of the files
DPKG = [f"--dpkgopt=path-exclude=/usr/share/{part}/*" for part in ("man", "doc", "locale", "info", "icons")]
#: what makes no sense in a namespace, or costs time there
MASKED = ["systemd-udevd.service", "systemd-udevd-kernel.socket", "systemd-udevd-control.socket", "systemd-udev-trigger.service", "systemd-modules-load.service", "systemd-networkd.service", "systemd-networkd.socket", "systemd-machined.service", "systemd-logind.service", "systemd-remount-fs.service", "sys-kernel-config.mount", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "sys-fs-fuse-connections.mount", "dev-hugepages.mount", "dev-mqueue.mount", "getty.target", "console-getty.service", "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "fstrim.timer", "libvirt-guests.service", "systemd-tmpfiles-clean.timer"]
GUEST = "var/lib/virtlab-guest"


def build(suite="bookworm"):
    """Path of the root of a suite; built first where it is not there."""
    packages = SUITES[suite]
    key = digest(suite, packages, DPKG, MASKED, kernel.recipe())
    root = cache() / f"root-{suite}-{key}"
    with lock(f"root-{suite}"):
        if not root.exists():
            _build(suite, packages, root)
    return root


def _build(suite, packages, root):
    begun = time.monotonic()
    say(f"building a Debian {suite} with libvirt, once (about a minute)")
    scratch = root.with_name(f"{root.name}.building")
    shutil.rmtree(scratch, ignore_errors=True)
    run(
        "mmdebstrap", "--mode=root", "--variant=minbase", f"--include={','.join(packages)}", "--aptopt=Apt::Install-Recommends \"false\"",
        *DPKG, suite, scratch, mirror(),
    )
    _customise(scratch)
    guest = kernel.build()
    (scratch / GUEST).mkdir(parents=True)
    for name in ("vmlinuz", "initrd"):
        shutil.copy(guest / name, scratch / GUEST / name)
    os.rename(scratch, root)
    say(f"built in {time.monotonic() - begun:.0f} s")


def mirror():
    """The Debian mirror that this machine's apt is set up with."""
    sites = run("apt-get", "indextargets", "--format", "$(SITE)", "Origin: Debian").stdout.split()
    return sites[0] if sites else run("apt-get", "indextargets", "--format", "$(SITE)").stdout.split()[0]


def _customise(root):
    units = root / "etc/systemd/system"
    for unit in MASKED:
        (units / unit).unlink(missing_ok=True)
        (units / unit).symlink_to("/dev/null")
    # libvirt asks machined to register containers, which it cannot do in here; without its D-Bus name libvirt uses plain cgroups
    (root / "usr/share/dbus-1/system-services/org.freedesktop.machine1.service").unlink(missing_ok=True)
    (units / "default.target").unlink(missing_ok=True)
    (units / "default.target").symlink_to("/lib/systemd/system/multi-user.target")
    Path(root, "etc/fstab").write_text("", encoding="utf-8")
    Path(root, "etc/systemd/journald.conf.d").mkdir(parents=True, exist_ok=True)
    Path(root, "etc/systemd/journald.conf.d/volatile.conf").write_text("[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n", encoding="utf-8")
