# SPDX-License-Identifier: GPL-3.0-or-later
"""The disk of a virtual machine: a Debian with libvirt, Open vSwitch and ssh, and its kernel and initramfs beside it."""

from __future__ import annotations

import lzma
import shutil
import subprocess
import zlib
from typing import NamedTuple

from .. import kernel, root
from ..bed import digest, once, run

SIZE = "8G"
KERNEL = "linux-image-amd64"
PACKAGES = root.BASE + root.LIBVIRT + ["openssh-server", "sudo", "openvswitch-switch", "ethtool", "pciutils", "ifupdown", "libteam-utils"]
DOWNLOADS = "var/lib/virtlab-kernel"
#: parts of the kernel's modules that no host of a test bed uses, and that are two thirds of it
UNUSED = (
    "sound", "drivers/gpu", "drivers/media", "drivers/infiniband", "drivers/staging", "drivers/scsi", "drivers/usb", "drivers/iio", "drivers/hwmon",
    "drivers/mtd", "drivers/hid", "drivers/input", "drivers/net/wireless", "drivers/nvme", "drivers/ata", "drivers/platform", "fs/btrfs", "fs/xfs",
    "fs/ocfs2", "fs/nfs", "fs/nfsd", "fs/smb", "fs/ceph", "fs/f2fs", "fs/gfs2", "fs/jfs", "fs/reiserfs", "net/bluetooth", "net/mac80211",
)
MODULES = ("virtio_pci", "virtio_blk", "ext4", "virtio_net", "igb")
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys
for module in $(cat /modules/order); do insmod /modules/$module; done
# udev shall name NICs, and cannot name one eth0 while another has that name from the kernel
for device in /sys/class/net/eth*; do ip link set ${device##*/} name port${device##*/eth}; done
mkdir /disk
until mount -t ext4 -o noatime /dev/vda /disk; do usleep 50000; done
umount /proc /sys
exec switch_root /disk /sbin/init
"""
#: the NIC that commands come in by; no packet gets out by it
ENTRY, ENTRY_MAC, ENTRY_ADDRESS = "mgmt0", "52:54:00:ff:00:01", "192.0.2.15/24"
FILES = {
    "etc/fstab": "/dev/vda / ext4 noatime 0 0\n",
    "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
    f"etc/systemd/network/10-{ENTRY}.link": f"[Match]\nMACAddress={ENTRY_MAC}\n[Link]\nName={ENTRY}\n",
    # libvirt gives these their MAC addresses, which udev would overwrite
    "etc/systemd/network/15-guests.link":
        "[Match]\nOriginalName=vnet* veth* macvtap* macvlan*\n[Link]\nMACAddressPolicy=none\nNamePolicy=keep kernel\n",
    "etc/systemd/journald.conf.d/volatile.conf": "[Journal]\nStorage=volatile\nRuntimeMaxUse=16M\n",
    "etc/ssh/sshd_config.d/testbed.conf": "UseDNS no\nUsePAM no\nPermitRootLogin prohibit-password\nPrintMotd no\nPrintLastLog no\nMaxStartups 100\n",
    "etc/modules-load.d/containers.conf": "fuse\n",
}
#: files of one release alone: Debian 13 can have either backend of libvirt's firewall, and 12 has the other already
RELEASE_FILES = {"bookworm": {}, "trixie": {"etc/libvirt/network.conf": 'firewall_backend = "nftables"\n'}}
ENABLED = ("ssh.service",)
DISABLED = ("openvswitch-switch.service", "systemd-networkd-wait-online.service")


class Service(NamedTuple):
    """Who brings up the network: its packages and files, and the units that are enabled and disabled for it."""

    packages: list
    files: dict
    enabled: tuple
    disabled: tuple


SERVICES = {
    "networkd": Service(
        [],
        {
            f"etc/systemd/network/10-{ENTRY}.network":
                f"[Match]\nName={ENTRY}\n[Network]\nAddress={ENTRY_ADDRESS}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n",
        },
        ("systemd-networkd.service",), (),
    ),
    "networkmanager": Service(
        ["network-manager"],
        {
            "etc/NetworkManager/conf.d/50-testbed.conf": "[main]\nno-auto-default=*\ndns=none\n",
            f"etc/NetworkManager/system-connections/{ENTRY}.nmconnection":
                f"[connection]\nid={ENTRY}\ntype=ethernet\ninterface-name={ENTRY}\n"
                f"[ipv4]\nmethod=manual\naddress1={ENTRY_ADDRESS}\n[ipv6]\nmethod=disabled\n",
        },
        ("NetworkManager.service",), ("systemd-networkd.service", "systemd-networkd.socket", "NetworkManager-wait-online.service"),
    ),
}
#: what costs time at every boot, and serves nobody here
MASKED = [
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service", "fstrim.timer", "man-db.timer",
    "systemd-timesyncd.service", "systemd-pstore.service", "systemd-random-seed.service", "systemd-update-utmp.service", "ldconfig.service",
    "systemd-update-done.service", "systemd-machine-id-commit.service", "systemd-sysusers.service", "systemd-binfmt.service", "getty.target",
    "console-getty.service", "serial-getty@ttyS0.service", "sys-kernel-debug.mount", "sys-kernel-tracing.mount", "systemd-machined.service",
    "proc-sys-fs-binfmt_misc.automount", "apparmor.service", "systemd-networkd-wait-online.service", "libvirt-guests.service",
]


def build(suite="bookworm", packages=(), manager="networkd"):
    """Folder with ``disk``, ``vmlinux``, ``initrd``, and the private key ``key`` of root's; built first where it is not there.

    ``packages`` are installed as well as those that every machine has; ``manager`` is one of topology.MANAGERS.
    """
    recipe = (suite, SIZE, KERNEL, PACKAGES, packages, UNUSED, MODULES, INIT, FILES, RELEASE_FILES[suite], ENABLED, DISABLED, SERVICES[manager], MASKED,
              root.DPKG, kernel.build().name)
    what = f"the disk of virtual machines with {suite} (about a minute)"
    return once(f"image-{suite}", digest(recipe), what, lambda scratch: _build(scratch, suite, packages, SERVICES[manager]))


def _build(scratch, suite, packages, service):
    disk, made = scratch / "root", scratch / "made"
    made.mkdir()
    root.bootstrap(suite, [*PACKAGES, *service.packages, *packages], disk, {DOWNLOADS: [KERNEL]})
    _kernel(disk, scratch, made)
    shutil.copytree(kernel.build(), disk, dirs_exist_ok=True)
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "testbed", "-f", made / "key")
    files = {**FILES, **RELEASE_FILES[suite], **service.files, "root/.ssh/authorized_keys": (made / "key.pub").read_text(encoding="utf-8")}
    _customise(disk, files, service)
    run("truncate", f"--size={SIZE}", made / "disk")
    run("mke2fs", "-q", "-t", "ext4", "-E", "lazy_itable_init=1,lazy_journal_init=1", "-m", "0", "-d", disk, made / "disk")
    return made


def _kernel(disk, scratch, made):
    """Take the kernel out of the package that the root downloaded: its modules into the root, itself and an initramfs beside it."""
    downloads, tree = disk / DOWNLOADS, scratch / "kernel"
    run("dpkg-deb", "-x", next(path for path in downloads.glob("linux-image-*.deb") if path.name[len("linux-image-")].isdigit()), tree)
    shutil.rmtree(downloads)
    modules = next(tree.glob("usr/lib/modules/*"), None) or next(tree.glob("lib/modules/*"))
    for part in UNUSED:
        shutil.rmtree(modules / "kernel" / part, ignore_errors=True)
    target = disk / "usr/lib/modules" / modules.name
    shutil.copytree(modules, target, symlinks=True)
    run("depmod", "-b", disk, modules.name)
    kernel.initrd(made / "initrd", disk, modules.name, MODULES, {"init": INIT})
    (made / "vmlinux").write_bytes(unpacked((tree / f"boot/vmlinuz-{modules.name}").read_bytes()))


def unpacked(image):
    """The ELF file within a compressed kernel image, which QEMU starts at once; the image itself where it is packed in a way unknown here.

    Under emulation it takes seconds to unpack itself.
    """
    for magic, unpack in ((b"\xfd7zXZ\0", lambda data: lzma.LZMADecompressor(lzma.FORMAT_XZ).decompress(data)),
                          (b"\x1f\x8b\x08", lambda data: zlib.decompressobj(31).decompress(data)),
                          (b"\x28\xb5\x2f\xfd", _unzstd)):
        start = image.find(magic)
        while start >= 0:
            try:
                found = unpack(image[start:])
            except (lzma.LZMAError, zlib.error, OSError):
                found = b""
            if found[:4] == b"\x7fELF":
                return found
            start = image.find(magic, start + 1)
    return image


def _unzstd(data):
    """zstd(1) goes on to complain of what follows the packed data, when it has written all of it."""
    return subprocess.run(["zstd", "-dc"], input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False).stdout


def _customise(disk, files, service):
    for name, text in files.items():
        path = disk / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        if path.suffix == ".nmconnection":
            path.chmod(0o600)  # NetworkManager heeds no other
    (disk / "root/.ssh").chmod(0o700)
    run("chroot", disk, "systemctl", "enable", *ENABLED, *service.enabled)
    run("chroot", disk, "systemctl", "disable", *DISABLED, *service.disabled)
    run("chroot", disk, "systemctl", "mask", *MASKED)
    run("chroot", disk, "systemctl", "set-default", "multi-user.target")
