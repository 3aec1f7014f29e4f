# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""All files that tell the next boot of what we made, byte for byte: so that they can be brought back before anybody reads them."""

from __future__ import annotations

import itertools
import os
from pathlib import Path

from . import files

#: (folder, pattern) of what is ours alone
OURS = (
    ("/etc/systemd/network", "*virtlab*"), ("/etc/systemd/network", "*.d/*virtlab*"), ("/etc/NetworkManager/system-connections", "virtlab-*"),
    ("/etc/NetworkManager/conf.d", "00-virtlab.conf"), ("/var/lib/virtlab.network", "boot"), ("/var/lib/virtlab.network", "links/*"),
    ("/var/lib/virtlab.network", "uplinks/*"),
    ("/var/lib/virtlab.network", "ifupdown/**/*"), ("/var/lib/virtlab.network", "rules/*"), ("/var/lib/virtlab.network", "rules.nft"),
    ("/etc/sysctl.d", "99-virtlab-rules.conf"), ("/etc/libvirt/hooks/network.d", "*virtlab*"),
    ("/etc/systemd/system", "nftables.service.d/virtlab-rules.conf"),
    *(("/etc/systemd/system", f"{folder}virtlab-{name}.service") for folder in ("", "*.wants/") for name in ("links", "rules")),
)
#: files of others that we alter
OTHERS = (("/etc/network", "interfaces"), ("/etc/network", "interfaces.d/*"))
#: where libvirt's system instance keeps definitions, and a link to each that starts by itself
NETWORKS = Path("/etc/libvirt/qemu/networks")
#: where its drivers keep those of guests
GUESTS = (Path("/etc/libvirt/qemu"), Path("/etc/libvirt/lxc"))


def snapshot(networks, guests=()):
    """{path: content} of all of these files, and of those of the named networks and guests: [mode, text], or the target of a link; None where there is none."""
    kept = [path for name in guests for folder in GUESTS if (path := folder / f"{name}.xml").exists()]
    return {str(path): _content(path) for path in itertools.chain(_found(OURS), _found(OTHERS), _definitions(networks), kept)}


def restore(held):
    """Have these files be what a snapshot of them says."""
    for path in {str(path) for path in _found(OURS)} - held.keys():
        files.remove(Path(path))
    for path, content in held.items():
        if content != _content(Path(path)):
            _put(Path(path), content)


def _found(places):
    return [path for folder, pattern in places for path in Path(folder).glob(pattern) if path.is_symlink() or path.is_file()]


def _definitions(networks):
    """Where libvirt has networks, and where it writes one before it takes the other's place, which the power may go in the middle of."""
    return [path for name in networks for path in (NETWORKS / f"{name}.xml", NETWORKS / "autostart" / f"{name}.xml", NETWORKS / f"{name}.xml.new")]


def _content(path):
    if path.is_symlink():
        return os.readlink(path)
    if not path.exists():
        return None
    return [path.stat().st_mode & 0o7777, path.read_bytes().decode("utf-8", errors="surrogateescape")]


def _put(path, content):
    if isinstance(content, list):
        mode, text = content
        files.write(path, text.encode("utf-8", errors="surrogateescape"), mode, durable=True)
        return
    path.unlink(missing_ok=True)
    if content is not None:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        path.symlink_to(content)
