#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_bridge
short_description: Make a bridge of the host what the options say
version_added: 0.1.0
description:
  - A Linux bridge with its addresses, routes and ports, in ip(8)'s and bridge(8)'s words.
  - Bridges that libvirt makes itself belong to M(virtlab.network.virt_network).
  - What the options leave out is left alone. What ip(8) shows afterwards is what was asked, or the task fails and puts back what was there.
extends_documentation_fragment:
  - virtlab.network.device.bridge
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
seealso:
  - module: virtlab.network.virt_tap
  - module: virtlab.network.virt_link
  - module: virtlab.network.virt_bridge_info
"""

EXAMPLES = r"""
- name: A bridge for guests, with two NICs
  virtlab.network.virt_bridge:
    name: br0
    stp: true
    addresses: [192.0.2.10/24]
    ports:
      - name: eth1
      - name: eth2
        isolated: true

- name: A bridge with VLANs
  virtlab.network.virt_bridge:
    name: br1
    vlan_filtering: true
    vlan_default_pvid: 0
    ports:
      - name: eth3
        tagged: ["10", "20-29"]
      - name: vm-vnic
        pvid: 10

- name: Guests as neighbours of the host, on the network that it is reached by
  virtlab.network.virt_bridge:
    name: br0
    uplink: enp1s0
    rollback_after: 60

- name: No bridge any more
  virtlab.network.virt_bridge:
    name: br1
    state: absent
"""

RETURN = r"""
before:
  description: The device before the task, in the shape of the options. One that is not there has no more than C(state).
  type: dict
  returned: success
  sample: {state: absent}
after:
  description: The device after the task, in the shape of the options. In check mode without what the kernel will generate.
  type: dict
  returned: success
  sample: {name: br0, state: present, kind: bridge, up: true, mtu: 1500, stp: true, ports: [{name: eth1}]}
changes:
  description: What changed, or would change, each with its price.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: Option or part of it, such as V(mtu) or V(ports[eth1].pvid).
      type: str
    before:
      description: Value before.
      type: raw
    after:
      description: Value after.
      type: raw
    cost:
      description: V(live) nobody notices, V(restart) the device goes down, V(replace) another takes its place.
      type: str
  sample: [{field: mtu, before: 1500, after: 9000, cost: live}]
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

from ..module_utils.run import resource


def main():
    """Entry point."""
    resource("bridge")


if __name__ == "__main__":
    main()
