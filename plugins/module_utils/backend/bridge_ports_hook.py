# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the devices that a network names in its metadata on its bridge when libvirt has started it.

libvirt runs this as a hook, ``NAME started begin -``, with the network's XML on stdin. A hook that fails would stop the network again,
so what goes wrong is left to the system's log. It needs nothing but Python and ip(8).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import syslog
from xml.etree import ElementTree

PORTS = "metadata/{urn:virtlab:bridge-ports:1}ports/{urn:virtlab:bridge-ports:1}port"
#: forward modes in which the bridge is libvirt's own; without <forward> it is so too
OWNING = ("nat", "route", "open")


def put(device, bridge, mtu):
    """Put a device on a bridge and set it up; ``mtu`` '' leaves that as it is."""
    program = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "ip"
    command = [program, "link", "set", "dev", device, "master", bridge, *(["mtu", mtu] if mtu else []), "up"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        syslog.syslog(syslog.LOG_WARNING, f"bridge_ports: {' '.join(command)} failed: {done.stderr.strip()}")


def main():
    """See above."""
    if sys.argv[2:3] != ["started"]:
        return
    network = next(ElementTree.fromstring(sys.stdin.buffer.read()).iter("network"))
    forward, bridge, mtu = (network.find(tag) for tag in ("forward", "bridge", "mtu"))
    if bridge is None or forward is not None and forward.get("mode", "nat") not in OWNING:
        return
    for port in network.iterfind(PORTS):
        put(port.text, bridge.get("name"), "" if mtu is None else mtu.get("size"))


if __name__ == "__main__":
    main()
