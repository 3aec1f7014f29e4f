# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Puts the devices that a network names in its metadata on its bridge when libvirt has started it.

libvirt runs this as a hook, ``NAME started begin -``, with the network's XML on stdin. A hook that fails would stop the network again,
so what goes wrong is left to the system's log. It needs nothing but Python and ip(8).
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import syslog
from xml.etree import ElementTree

PORTS = "metadata/{urn:virtlab:bridge-ports:1}ports/{urn:virtlab:bridge-ports:1}port"
#: forward modes in which the bridge is libvirt's own; without <forward> it is so too
OWNING = ("nat", "route", "open")


def ip(*words):
    """Run ip(8); what it prints, and None where it fails."""
    program = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "ip"
    done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    if done.returncode:
        syslog.syslog(syslog.LOG_WARNING, f"bridge_ports: ip {' '.join(words)} failed: {done.stderr.strip()}")
        return None
    return done.stdout


def put(device, bridge, mtu):
    """Put a device on a bridge and set it up, unless somebody uses it elsewhere by now; ``mtu`` '' leaves that as it is."""
    said = ip("-j", "address", "show", "dev", device)
    if said is None:
        return
    link = next(filter(None, json.loads(said)))
    taken = [link["master"]] if link.get("master", bridge) != bridge else [each["local"] for each in link["addr_info"] if each["scope"] == "global"]
    if taken:
        syslog.syslog(syslog.LOG_WARNING, f"bridge_ports: {device} is in use ({', '.join(taken)}) and not put on {bridge}")
    else:
        ip("link", "set", "dev", device, "master", bridge, *(["mtu", mtu] if mtu else []), "up")


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
