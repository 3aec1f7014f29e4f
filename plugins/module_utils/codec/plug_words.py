# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of ip(8) and bridge(8) by which a Plug is made. Each kind of switch has its own."""

from __future__ import annotations

from ..model.plug import BRIDGE, MACVLAN

#: the NIC's name in its namespace, and what marks the port to people; it has no lab, as it goes by itself
NIC, MARK = "eth0", "virtlab-probe"


def words(plug, port, mac, pid, pvid=None):
    """((program, commands), ...) that give the namespace of a process a NIC, with its other end, ``port``, plugged in.

    ``pvid`` is the VLAN that the bridge gives to ports that nobody says anything of.
    """
    return SWITCHES[plug.switch](plug, port, mac, str(pid), pvid)


def _bridge(plug, port, mac, pid, pvid):
    mtu = str(plug.mtu)
    settings = (["isolated", "on"] if plug.isolated else []) + (["learning", "off", "flood", "off"] if plug.told else [])
    made = [
        ("link", "add", "name", port, "mtu", mtu, "type", "veth", "peer", "name", NIC, "address", mac, "mtu", mtu, "netns", pid),
        ("link", "set", "dev", port, "alias", f"{MARK}:{pid}"),
        ("link", "set", "dev", port, "master", plug.device),
        *([("link", "set", "dev", port, "type", "bridge_slave", *settings)] if settings else []),
    ]
    told = []
    if plug.vlan is not None:
        told = [("vlan", "del", "dev", port, "vid", str(pvid))] if pvid and pvid != plug.vlan else []
        told.append(("vlan", "add", "dev", port, "vid", str(plug.vlan), "pvid", "untagged"))
    if plug.told:
        told.append(("fdb", "replace", mac, "dev", port, "master", "temp", *(["vlan", str(plug.vlan)] if plug.vlan else [])))
    return ("ip", made), *([("bridge", told)] if told else []), ("ip", [("link", "set", "dev", port, "up")])


def _macvlan(plug, port, mac, pid, unused):
    """The device is in the namespace from the start, and has no other end. No device of the host's may have its name as it is made: it is renamed in there."""
    return (("ip", [("link", "add", "link", plug.device, "name", port, "address", mac, "mtu", str(plug.mtu), "netns", pid, "type", "macvlan",
                     "mode", plug.mode)]),)


SWITCHES = {BRIDGE: _bridge, MACVLAN: _macvlan}
