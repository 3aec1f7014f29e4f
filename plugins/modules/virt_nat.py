#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_nat
short_description: Translate the addresses of virtual networks, and forward ports of the host to guests
version_added: 0.1.0
description:
  - Source addresses of what leaves (masquerade, fixed addresses, one to one), and ports of the host that lead to guests, of both versions of IP. Forwards
    work for others, for guests of the same network and for the host itself, but for its addresses C(127.0.0.1) and C(::1).
  - Each resource is one table of nft(8), C(inet virtlab_nat_NAME), which is loaded all at once or not at all; rules of others are not touched. Forwards are
    maps, so that a packet costs one look-up however many there are.
  - The host is set to pass packets on (C(net.ipv4.ip_forward), and C(net.ipv6.conf.all.forwarding) where there are IPv6 subnets), now and at boot. That stays
    when the resource goes, as others may rely on it, and is not set at boot any more.
  - C(virtlab-rules.service) loads all tables at boot before guests start, and again whenever C(nftables.service) is started anew or reloaded.
  - What is to come into a network of libvirt's whose forward mode is V(nat), or that has none, would be rejected by libvirt. Such a network is refused, with a
    hint; a network with forward mode V(open) and this module do what that one does, and let forwards in.
  - Where the kernel hears of its own IPv6 routes from a router it is told to go on with it (C(accept_ra)), which it would not while it passes packets on.
extends_documentation_fragment:
  - virtlab.network.rules.nat
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
requirements:
  - nft(8) 1.0.6 or newer on the managed host
seealso:
  - module: virtlab.network.virt_network
  - module: virtlab.network.virt_host
"""

EXAMPLES = r"""
- name: A network that libvirt leaves alone
  virtlab.network.virt_network:
    name: lab
    forward: {mode: open}
    bridge: {name: virbr-lab}
    ips:
      - address: 192.168.150.1/24
        dhcp:
          ranges: [{start: 192.168.150.100, end: 192.168.150.200}]

- name: Its guests reach everybody, and two of them are reached by ports of the host
  virtlab.network.virt_nat:
    name: lab
    network: lab
    forwards:
      - {port: 8080, to: 192.168.150.10, to_port: 80}
      - {port: 2222, to: 192.168.150.11, to_port: 22, sources: [198.51.100.0/24], comment: ssh of the build host}
      - {protocol: udp, port: 27000-27015, to: 192.168.150.10}

- name: A subnet with an address of its own, one to one
  virtlab.network.virt_nat:
    name: dmz
    subnets: [192.168.160.0/28]
    devices: [eth0]
    netmap:
      - {inside: 192.168.160.0/28, outside: 203.0.113.16/28}

- name: Beside Docker, ufw or firewalld, which drop what they do not know
  virtlab.network.virt_nat:
    name: lab
    network: lab
    coexist: true

- name: No translation any more
  virtlab.network.virt_nat:
    name: dmz
    state: absent
"""

RETURN = r"""
before:
  description: The resource before the task, in the shape of the options. One that is not there has no more than C(state).
  type: dict
  returned: success
  sample: {state: absent}
after:
  description:
    - The resource after the task, in the shape of the options, with C(rules) (what nft(8) reads) and C(sysctl) (what the host is set to).
    - C(doors) are what O(coexist) has other programs do, as commands.
    - C(kernel) is there where the kernel has other rules than were stored.
  type: dict
  returned: success
  sample: {name: lab, state: present, network: lab, lab: default, sysctl: {net/ipv4/ip_forward: 1}}
changes:
  description: What changed, or would change, each with its price.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: Option or part of it, such as V(masquerade) or V(netmap[192.168.160.0/28].outside).
      type: str
    before:
      description: Value before.
      type: raw
    after:
      description: Value after.
      type: raw
    cost:
      description: V(live), as no guest's NIC notices.
      type: str
  sample: [{field: masquerade, before: null, after: false, cost: live}]
cost:
  description: The dearest of RV(changes), or an empty string.
  type: str
  returned: success
  sample: live
affected_guests:
  description: None, as no guest is cut off.
  type: list
  elements: dict
  returned: success
  sample: []
trial:
  description: Of a change that was made with O(rollback_after), whether it was confirmed or taken back.
  type: dict
  returned: where it was given, and something changed
  sample: {id: 3f0c9a5d17be, rollback_after: 60, outcome: confirmed}
"""

from ..module_utils.run import resource


def main():
    """Entry point."""
    resource("nat")


if __name__ == "__main__":
    main()
