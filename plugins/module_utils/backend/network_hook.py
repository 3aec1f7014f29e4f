# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Gives a network what it names in its metadata when libvirt has started it: devices are put on its bridge, addresses proxied.

libvirt runs this as a hook, ``NAME started begin -`` and ``NAME stopped end -``, with the network's XML on stdin. A hook that fails would stop the
network again, so what goes wrong is left to the system's log. It needs nothing but Python and ip(8).

Of a network that stops, the bridge is gone and with it the routes by it; the proxies whose routes are gone go, too. What libvirt tells of it
is the definition that it was started with, and addresses may have come since.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import syslog
from pathlib import Path
from xml.etree import ElementTree

PORTS = "metadata/{urn:virtlab:bridge-ports:1}ports/{urn:virtlab:bridge-ports:1}port"
PROXIED, ADDRESS = "metadata/{urn:virtlab:proxied:1}proxied", "{urn:virtlab:proxied:1}address"
#: forward modes in which the bridge is libvirt's own; without <forward> it is so too
OWNING = ("nat", "route", "open")
#: the protocol number of routes and proxies that are ours
PROTOCOL = "118"
#: settings of sysctl(8) that proxied addresses need, by version of IP
SETTINGS = {
    "4": (("ipv4/conf/{bridge}/proxy_arp", 1), ("ipv4/conf/{dev}/arp_evict_nocarrier", 0)),
    "6": (("ipv6/conf/all/proxy_ndp", 1), ("ipv6/conf/{dev}/ndisc_evict_nocarrier", 0)),
}
PROC = Path("/proc/sys/net")


def ip(*words):
    """Run ip(8); what it prints, and None where it fails."""
    program = shutil.which("ip", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin") or "ip"
    try:
        done = subprocess.run([program, *words], capture_output=True, text=True, check=False)
    except OSError as err:
        log(f"{program} is not run: {err.strerror}")
        return None
    if done.returncode:
        log(f"ip {' '.join(words)} failed: {done.stderr.strip()}")
        return None
    return done.stdout


def log(said):
    """Leave a line in the system's log."""
    syslog.syslog(syslog.LOG_WARNING, f"virtlab-network: {said}")


def put(device, bridge, mtu):
    """Put a device on a bridge and set it up, unless somebody uses it elsewhere by now; ``mtu`` '' leaves that as it is."""
    said = ip("-j", "address", "show", "dev", device)
    if said is None:
        return
    link = next(filter(None, json.loads(said)))
    taken = [link["master"]] if link.get("master", bridge) != bridge else [each["local"] for each in link["addr_info"] if each["scope"] == "global"]
    if taken:
        log(f"{device} is in use ({', '.join(taken)}) and not put on {bridge}")
    else:
        ip("link", "set", "dev", device, "master", bridge, *(["mtu", mtu] if mtu else []), "up")


def proxy(addresses, dev, bridge):
    """Route addresses to a bridge, and answer for them at another device; nobody is answered before the way is there."""
    for address in addresses:
        ip(version(address), "route", "add", address, "dev", bridge, "proto", PROTOCOL)
    for each in sorted({version(address) for address in addresses}):
        for name, value in SETTINGS[each[1:]]:
            write(PROC / name.format(bridge=bridge, dev=dev), value)
    for address in addresses:
        ip(version(address), "neigh", "add", "proxy", address, "dev", dev, "protocol", PROTOCOL)


def version(address):
    """ip(8)'s option for the version of an address."""
    return "-6" if ":" in address else "-4"


def write(path, value):
    """Set a setting of the kernel, if it has that and it is another."""
    try:
        if path.exists() and path.read_text(encoding="ascii").strip() != str(value):
            path.write_text(f"{value}\n", encoding="ascii")
    except OSError as err:
        log(f"{path} is not set to {value}: {err.strerror}")


def sweep():
    """Take away the proxies of ours that lead nowhere any more."""
    said = [ip("-j", "-N", *words) for words in (("neigh", "show", "proxy"), *((each, "route", "show", "proto", PROTOCOL) for each in ("-4", "-6")))]
    if None in said:
        return
    proxies, four, six = (json.loads(each or "[]") for each in said)
    routed = {each.get("dst") for each in four + six}
    for each in proxies:
        if each.get("protocol") == PROTOCOL and each["dst"] not in routed:
            ip(version(each["dst"]), "neigh", "delete", "proxy", each["dst"], "dev", each["dev"])


def main():
    """See above."""
    if sys.argv[2:3] == ["stopped"]:
        sweep()
    if sys.argv[2:3] != ["started"]:
        return
    network = next(ElementTree.fromstring(sys.stdin.buffer.read()).iter("network"))
    forward, bridge, mtu, proxied = (network.find(tag) for tag in ("forward", "bridge", "mtu", PROXIED))
    if bridge is None or forward is not None and forward.get("mode", "nat") not in OWNING:
        return
    for port in filter(None, (each.text for each in network.iterfind(PORTS))):
        put(port, bridge.get("name"), "" if mtu is None else mtu.get("size"))
    if proxied is not None and proxied.get("dev"):
        proxy([each.text for each in proxied.iterfind(ADDRESS) if each.text], proxied.get("dev"), bridge.get("name"))


if __name__ == "__main__":
    main()
