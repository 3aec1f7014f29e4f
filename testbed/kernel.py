# SPDX-License-Identifier: GPL-3.0-or-later
"""The micro guest: Debian's cloud kernel and an initramfs of busybox that takes leases and answers commands."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from .bed import BedError, digest, once, run

KERNEL = "linux-image-cloud-amd64"
#: where a host has the guest's kernel and initramfs
FOLDER = "var/lib/virtlab-guest"
MODULES = ("virtio_pci", "virtio_net", "virtio_console", "virtio_blk", "isofs")
INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
export PATH=/bin
mount -t devtmpfs dev /dev; mount -t proc proc /proc; mount -t sysfs sys /sys
for module in $(cat /modules/order); do insmod /modules/$module; done
for word in $(cat /proc/cmdline); do case $word in guest=*) name=${word#guest=};; probe) poweroff -f;; esac; done
hostname $name
ip link set lo up
# the host's end of the channel sends one line, a token and base64 of a script, and gets one back: token, exit code, base64 of what it printed
(
  until [ -c /dev/vport*p1 ]; do usleep 50000; done
  exec 3<>$(echo /dev/vport*p1)
  while :; do
    read -r token line <&3 || { usleep 50000; continue; }
    echo "$line" | base64 -d > /tmp/script
    sh /tmp/script > /tmp/output 2>&1 < /dev/null; code=$?
    echo "$token $code $(base64 < /tmp/output | tr -d '\\n')" >&3
  done
) &
for device in /sys/class/net/e*; do
  device=${device##*/}
  ip link set $device up
  udhcpc -i $device -s /lease.sh -x hostname:$name -f -t 5 -T 1 -A 1 > /dev/null 2>&1 &
done
while :; do sleep 3600; done
"""
LEASE = """#!/bin/busybox sh
export PATH=/bin
case $1 in
bound|renew)
  ip addr flush dev $interface scope global
  ip addr add $ip/${mask:-24} dev $interface
  for address in $router; do ip route replace default via $address dev $interface; break; done
  : > /etc/resolv.conf
  for address in $dns; do echo nameserver $address >> /etc/resolv.conf; done
  [ -z "$domain" ] || echo search $domain >> /etc/resolv.conf
  [ -z "$mtu" ] || ip link set $interface mtu $mtu
  echo $ip > /tmp/lease.$interface;;
esac
"""


def build():
    """Tree to lay over a host's root: ``vmlinuz`` and ``initrd`` in FOLDER; built first where it is not there."""
    return once("guest", digest(KERNEL, MODULES, INIT, LEASE, FOLDER), "the micro guest", _build)


def _build(scratch):
    tree, version = unpack(scratch)
    made = scratch / "made"
    (made / FOLDER).mkdir(parents=True)
    shutil.copy(tree / f"boot/vmlinuz-{version}", made / FOLDER / "vmlinuz")
    initrd(made / FOLDER / "initrd", tree, version, MODULES, {"init": INIT, "lease.sh": LEASE})
    return made


def unpack(scratch):
    """Fetch Debian's cloud kernel and unpack it in a folder; (the tree's path, the kernel's version)."""
    depends = run("apt-cache", "depends", "--no-recommends", KERNEL).stdout.split()
    package = next((word for word in depends if word.startswith("linux-image-") and word != KERNEL), None)
    if package is None:
        raise BedError(f"apt knows no kernel behind {KERNEL}: run apt-get update, and see that Debian's main archive is set up")
    run("apt-get", "download", "-o", "APT::Sandbox::User=root", package, cwd=scratch)
    tree = scratch / "tree"
    run("dpkg-deb", "-x", next(scratch.glob("*.deb")), tree)
    version = next((tree / "lib/modules").iterdir()).name
    run("depmod", "-b", tree, version)
    return tree, version


def initrd(target, tree, version, modules, scripts):
    """Write an initramfs of busybox, modules of a kernel's tree with what they need, and scripts (text by name)."""
    with tempfile.TemporaryDirectory(dir=target.parent) as folder:
        image = Path(folder)
        for name in ("bin", "modules", "proc", "sys", "dev", "etc", "tmp"):
            (image / name).mkdir()
        shutil.copy("/bin/busybox", image / "bin/busybox")
        (image / "modules/order").write_text("\n".join(_modules(tree, version, modules, image / "modules")), encoding="utf-8")
        for name, text in scripts.items():
            (image / name).write_text(text, encoding="utf-8")
            (image / name).chmod(0o755)
        names = "\n".join(str(path.relative_to(image)) for path in sorted(image.rglob("*")))
        with open(target, "wb") as archive:  # newc is the kernel's format
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=image, input=names.encode(), stdout=archive, check=True)


def _modules(tree, version, modules, folder):
    """Copy the modules that are not built in, with what they need; their names in order of loading."""
    order = []
    for module in modules:
        for line in run("modprobe", "-d", tree, "-S", version, "--show-depends", module).stdout.splitlines():
            kind, unused, path = line.strip().partition(" ")
            name = Path(path).name
            if kind == "insmod" and name not in order:
                shutil.copy(path.strip(), folder / name)
                order.append(name)
    return order
