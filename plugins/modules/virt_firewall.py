#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_firewall
short_description: Decide who of virtual networks may begin to talk to whom
version_added: 0.1.0
description:
  - Policies from zone to zone. Zones are networks of libvirt's, bridges and other devices, subnets, and the host itself. What answers always passes, also
    to who asks the host for a lease and to the host that asks for one, and so does what IPv6 needs to find neighbours and routers.
  - Nothing is decided about what no policy is about. So two labs on one host never drop each other's packets, and what other programs' rules decide stays as it
    is. What these drop cannot be let in by this module, as a packet has to pass all tables. Nor is anything decided about what the host says to itself.
  - A packet that is of two zones, of one by its device and of another by its address, is of that by its device, whatever order policies have.
  - Each resource is a table of nft(8) for what is routed, C(inet virtlab_firewall_NAME), and one for frames that stay on their bridge,
    C(bridge virtlab_firewall_NAME), where a policy is about such. Both are loaded all at once or not at all, and a policy is found by one look-up.
  - A policy from a zone to itself is about what its members begin among themselves, also on one bridge, and whoever is behind a port of the bridge is a member.
    Nobody finds another by ARP there either, unless a rule accepts something.
  - A policy without rules that lets nobody of a bridge's zone talk to the host drops ARP as well, where the bridge has no address, as the host would else
    answer. By a bridge that has one guests may have to find their way to others.
  - What M(virtlab.network.virt_nat) forwards is known by what it is led to, the guest's address and port, and by who it comes from.
  - Guests need the host for DHCP and names, where libvirt serves these. A policy from their zone to the host has to accept them (udp 53, 67 and 547, tcp 53).
  - C(virtlab-rules.service) loads all tables at boot before guests start, and again whenever C(nftables.service) is started anew or reloaded.
extends_documentation_fragment:
  - virtlab.network.rules.firewall
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
requirements:
  - nft(8) 1.0.6 or newer on the managed host
  - For frames that stay on their bridge the kernel's C(nf_conntrack_bridge)
seealso:
  - module: virtlab.network.virt_nat
  - module: virtlab.network.virt_network
  - module: virtlab.network.virt_host
"""

EXAMPLES = r"""
- name: A DMZ that the LAN reaches by HTTPS, and that reaches nobody but name servers
  virtlab.network.virt_firewall:
    name: dmz
    zones:
      - {name: dmz, networks: [dmz]}
      - {name: lan, devices: [eth0]}
      - {name: host, host: true}
    policies:
      - src: lan
        dst: dmz
        rules:
          - {protocol: tcp, ports: [80, 443]}
          - {protocol: tcp, ports: [22], saddr: [198.51.100.0/24], limit: 10/minute, comment: ssh of the admins}
          - {protocol: icmp}
      - src: dmz
        dst: lan
        log: "dmz to lan: "
        rules:
          - {protocol: udp, ports: [53]}
      - src: dmz
        dst: host
        default: reject
        rules:
          - {protocol: udp, ports: [53, 67]}

- name: Guests that do not reach each other
  virtlab.network.virt_firewall:
    name: apart
    zones:
      - {name: guests, devices: [virbr-lab]}
    policies:
      - {src: guests, dst: guests}

- name: No policy, but the guests of libvirt's own network get out beside Docker
  virtlab.network.virt_firewall:
    name: default
    zones:
      - {name: guests, networks: [default]}
    coexist: true

- name: No policy any more
  virtlab.network.virt_firewall:
    name: apart
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
    - The resource after the task, in the shape of the options, with C(rules) (what nft(8) reads).
    - C(doors) are what O(coexist) has other programs do, as commands.
    - C(kernel) is there where the kernel has other rules than were stored.
  type: dict
  returned: success
  sample: {name: lab, state: present, lab: default}
changes:
  description: What changed, or would change, each with its price.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: Option or part of it, such as V(policies[lan dmz].default).
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
  sample: [{field: "policies[lan dmz].default", before: accept, after: drop, cost: live}]
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
    resource("firewall")


if __name__ == "__main__":
    main()
