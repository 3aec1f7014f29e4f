#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_probe
short_description: Prove what a guest of a virtual network reaches, and what reaches it, without a guest
version_added: 0.1.0
description:
  - A short-lived network namespace is plugged into a bridge or a network as a guest would be, with a MAC address, VLAN and isolation of its own. It takes
    a lease (DHCP, DHCPv6), an address by what routers advertise, or has fixed ones; it resolves names, pings, follows ways, opens TCP and UDP, finds the path
    MTU, answers others, and listens for what should not arrive. Then it gives its leases back and is gone.
  - The task fails where something is not as expected, and names it, what was expected, and what happened. Each check without an expectation is expected to
    get through.
  - RV(ignore:changed) is always V(false), for nothing of a probe is left. The namespace has no name, and belongs to one process that dies with the module; the
    kernel then removes it and its port. Where the module is killed, so that it cannot give them back, leases end in their own time.
  - While it is there it is as real to a network as any guest; a server of DHCP may write the lease down in its log, and bridges learn its MAC address.
  - An own address is used at once, and not doubted for a second as IPv6 would. Whether somebody else has it is asked all the same, and told.
  - Checks run sixteen at a time. Linux limits how often it sends ICMP messages to one address to about one in a second, after six at once; of many
    rejections at the same time some may look silent therefore, and either is refused.
  - Networks on Linux bridges are plugged into, and those whose guests share a device by macvtap, by a macvlan in the same mode. Open vSwitch, V(hostdev) and
    V(passthrough) are refused. Bandwidth of a network or a portgroup does not limit a probe.
extends_documentation_fragment:
  - virtlab.network.probe
  - virtlab.network.common
requirements:
  - root on the managed host
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: none
    details:
      - It is skipped in check mode, in which the network that it is about may only be predicted. With C(check_mode) V(false) of the task it runs all the same.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: N/A
    details: [This module changes nothing.]
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details: [This module changes nothing.]
seealso:
  - module: virtlab.network.virt_network
  - module: virtlab.network.virt_firewall
  - module: virtlab.network.virt_neighbour_info
"""

EXAMPLES = r"""
- name: Does a guest of network lab get what it needs
  virtlab.network.virt_probe:
    network: lab
    checks:
      - {ping: gateway}
      - {resolve: web.lab.test, expect: 192.168.150.10}
      - {ping: 203.0.113.1}
      - {tcp: www.example.com, port: 443}
      - {tcp: 203.0.113.1, port: 22, expect: refused}
      - {mtu: 203.0.113.1, expect: 1500}

- name: What would the guest with this MAC address get, and which way do its packets go
  virtlab.network.virt_probe:
    network: lab
    mac: "52:54:00:12:34:56"
    checks:
      - {trace: 203.0.113.1}
    fail: false
  register: found

- name: Nobody but the gateway says anything on this segment, and no other gives addresses
  virtlab.network.virt_probe:
    bridge: br0
    vlan: 10
    dhcp: [ipv4]
    seconds: 30
    quiet:
      - {name: a foreign DHCP server, protocols: [dhcp, dhcpv6, router], besides: [10.0.10.1]}
      - {name: another subnet, protocols: [ipv4, arp], besides: [10.0.10.0/24, 0.0.0.0]}

- name: Does the host itself reach what its guests' images come from
  virtlab.network.virt_probe:
    host: true
    checks:
      - {tcp: images.example.com, port: 443}

- name: On the host of the servers, somebody who answers
  virtlab.network.virt_probe:
    network: servers
    addresses: [10.0.20.250/24]
    gateways: [10.0.20.1]
    listen: [{port: 80}, {port: 22}]
    seconds: 30
  async: 60
  poll: 0

- name: On the host of the clients, who gets there
  virtlab.network.virt_probe:
    network: clients
    wait: 10
    checks:
      - {name: clients to servers, tcp: 10.0.20.250, port: 80}
      - {name: clients to servers, tcp: 10.0.20.250, port: 22, expect: rejected}
"""

RETURN = r"""
ok:
  description: Whether all was as expected.
  type: bool
  returned: always, once it was plugged in
problems:
  description: What was not, in words.
  type: list
  elements: str
  returned: always, once it was plugged in
  sample: ["tcp 203.0.113.1 port 22: refused was expected, and 203.0.113.1 takes the connection, after 0.4 ms"]
plugged:
  description: Where it was plugged in, with its RV(plugged.mac), and the RV(plugged.port) that it had there.
  type: dict
  returned: always, once it was plugged in
  contains:
    network:
      description: The network, where one was named.
      type: str
    switch:
      description: V(bridge) or V(macvlan), or V(host) where nothing was plugged in.
      type: str
    device:
      description: The bridge, or the device that is shared.
      type: str
    vlan:
      description: The VLAN of the port, if any.
      type: int
    isolated:
      description: Whether the port was isolated.
      type: bool
    mac:
      description: MAC address of the probe.
      type: str
    port:
      description: Name of the bridge's port.
      type: str
  sample: {network: lab, switch: bridge, device: virbr1, isolated: false, mac: "52:54:00:5a:01:02", port: probe-9f1c2b3a}
addresses:
  description: The probe's addresses, and whether each is V(static), by V(dhcp), by V(slaac) or V(link-local).
  type: list
  elements: dict
  returned: always, once it was plugged in
  sample: [{address: 192.168.150.117/24, by: dhcp}]
leases:
  description: The leases that it took, one a family.
  type: list
  elements: dict
  returned: always, once it was plugged in
  contains:
    family:
      description: V(ipv4) or V(ipv6).
      type: str
    address:
      description: Address with its prefix.
      type: str
    server:
      description: Address of the server.
      type: str
    seconds:
      description: How long the lease would have been, in seconds; null for one without end.
      type: int
    took:
      description: Seconds until it was there.
      type: float
    gateways:
      description: Routers that the server tells. DHCPv6 has none.
      type: list
      elements: str
    routes:
      description: Other routes that it tells.
      type: list
      elements: dict
    nameservers:
      description: Name servers that it tells.
      type: list
      elements: str
    domain:
      description: Domain that it tells.
      type: str
    mtu:
      description: MTU that it tells.
      type: int
    released:
      description: Whether it was given back.
      type: bool
  sample:
    - {family: ipv4, address: 192.168.150.117/24, server: 192.168.150.1, seconds: 3600, took: 3.1, gateways: [192.168.150.1], routes: [],
       nameservers: [192.168.150.1], domain: lab.test, mtu: null, released: true}
missing:
  description: Addresses that were asked for in vain, V(ipv4), V(ipv6) or V(slaac), and why.
  type: list
  elements: dict
  returned: always, once it was plugged in
  sample: [{what: ipv4, said: no server of DHCP offered anything in 12 s}]
routers:
  description: What routers of IPv6 advertise.
  type: list
  elements: dict
  returned: always, once it was plugged in
  sample: [{address: fe80::1, mac: "52:54:00:00:00:01", lifetime: 1800, managed: true, other: true, mtu: null, prefixes: [], nameservers: []}]
gateways:
  description: Routers that the probe left by, one a family.
  type: list
  elements: str
  returned: always, once it was plugged in
  sample: [192.168.150.1, "fe80::5054:ff:fe00:1"]
nameservers:
  description: Name servers that it asked.
  type: list
  elements: str
  returned: always, once it was plugged in
  sample: [192.168.150.1]
domain:
  description: Domain that names without a dot were looked up in.
  type: str
  returned: always, once it was plugged in
  sample: lab.test
mtu:
  description: MTU of its NIC.
  type: int
  returned: always, once it was plugged in
  sample: 1500
duplicates:
  description: Addresses of the probe's that somebody else says to have, and their MAC addresses. Any is a problem.
  type: list
  elements: dict
  returned: always, once it was plugged in
  sample: []
checks:
  description: What became of each check, in their order.
  type: list
  elements: dict
  returned: always, once it was plugged in
  contains:
    name:
      description: Its name, or its own words.
      type: str
    kind:
      description: V(ping), V(tcp), V(udp), V(resolve), V(trace) or V(mtu).
      type: str
    target:
      description: Whom it asks, as it was given. With RV(checks[].port), RV(checks[].family) and RV(checks[].server) where these were.
      type: str
    port:
      description: Port that it asks.
      type: int
    family:
      description: Version of IP.
      type: str
    server:
      description: Name server.
      type: str
    expect:
      description: What was expected.
      type: list
      elements: str
    met:
      description: Whether that is so.
      type: bool
    outcome:
      description:
        - V(allowed), V(rejected) where somebody says no, V(silent) where nobody says anything in time, or V(unroutable) where nothing was sent.
      type: str
    said:
      description: What happened, in words.
      type: str
    address:
      description: Address that was asked.
      type: str
    by:
      description: Who rejects it, who tells of a narrower path, or which name server answers.
      type: str
    why:
      description: Why, V(reset) or ICMP's words such as V(administratively prohibited), or the name server's such as V(NXDOMAIN).
      type: str
    rtt:
      description: Milliseconds until the answer.
      type: float
    answer:
      description: First words of who was connected to.
      type: str
    answered_by:
      description: MAC address of the probe that answers.
      type: str
    seen_as:
      description: This probe's address as that one sees it, which differs where it is translated.
      type: str
    hops:
      description: Routers on the way, each with C(hop), C(address) (empty where it is silent) and C(rtt).
      type: list
      elements: dict
    mtu:
      description: The path MTU.
      type: int
    lost:
      description: Whether somebody on the way loses what is larger without a word.
      type: bool
    values:
      description: Addresses or names that were found.
      type: list
      elements: str
    tries:
      description: How often it was tried, with O(wait).
      type: int
    seconds:
      description: How long it took.
      type: float
  sample:
    - {name: tcp 203.0.113.1 port 22, kind: tcp, target: 203.0.113.1, port: 22, expect: [refused], met: true, outcome: rejected, address: 203.0.113.1,
       said: 203.0.113.1 resets the connection, by: 203.0.113.1, why: reset, tries: 1, seconds: 0.0}
heard:
  description: Who asked on the ports of O(listen), each with the address as it was seen, how often, and the first that a datagram said.
  type: list
  elements: dict
  returned: always, once it was plugged in
  sample: [{protocol: tcp, port: 80, address: 192.168.150.104, count: 1, said: ""}]
arrived:
  description:
    - What arrived at its port, whomever it was for, the first hundred kinds of frames, each with how often it did, and seconds after the first look that it was
      there. C(protocols) are the words of O(quiet[].protocols).
  type: list
  elements: dict
  returned: always, once it was plugged in
  sample:
    - {protocols: [ipv4, udp, dhcp], source: 192.168.150.1, target: 255.255.255.255, mac: "52:54:00:00:00:01", to: "ff:ff:ff:ff:ff:ff", vlan: null, port: 68,
       says: OFFER of 192.168.150.117, count: 1, after: 3.02}
unwanted:
  description: Those of them that should not have arrived, with the entry of O(quiet) that says so.
  type: list
  elements: dict
  returned: always, once it was plugged in
  sample: []
waited:
  description: Seconds until the bridge let the port pass frames, which spanning tree may delay.
  type: float
  returned: always, once it was plugged in
  sample: 0.0
settled:
  description: Seconds until it had its addresses.
  type: float
  returned: always, once it was plugged in
  sample: 3.4
seconds:
  description: Seconds that it was there.
  type: float
  returned: always, once it was plugged in
  sample: 4.1
"""

from ..module_utils.run import probe


def main():
    """Entry point."""
    probe()


if __name__ == "__main__":
    main()
