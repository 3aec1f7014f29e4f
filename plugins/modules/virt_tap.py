#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_tap
short_description: Make a TAP or TUN device what the options say
version_added: 0.1.0
description:
  - A device that stays when nobody has it open, so that a guest or another program finds it.
  - Owner and group change in place; other options that the kernel does not change make the device anew, which check mode tells.
  - What the options leave out is left alone. What ip(8) shows afterwards is what was asked, or the task fails and puts back what was there.
extends_documentation_fragment:
  - virtlab.network.device.tap
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
seealso:
  - module: virtlab.network.virt_bridge
  - module: virtlab.network.virt_link
  - module: virtlab.network.virt_link_info
"""

EXAMPLES = r"""
- name: A TAP on a bridge, for a guest of the user libvirt-qemu
  virtlab.network.virt_tap:
    name: vm-vnic
    owner: libvirt-qemu
    controller: tester-bridge
    port:
      isolated: true

- name: A TUN device for a tunnel
  virtlab.network.virt_tap:
    name: tun0
    mode: tun
    addresses: [10.8.0.1/24]

- name: No TAP any more
  virtlab.network.virt_tap:
    name: vm-vnic
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
  sample: {name: vm-vnic, state: present, kind: tun, mode: tap, up: true, controller: tester-bridge}
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
    resource("tap")


if __name__ == "__main__":
    main()
