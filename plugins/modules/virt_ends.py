#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_ends
short_description: Probes that stay between tasks, so that those of several hosts ask each other
version_added: 0.1.0
description:
  - Several ends of one host at the same time, each what M(virtlab.network.virt_probe) plugs in, or the host itself. They get their addresses, answer on some
    ports, and stay when the task is done, so that the next task, on any host, knows their addresses and asks them.
  - A task gives O(ends), the next ones O(checks) that these make; O(watch) has packets watched from one task to the one that gives O(look), which tells on
    which devices they came by, and which rule of nftables dropped them. O(state=absent) lets the ends leave.
  - They leave by themselves when nobody has asked anything of them for O(seconds), as where the controller died. They give their leases back, and
    the kernel removes namespaces, ports and the table that traces. Nothing of them is a file.
  - The role P(virtlab.network.verify#role) does all this by a table of who reaches whom.
  - RV(ignore:changed) is always V(false), for nothing of them is left.
  - Rules of iptables that nft(8) shows as well (iptables-nft) are told; those of iptables-legacy, routes, and filters of devices are not seen by its trace.
extends_documentation_fragment:
  - virtlab.network.ends
  - virtlab.network.common
requirements:
  - root on the managed host
  - nft(8) and Linux 5.12 or newer there, to tell which rule dropped a packet
attributes:
  check_mode:
    description: Can run in check_mode and return changed status prediction without modifying target.
    support: none
    details: [It is skipped in check mode, in which the networks that it is about may only be predicted.]
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in check_mode), when in diff mode.
    support: N/A
    details: [This module changes nothing.]
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
    support: full
    details: [This module changes nothing.]
seealso:
  - module: virtlab.network.virt_probe
"""

EXAMPLES = r"""
- name: One end on each network, of which one answers
  virtlab.network.virt_ends:
    run: mine
    ends:
      - {name: office, network: office}
      - {name: servers, network: servers, listen: [{port: 443, protocol: tcp}]}
      - {name: host, host: true}
  register: stood

- name: Watch what goes to the servers
  virtlab.network.virt_ends:
    run: mine
    watch:
      - {protocol: tcp, port: 443, target: "{{ stood.ends[1].addresses[0].address.split('/')[0] }}"}

- name: Does the office reach them
  virtlab.network.virt_ends:
    run: mine
    checks:
      - {end: office, tcp: "{{ stood.ends[1].addresses[0].address.split('/')[0] }}", port: 443}
    fail: false
  register: asked

- name: Where did the packets come by
  virtlab.network.virt_ends:
    run: mine
    look: true
  register: looked

- name: Let them go
  virtlab.network.virt_ends:
    run: mine
    state: absent
"""

RETURN = r"""
ok:
  description: Whether all ends are there, and all checks came out as expected.
  type: bool
  returned: always, but with O(state=absent)
problems:
  description: What is not so, in words.
  type: list
  elements: str
  returned: always, but with O(state=absent)
  sample: ["end office: network is 'office': is not active; start it first, or name another"]
left:
  description: Whether any were there to leave.
  type: bool
  returned: with O(state=absent)
ends:
  description: The ends, in their order.
  type: list
  elements: dict
  returned: with O(ends)
  contains:
    name:
      description: Its name.
      type: str
    problem:
      description: Why it is not there, or what it did not get; empty where all is well.
      type: str
    plugged:
      description: Where it is plugged in, as RV(virtlab.network.virt_probe#module:plugged); empty of a guest.
      type: dict
    addresses:
      description: Its addresses, and whether each is V(static), by V(dhcp), by V(slaac), V(link-local), or of a V(guest). Of the host those come first that
        it leaves by.
      type: list
      elements: dict
    gateways:
      description: Routers that it leaves by. With C(nameservers), C(domain), C(mtu), C(leases), C(missing), C(duplicates) and C(waited) as of a probe.
      type: list
      elements: str
  sample: [{name: office, problem: "", plugged: {network: office, switch: bridge, device: virbr1, isolated: false, mac: "52:54:00:5a:01:02", port: probe-9f},
            addresses: [{address: 192.168.150.117/24, by: dhcp}], gateways: [192.168.150.1]}]
checks:
  description: What became of each check, in their order, each as RV(virtlab.network.virt_probe#module:checks), with its C(end). The outcome V(lost) is that
    of an end that is not there any more.
  type: list
  elements: dict
  returned: with O(checks)
seen:
  description: Where packets that were watched came by, and their answers, each once for a device and a direction, and who looked for whom (C(protocol) V(arp),
    which is neighbour discovery, too).
  type: list
  elements: dict
  returned: with O(look)
  contains:
    device:
      description: The device.
      type: str
    kind:
      description: V(bridge) or V(device).
      type: str
    bridge:
      description: The bridge or bond that it is a port of, or empty.
      type: str
    end:
      description: The end that is plugged in there, or empty.
      type: str
    out:
      description: Whether it left by the device, or came in.
      type: bool
    at:
      description: Seconds since it was begun to watch.
      type: float
    protocol:
      description: V(tcp), V(udp), V(icmp) or V(arp).
      type: str
    source:
      description: Address that it came from there; with RV(seen[].sport).
      type: str
    sport:
      description: Port that it came from.
      type: int
    target:
      description: Address that it was for there; with RV(seen[].port).
      type: str
    port:
      description: Port that it was for.
      type: int
    mark:
      description: What tells it from others, and no translation changes.
      type: str
    says:
      description: V(answers) or V(resets), V(asks) or V(tells) of ARP, or empty.
      type: str
  sample: [{device: probe-9f1c2b3a, kind: device, bridge: virbr1, end: office, out: false, at: 0.12, protocol: tcp, source: 192.168.150.117, sport: 41234,
            target: 10.0.20.9, port: 443, mark: 8d1c33f0, says: ""}]
traced:
  description: What rules of nftables did to these packets, in the same words, and once more where a translation had changed them.
  type: list
  elements: dict
  returned: with O(look)
  contains:
    hooks:
      description: Families and hooks that it came by, as V(inet forward).
      type: list
      elements: str
    accepted:
      description: Rules that accepted it, each with C(family), C(table), C(chain), C(handle), and C(text) as nft(8) prints it.
      type: list
      elements: dict
    dropped:
      description: The rule that dropped it, or the chain whose policy did; rules that reject drop, too. Null where none did.
      type: dict
  sample: [{protocol: tcp, source: 192.168.150.117, sport: 41234, target: 10.0.20.9, port: 443, mark: 8d1c33f0, says: "", accepted: [],
            hooks: [inet prerouting, inet forward], dropped: {family: inet, table: mine, chain: forward, handle: 7, text: tcp dport 443 drop}}]
deaf:
  description: Why nothing can be told of rules, or empty.
  type: str
  returned: with O(watch) and O(look)
"""

from ..module_utils.run import ends


def main():
    """Entry point."""
    ends()


if __name__ == "__main__":
    main()
