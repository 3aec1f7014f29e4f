# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Units of systemd-networkd that make a device anew at boot. Source: systemd.netdev(5) and systemd.network(5), 252 to 257."""

from __future__ import annotations

from ..model.bridge import Bridge, PortSettings, numbers, ranges_of
from ..model.link import PROTOCOL
from ..model.link_kinds import Bond, IpVlan, MacVlan, Tun, Vlan, Vxlan
from . import boot, udev
from .keys import pairs, parsed, text

#: networkd takes the first file that matches a device, by name
PREFIX = udev.PREFIX
#: the first version that takes VLANs off a port which nobody asks for; seen with 252, which does not, and 257, which does
CLEARING = 257
#: networkd else takes away addresses and routes that it does not know of from a device that it begins to manage; those that are to go, go by netlink
KEEP = ("KeepConfiguration", "yes")
#: and takes a device off a bridge that the unit does not name; where that is said it gives no link-local address unless that is said, too
STAY = (("KeepMaster", "yes"), ("LinkLocalAddressing", "ipv6"), ("IPv6AcceptRA", "no"))
#: what a port is told in place of that
JOIN = (("KeepMaster", "no"), ("LinkLocalAddressing", "no"))
#: sections of .netdev files
SECTIONS = {
    "bridge": "Bridge", "bond": "Bond", "vlan": "VLAN", "macvlan": "MACVLAN", "macvtap": "MACVTAP", "ipvlan": "IPVLAN", "ipvtap": "IPVTAP", "vxlan": "VXLAN",
}


def _bool(value):
    return "yes" if value else "no"


def _not(value):
    return _bool(not value)


def _centiseconds(value):
    return f"{value * 10}ms"


def _milliseconds(value):
    return f"{value}ms"


def _positive(value):
    """It takes 0 for nothing said."""
    return str(value) if value else None


def _list(value):
    return " ".join(value)


#: words of networkd for options that have one: its key, and how it writes the value
KEYS = {
    Bridge: {
        "stp": ("STP", _bool), "priority": ("Priority", _positive), "forward_delay": ("ForwardDelaySec", _centiseconds),
        "hello_time": ("HelloTimeSec", _centiseconds), "max_age": ("MaxAgeSec", _centiseconds), "ageing_time": ("AgeingTimeSec", _centiseconds),
        "group_fwd_mask": ("GroupForwardMask", str), "vlan_filtering": ("VLANFiltering", _bool), "vlan_protocol": ("VLANProtocol", str.lower),
        "vlan_default_pvid": ("DefaultPVID", lambda value: str(value) if value else "none"), "mcast_snooping": ("MulticastSnooping", _bool),
        "mcast_querier": ("MulticastQuerier", _bool), "mcast_igmp_version": ("MulticastIGMPVersion", str),
    },
    PortSettings: {
        "priority": ("Priority", str), "cost": ("Cost", str), "hairpin": ("HairPin", _bool), "guard": ("UseBPDU", _not),
        "root_block": ("AllowPortToBeRoot", _not), "fastleave": ("FastLeave", _bool), "learning": ("Learning", _bool), "flood": ("UnicastFlood", _bool),
        "mcast_flood": ("MulticastFlood", _bool), "mcast_to_unicast": ("MulticastToUnicast", _bool), "proxy_arp": ("ProxyARP", _bool),
        "proxy_arp_wifi": ("ProxyARPWiFi", _bool), "neigh_suppress": ("NeighborSuppression", _bool), "isolated": ("Isolated", _bool),
        "mcast_router": ("MulticastRouter", lambda value: ("no", "query", "permanent", "temporary")[value]),
    },
    Tun: {
        "owner": ("User", str), "group": ("Group", str), "multi_queue": ("MultiQueue", _bool), "vnet_hdr": ("VNetHeader", _bool), "pi": ("PacketInfo", _bool),
    },
    Bond: {
        "mode": ("Mode", str), "miimon": ("MIIMonitorSec", _milliseconds), "updelay": ("UpDelaySec", _milliseconds),
        "downdelay": ("DownDelaySec", _milliseconds), "arp_interval": ("ARPIntervalSec", _milliseconds), "arp_validate": ("ARPValidate", str),
        "arp_all_targets": ("ARPAllTargets", str), "arp_ip_target": ("ARPIPTargets", _list), "primary_reselect": ("PrimaryReselectPolicy", str),
        "fail_over_mac": ("FailOverMACPolicy", str), "xmit_hash_policy": ("TransmitHashPolicy", str), "resend_igmp": ("ResendIGMP", str),
        "num_grat_arp": ("GratuitousARP", str), "all_slaves_active": ("AllSlavesActive", _bool), "min_links": ("MinLinks", str),
        "packets_per_slave": ("PacketsPerSlave", str),
        "tlb_dynamic_lb": ("DynamicTransmitLoadBalancing", _bool), "lacp_rate": ("LACPTransmitRate", str), "ad_select": ("AdSelect", str),
        "ad_user_port_key": ("AdUserPortKey", str), "ad_actor_sys_prio": ("AdActorSystemPriority", str), "ad_actor_system": ("AdActorSystem", str),
    },
    Vlan: {
        "id": ("Id", str), "protocol": ("Protocol", str.lower), "reorder_hdr": ("ReorderHeader", _bool), "gvrp": ("GVRP", _bool), "mvrp": ("MVRP", _bool),
        "loose_binding": ("LooseBinding", _bool),
    },
    MacVlan: {"mode": ("Mode", str), "bcqueuelen": ("BroadcastMulticastQueueLength", str)},
    IpVlan: {"mode": ("Mode", str.upper), "flag": ("Flags", str)},
    Vxlan: {
        "id": ("VNI", str), "local": ("Local", str), "remote": ("Remote", str), "group": ("Group", str), "dstport": ("DestinationPort", str),
        "ttl": ("TTL", str), "tos": ("TOS", str), "df": ("IPDoNotFragment", {"unset": "no", "set": "yes", "inherit": "inherit"}.get),
        "ageing": ("FDBAgeingSec", _positive), "maxaddress": ("MaximumFDBEntries", str), "learning": ("MacLearning", _bool), "proxy": ("ReduceARPProxy", _bool),
        "rsc": ("RouteShortCircuit", _bool), "l2miss": ("L2MissNotification", _bool), "l3miss": ("L3MissNotification", _bool),
        "udpcsum": ("UDPChecksum", _bool), "udp6zerocsumtx": ("UDP6ZeroChecksumTx", _bool), "udp6zerocsumrx": ("UDP6ZeroChecksumRx", _bool),
        "gbp": ("GroupPolicyExtension", _bool),
    },
}
#: options that are said elsewhere than beside their neighbours
ELSEWHERE = {"mode", "primary", "peer", "srcport_min", "srcport_max"}
#: kinds of devices that it makes
KINDS = {*SECTIONS, "tun", "veth", "dummy"}


def units(record, governed):
    """{path under /etc/systemd/network: text} for a device that shall be as the LinkState ``record`` says, which is what was ever asked of it.

    A text that is None stands for a file of another device that must be there, such as bare() gives. ``governed`` is a function: the name of the file that
    networkd has for a device, None where there is none.
    """
    found = udev.link(record)
    if boot.makes(record, KEYS, ELSEWHERE, KINDS):
        found[f"{PREFIX}{record.name}.netdev"] = text(_netdev(record))
    found[f"{PREFIX}{record.name}.network"] = text(_network(record))
    others = [(record.link.link, governed(record.link.link), [("Network", [(SECTIONS[record.kind], record.name)])])] if record.link.link else []
    for port in record.ports if record.kind != "team" else ():  # whatever else there is for a port would go on to configure it
        others.append((port.name if record.kind == "bridge" else port, None, _membership(record, port)))
    for device, file, sections in others:
        own = f"{PREFIX}{device}.network"
        found.update({own: None} if file in (None, own) else {})
        found[f"{file or own}.d/virtlab-{record.name}.conf"] = text(sections)
    return found


#: sections of others' units that stay with a NIC, and keys of [Network] that do
STAYING = {"Link", "SR-IOV", "TrafficControlQueueingDiscipline"}
STAYING_KEYS = {"VLAN", "MACVLAN", "MACVTAP", "IPVLAN", "IPVTAP", "VXLAN", "Tunnel", "Xfrm", "BindCarrier", "LLDP", "EmitLLDP"}
#: what tells whether a host is online waits for those that the host is reached by
ONLINE = {"RequiredForOnline", "RequiredFamilyForOnline"}
#: those that a unit of ours says by itself, or that say nothing for a bridge
OURS = {"Match", "Bridge", "BridgeVLAN", "BridgeFDB", "BridgeMDB", "CAN", "IPoIB"}
OUR_KEYS = {"Address", "Bridge", "Bond", "VRF", "BatmanAdvanced", "ConfigureWithoutCarrier", "KeepMaster", "ActiveSlave", "PrimarySlave"}


def inherited(texts, identity):
    """(lines for a bridge whose uplink a device is, lines that stay with that) of units and what is added to them, as LinkState has them.

    ``identity`` is the IAID by which a DHCP server knows the device, or None; networkd would else make another from the bridge's name. Addresses are not
    among the lines: they are ours from here on.
    """
    sections = [section for text in texts for section in parsed(text)]
    goes, stays = [], []
    for name, said in sections:
        if name in STAYING:
            goes.append((name, tuple(pair for pair in said if pair[0] in ONLINE)))
            stays.append((name, tuple(pair for pair in said if pair[0] not in ONLINE)))
        elif name == "Network":
            goes.append((name, tuple(pair for pair in said if pair[0] not in OUR_KEYS | STAYING_KEYS)))
            stays.append((name, tuple(pair for pair in said if pair[0] in STAYING_KEYS)))
        elif name not in OURS and (name != "Address" or {key for key, unused in said} - {"Address"}):
            goes.append((name, tuple(said)))
    for version in ("DHCPv4", "DHCPv6") if identity is not None else ():
        said = {key for name, pairs in sections if name == version for key, unused in pairs}
        if not said & {"IAID", "ClientIdentifier"}:
            goes.append((version, (("IAID", str(identity)),)))
    return tuple(each for each in goes if each[1]), tuple(each for each in stays if each[1])


def bare(path):
    """The text of a .network file of ours for a device that nothing is asked of by itself."""
    device = path.rpartition("/")[2][len(PREFIX):-len(".network")]
    return text([("Match", [("Name", device)]), ("Link", [("RequiredForOnline", "no")]), ("Network", [KEEP, *STAY])])


def _netdev(record):
    link, data = record.link, record.data
    kind = data.mode if record.kind == "tun" else record.kind
    yield "NetDev", [("Name", record.name), ("Kind", kind), *_common(link)]
    if record.kind == "tun":
        yield kind.capitalize(), pairs(data, KEYS)
    elif record.kind == "veth":
        yield "Peer", [("Name", data.peer)]
    elif record.kind in SECTIONS:
        more = [] if record.kind != "vxlan" or link.link else [("Independent", "yes")]
        if record.kind == "vxlan":
            more += [("PortRange", f"{data.srcport_min or 1}-{data.srcport_max}")] if data.srcport_max else []
            # where nothing is said ip(8) and the kernel take these, and networkd others
            more += [("DestinationPort", "4789")] if data.dstport is None else []
            more += [("UDPChecksum", "yes")] if data.udpcsum is None else []
        more += [("Mode", "balance-rr")] if record.kind == "bond" and data.mode is None else []  # some options count where it is said alone
        yield SECTIONS[record.kind], [*pairs(data, KEYS), *more]


def _common(link):
    return [(key, str(value)) for key, value in (("MTUBytes", link.mtu), ("MACAddress", link.mac)) if value is not None]


def _network(record):
    link = record.link
    yield "Match", [("Name", record.name)]
    policy = [("ActivationPolicy", "down")] if link.up is False else []
    yield "Link", [*_common(link), *([] if record.kind == "bridge" and record.inherited else [("RequiredForOnline", "no")]), *policy]
    place = [("Bridge", link.controller)] if link.controller else STAY[:2] if record.inherited else STAY
    yield "Network", [("ConfigureWithoutCarrier", "yes"), _keep(record), *place, *(("Address", cidr) for cidr in link.addresses or ())]
    if link.port is not None:
        yield from _port_sections(link.port)
    if record.kind == "bridge" and record.vlans is not None:
        yield from _vlan_sections(record.vlans)
    for route in link.routes or ():
        yield "Route", _route(route)
    yield from record.inherited


def _keep(record):
    """What becomes of addresses and routes that it does not know of; of a DHCP client's, that somebody else's unit has, only that may say that they stay."""
    said = [pair for section, pairs in record.inherited for pair in pairs if (section, pair[0]) == ("Network", KEEP[0])]
    return said[0] if said else (KEEP[0], "static") if record.inherited else KEEP


def _membership(record, port):
    if record.kind == "bridge":
        return [("Network", [*JOIN, ("Bridge", record.name)]), *_port_sections(port)]
    primary = [("PrimarySlave", "yes")] if record.data is not None and getattr(record.data, "primary", None) == port else []
    return [("Network", [*JOIN, (SECTIONS[record.kind], record.name), *primary])]


def _port_sections(port):
    yield "Bridge", pairs(port, KEYS)
    yield from _vlan_sections(port)


def _vlan_sections(vlans):
    if not vlans.given:
        return
    untagged = numbers(vlans.untagged or ())
    for each in ranges_of(numbers(vlans.tagged or ())):
        yield "BridgeVLAN", [("VLAN", each)]
    for each in ranges_of(untagged):
        yield "BridgeVLAN", [("VLAN", each), ("EgressUntagged", each)]
    if vlans.pvid:
        yield "BridgeVLAN", [("PVID", str(vlans.pvid))]


def _route(route):
    default = "::/0" if route.version == 6 else "0.0.0.0/0"
    pairs = [("Destination", default if route.dst == "default" else route.dst), ("Gateway", route.gateway), ("Metric", route.metric),
             ("Table", route.table if route.table != 254 else None), ("PreferredSource", route.src), ("GatewayOnLink", "yes" if route.onlink else None),
             ("Protocol", PROTOCOL)]
    return [(key, str(value)) for key, value in pairs if value is not None]
