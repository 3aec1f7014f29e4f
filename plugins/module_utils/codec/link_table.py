# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where each option of a device stands in ip(8)'s JSON, and which words ip(8) wants for it. Source: iproute2 6.1 to 6.15, ip/iplink_*.c."""

from __future__ import annotations

from typing import NamedTuple, Optional

from ..model.bridge import Bridge, PortSettings
from ..model.link_kinds import Bond, IpVlan, MacVlan, Team, Tun, Veth, Vlan, Vxlan
from ..model.option import declared

#: how ip(8) wants a value: as it is; a bool as 1 or 0, or as on or off; the option's own word or that with no in front; the word alone where it is true;
#: the word and then each member as a word
VALUE, FLAG, ONOFF, TOGGLE, BARE, WORDS = "value", "flag", "onoff", "toggle", "bare", "words"


class Row(NamedTuple):
    """An option: its key in JSON, ip(8)'s word (None: it is not told that way), and how the value is written."""

    key: str
    word: Optional[str]
    style: str = VALUE


def _rows(cls, flags, **special):
    """Rows of all options of a class: key and word are the option's name, bools are written as ``flags``, unless ``special`` has a row."""
    return {
        name: special.get(name) or Row(name, name, flags if entry.kind.ansible == "bool" else VALUE)
        for name, entry in declared(cls)
    }


TABLE = {
    Bridge: _rows(
        Bridge, FLAG, stp=Row("stp_state", "stp_state", FLAG), group_address=Row("group_addr", "group_address"),
        mcast_last_member_count=Row("mcast_last_member_cnt", "mcast_last_member_count"),
        mcast_startup_query_count=Row("mcast_startup_query_cnt", "mcast_startup_query_count"),
        mcast_last_member_interval=Row("mcast_last_member_intvl", "mcast_last_member_interval"),
        mcast_membership_interval=Row("mcast_membership_intvl", "mcast_membership_interval"),
        mcast_querier_interval=Row("mcast_querier_intvl", "mcast_querier_interval"),
        mcast_query_interval=Row("mcast_query_intvl", "mcast_query_interval"),
        mcast_query_response_interval=Row("mcast_query_response_intvl", "mcast_query_response_interval"),
        mcast_startup_query_interval=Row("mcast_startup_query_intvl", "mcast_startup_query_interval"),
    ),
    PortSettings: _rows(PortSettings, ONOFF, mcast_router=Row("multicast_router", "mcast_router")),
    Tun: _rows(
        Tun, BARE, mode=Row("type", "mode"), owner=Row("user", "user"),
    ),
    Bond: _rows(
        Bond, FLAG, num_grat_arp=Row("num_peer_notif", "num_grat_arp"), lacp_rate=Row("ad_lacp_rate", "lacp_rate"),
        lacp_active=Row("ad_lacp_active", "lacp_active", ONOFF),
    ),
    Team: {"runner": Row("runner", None)},
    Vlan: _rows(
        Vlan, ONOFF, ingress_qos_map=Row("ingress_qos", "ingress-qos-map", WORDS), egress_qos_map=Row("egress_qos", "egress-qos-map", WORDS),
    ),
    MacVlan: _rows(MacVlan, ONOFF),
    IpVlan: _rows(IpVlan, ONOFF, flag=Row("flag", "flag", BARE)),
    Veth: {"peer": Row("peer", None)},
    Vxlan: _rows(
        Vxlan, TOGGLE, dstport=Row("port", "dstport"), srcport_min=Row("srcport_min", None), srcport_max=Row("srcport_max", None),
        maxaddress=Row("limit", "maxaddress"), udpcsum=Row("udp_csum", "udpcsum", TOGGLE), udp6zerocsumtx=Row("udp_zero_csum6_tx", "udp6zerocsumtx", TOGGLE),
        udp6zerocsumrx=Row("udp_zero_csum6_rx", "udp6zerocsumrx", TOGGLE), gbp=Row("gbp", "gbp", BARE),
    ),
}
#: flags of a vlan device, as JSON lists them
VLAN_FLAGS = {
    "REORDER_HDR": "reorder_hdr", "GVRP": "gvrp", "MVRP": "mvrp", "LOOSE_BINDING": "loose_binding", "BRIDGE_BINDING": "bridge_binding",
}
