#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_host
short_description: Make everything about a host's virtual networking what one task says
version_added: 0.1.0
description:
  - Takes lists of resources, each in the shape of its own module, and brings them about in one plan with one connection,
    ordered by what depends on what.
  - Much faster than a loop over the single modules.
  - What gives up a subnet or a bridge goes before what takes it.
  - The first resource that fails is put back to what it was, with what had made room for it, and the task stops there and says what was done.
options:
  prune:
    description:
      - Remove the networks, devices, guests and guests' NICs that bear the mark of O(lab), which must be given, and are not listed. Nothing else is ever
        removed. Guests go whether they run or not, with the files that were made with them; those of another driver of libvirt's take another O(uri).
      - With empty lists this takes the whole lab down.
    type: bool
    default: false
  force:
    description:
      - With O(prune), remove networks although guests are attached to them, which cuts them off. Else the task fails and names the guests.
      - For a network of O(networks) its own O(networks[].force) counts.
    type: bool
    default: false
extends_documentation_fragment:
  - virtlab.network.network.list
  - virtlab.network.device.bridges
  - virtlab.network.device.taps
  - virtlab.network.device.links
  - virtlab.network.rules.nats
  - virtlab.network.rules.firewalls
  - virtlab.network.guest.list
  - virtlab.network.interface.list
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
seealso:
  - module: virtlab.network.virt_network
"""

EXAMPLES = r"""
- name: Two networks of the lab web, and no other of its
  virtlab.network.virt_host:
    lab: web
    prune: true
    networks:
      - name: front
        forward:
          mode: nat
        ips:
          - address: 192.168.160.1/24
            dhcp:
              ranges:
                - start: 192.168.160.100
                  end: 192.168.160.199
      - name: back
        ips:
          - address: 192.168.161.1/24

- name: A guest that is a router, with a NIC on each of two networks
  virtlab.network.virt_host:
    lab: web
    networks:
      - name: front
        forward: {mode: nat}
        ips: [{address: 192.168.160.1/24}]
      - name: back
    interfaces:
      - {domain: router, alias: ua-front, network: front}
      - {domain: router, alias: ua-back, network: back}

- name: Take the lab down
  virtlab.network.virt_host:
    lab: web
    prune: true
"""

RETURN = r"""
before:
  description:
    - V(networks) holds each network that changes, before the task, by its name, as RV(virtlab.network.virt_network#module:before); V(bridges), V(taps) and
      V(links) the devices, V(guests) guests, V(interfaces) guests' NICs by guest and alias or MAC address.
    - Resources that stay as they are are not told; M(virtlab.network.virt_network_info) and its kin tell of those.
  type: dict
  returned: success
  sample: {networks: {front: {state: absent}}}
after:
  description:
    - The same after the task. Bridges that stay as they are are there if they have C(unmanaged_ports).
  type: dict
  returned: success
  sample: {networks: {front: {state: active, name: front}}}
changes:
  description: As of M(virtlab.network.virt_network), with the resource in front of the field.
  type: list
  elements: dict
  returned: success
  sample: [{field: "networks[front].mtu", before: null, after: 1400, cost: restart}]
cost:
  description: The dearest of RV(changes), or an empty string.
  type: str
  returned: success
  sample: live
affected_guests:
  description: NICs of running guests that the change cuts off.
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

from ..module_utils.run import virt_host


def main():
    """Entry point."""
    virt_host()


if __name__ == "__main__":
    main()
