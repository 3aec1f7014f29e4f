# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What iproute2 has no command for, or cannot wait for: said to the kernel's own files."""

from __future__ import annotations

import fcntl
import grp
import os
import pwd
import struct
from pathlib import Path

from ..errors import BackendError
from . import files
from .waiting import until

SYSFS = Path("/sys/class/net")
#: linux/if_tun.h
TUNSETIFF, TUNSETOWNER, TUNSETGROUP = 0x400454CA, 0x400454CC, 0x400454CE
IFF_TUN, IFF_TAP, IFF_NO_PI, IFF_VNET_HDR, IFF_MULTI_QUEUE = 0x1, 0x2, 0x1000, 0x4000, 0x100
#: until a bond has seen that a port is up again
SECONDS = 5


def virtual_functions(name):
    """How many a NIC has; None where it cannot have any."""
    try:
        return int((SYSFS / name / "device/sriov_numvfs").read_text(encoding="ascii"))
    except (OSError, ValueError):
        return None


def own(name, data):
    """Give a TAP or TUN device to another user and group, as a program does that opens it."""
    flags = (IFF_TAP if data.mode == "tap" else IFF_TUN) | (0 if data.pi else IFF_NO_PI)
    flags |= (IFF_VNET_HDR if data.vnet_hdr else 0) | (IFF_MULTI_QUEUE if data.multi_queue else 0)
    try:
        with open("/dev/net/tun", "r+b", buffering=0) as device:
            fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", name.encode(), flags))
            if data.owner:
                fcntl.ioctl(device, TUNSETOWNER, _number(data.owner, lambda known: pwd.getpwnam(known).pw_uid))
            if data.group:
                fcntl.ioctl(device, TUNSETGROUP, _number(data.group, lambda known: grp.getgrnam(known).gr_gid))
    except OSError as err:
        raise BackendError(f"the kernel could not give {name} to owner {data.owner!r} and group {data.group!r}: {err.strerror}; where a program has it open, "
                           "end that first") from err


def _number(name, look_up):
    return int(name) if name.isdecimal() else look_up(name)


def set_virtual_functions(name, number):
    """Have a NIC's driver make so many."""
    path = SYSFS / name / "device/sriov_numvfs"
    try:
        path.write_text("0", encoding="ascii")
        if number:
            path.write_text(str(number), encoding="ascii")
    except OSError as err:
        raise BackendError(f"the driver of {name} could not make {number} virtual functions: {err.strerror}; {os.fspath(path)} is what was written to") from err


def unprimary(bond):
    """Have a bond prefer none of its ports, as it did before: ip(8) has no word for that."""
    try:
        (SYSFS / bond / "bonding/primary").write_text("\n", encoding="utf-8")
    except OSError as err:
        raise BackendError(f"the kernel could not have {bond} prefer no port: {err.strerror}") from err


def activate(bond, port):
    """Have a bond use a port, once that is up. Where it stays down the kernel goes on with another, which is to be seen afterwards."""

    def up():
        return files.text(SYSFS / port / "bonding_slave/mii_status") == "up\n"

    until(up, SECONDS)
    try:
        if up():
            (SYSFS / bond / "bonding/active_slave").write_text(port, encoding="utf-8")
    except OSError as err:
        raise BackendError(f"the kernel could not have {bond} use {port}: {err.strerror}") from err
