#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_interface
short_description: Make one NIC of a libvirt guest what the options say
version_added: 0.1.0
description:
  - Attaches a NIC to a guest, changes it, or detaches it, in both of libvirt's views, what is stored and what runs, whether the guest runs or is shut off,
    is persistent or transient.
  - The NIC is found by its alias or MAC address. A guest's only NIC needs neither.
  - What libvirt can change while the guest runs is changed there, such as its network, its carrier, rates and filters; for the rest the NIC is unplugged and
    plugged anew, in the same slot (O(on_replug)), which the price tells before. For guests of LXC that is all but nothing. A place in the boot order counts
    from the guest's next start on, which a warning tells.
  - An option that is nested is one thing, so that who gives it gives all of it, and an empty one takes it away. What libvirt generated, and what it knows of
    the NIC and this module does not, is kept.
  - A NIC that the task makes bears the mark of O(lab), which is written into the guest's metadata, and goes with the guest.
  - NICs of other types (hostdev, user, vhostuser and the like) are left alone; a task that would change one is refused.
extends_documentation_fragment:
  - virtlab.network.interface
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
seealso:
  - module: virtlab.network.virt_interface_info
  - module: virtlab.network.virt_network
  - module: virtlab.network.virt_host
"""

EXAMPLES = r"""
- name: A second NIC, known by its alias
  virtlab.network.virt_interface:
    domain: web
    alias: ua-back
    network: back

- name: The carrier is gone, as if somebody had pulled the cable
  virtlab.network.virt_interface:
    domain: web
    mac: "52:54:00:12:34:56"
    link: down

- name: The guest's only NIC goes to another network, and is limited to 10 MiB a second
  virtlab.network.virt_interface:
    domain: db
    network: quarantine
    bandwidth:
      inbound: {average: 10240}
      outbound: {average: 10240}

- name: No address but its own
  virtlab.network.virt_interface:
    domain: web
    alias: ua-back
    filterref:
      filter: clean-traffic
      parameters: [{name: IP, value: 192.168.161.10}]

- name: Another MAC address, at the guest's next start
  virtlab.network.virt_interface:
    domain: web
    alias: ua-back
    mac: "52:54:00:00:00:07"
    on_replug: defer

- name: No second NIC any more
  virtlab.network.virt_interface:
    domain: web
    alias: ua-back
    state: absent
"""

RETURN = r"""
before:
  description: The NIC before the task, in the shape of the options, as it is stored. One that is not there has no more than C(state).
  type: dict
  returned: success
  sample: {state: absent}
after:
  description:
    - The NIC after the task, in the shape of the options, as it is stored.
    - C(running) has those options that the running guest has others of.
  type: dict
  returned: success
  sample: {domain: web, state: present, mac: "52:54:00:3a:91:0c", alias: ua-back, network: back, model: virtio, link: up, lab: default}
changes:
  description: What changed, or would change, each with its price.
  type: list
  elements: dict
  returned: success
  contains:
    field:
      description: Option or part of it, such as V(network) or V(bandwidth.inbound.average).
      type: str
    before:
      description: Value before.
      type: raw
    after:
      description: Value after.
      type: raw
    cost:
      description:
        - V(live) where no guest is cut off, V(restart) where one is from where its NIC is, as it is detached, plugged anew, moved to another network, or its
          carrier goes.
      type: str
  sample: [{field: link, before: up, after: down, cost: restart}]
cost:
  description: The dearest of RV(changes), or an empty string.
  type: str
  returned: success
  sample: restart
affected_guests:
  description: The guest's NIC with V(domain), V(target) and V(mac), where it runs and is cut off.
  type: list
  elements: dict
  returned: success
  sample: [{domain: web, target: vnet1, mac: "52:54:00:3a:91:0c"}]
trial:
  description: Of a change that was made with O(rollback_after), whether it was confirmed or taken back.
  type: dict
  returned: where it was given, and something changed
  sample: {id: 3f0c9a5d17be, rollback_after: 60, outcome: confirmed}
"""

from ..module_utils.run import resource


def main():
    """Entry point."""
    resource("interface")


if __name__ == "__main__":
    main()
