# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs on the managed host: what libvirt-python itself takes in one process, which is as fast as anything can be that asks libvirt.

``alone_libvirt.py VERB`` reads a JSON list of {"name", "xml", "lease"} on stdin and prints how many seconds VERB took for all of them, the import of
libvirt and the connection included.
"""

from __future__ import annotations

import json
import sys
import time


def build(libvirt, connection, network):
    """Define, mark for autostart, start."""
    made = connection.networkDefineXML(network["xml"])
    made.setAutostart(True)
    made.create()


def again(libvirt, connection, network):
    """Look whether all is as it was left: stored, live, autostart."""
    held = connection.networkLookupByName(network["name"])
    return held.isActive(), held.autostart(), held.XMLDesc(0), held.XMLDesc(libvirt.VIR_NETWORK_XML_INACTIVE)


def lease(libvirt, connection, network):
    """Add a static lease, stored and live."""
    flags = libvirt.VIR_NETWORK_UPDATE_AFFECT_LIVE | libvirt.VIR_NETWORK_UPDATE_AFFECT_CONFIG
    held = connection.networkLookupByName(network["name"])
    held.update(libvirt.VIR_NETWORK_UPDATE_COMMAND_ADD_LAST, libvirt.VIR_NETWORK_SECTION_IP_DHCP_HOST, 0, network["lease"], flags)


def remove(libvirt, connection, network):
    """Stop and undefine."""
    held = connection.networkLookupByName(network["name"])
    held.destroy()
    held.undefine()


def main():
    """See above."""
    networks = json.load(sys.stdin)
    start = time.perf_counter()
    import libvirt

    connection = libvirt.open("qemu:///system")
    for network in networks:
        {"build": build, "again": again, "lease": lease, "remove": remove}[sys.argv[1]](libvirt, connection, network)
    connection.close()
    print(time.perf_counter() - start)


if __name__ == "__main__":
    main()
