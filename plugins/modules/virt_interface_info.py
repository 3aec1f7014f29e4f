#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_interface_info
short_description: Tell what NICs guests have
version_added: 0.1.0
description:
  - Returns the NICs of one guest, those on one network, or all, as they are stored and as they run, with the addresses that are known of them.
  - RV(interfaces[].config) is in the shape that M(virtlab.network.virt_interface) takes, so it can be pasted into a task.
options:
  domain:
    description: Only NICs of the guest of this name.
    type: str
  network:
    description: Only NICs on the network of this name, as they are stored or as they run.
    type: str
extends_documentation_fragment:
  - virtlab.network.common
  - virtlab.network.common.info
seealso:
  - module: virtlab.network.virt_interface
"""

EXAMPLES = r"""
- name: Read the NICs of a guest
  virtlab.network.virt_interface_info:
    domain: web
  register: found

- name: Show its addresses
  ansible.builtin.debug:
    msg: "{{ found.interfaces | map(attribute='addresses') | flatten | map(attribute='address') | unique }}"
"""

RETURN = r"""
interfaces:
  description: The NICs found, sorted by guest, and of each in the order in which it has them; an empty list where there is none.
  type: list
  elements: dict
  returned: success
  contains:
    domain: {description: Name of the guest., type: str, returned: always}
    uuid: {description: UUID of the guest., type: str, returned: always}
    driver: {description: libvirt's driver that runs it., type: str, returned: always}
    domain_state: {description: "State of the guest in libvirt's words, such as V(running) or V(shut off).", type: str, returned: always}
    persistent: {description: Whether the guest is stored., type: bool, returned: always}
    mac: {description: MAC address., type: str, returned: always}
    alias: {description: "Alias, the user's or libvirt's own. A guest that is shut off has no other than the user's.", type: str, returned: always}
    target: {description: Name of the host's end of it., type: str, returned: always}
    type: {description: Type of what it is attached to. Of a network that is what it leads to., type: str, returned: always}
    model: {description: What the guest sees., type: str, returned: always}
    link: {description: Whether it has a carrier., type: str, returned: always}
    stored: {description: Whether it is in the guest's stored definition., type: bool, returned: always}
    live: {description: Whether the running guest has it., type: bool, returned: always}
    lab: {description: The lab whose mark it bears., type: str, returned: always}
    config:
      description:
        - Options of M(virtlab.network.virt_interface) that make such a NIC, as it is stored, or of a transient guest as it runs.
        - None for types that this module does not know.
      type: dict
      returned: always
    running:
      description: Those options that the running guest has others of.
      type: dict
      returned: where it differs from what is stored
    addresses:
      description:
        - Addresses that are known of it while the guest runs, an address as often as somebody tells it.
      type: list
      elements: dict
      returned: always
      contains:
        address: {description: "Address, with its prefix where that is known.", type: str}
        told_by:
          description:
            - V(lease) is a lease of libvirt's own DHCP server, V(agent) the guest itself, by its agent, V(arp) what the host has learned of its neighbours.
          type: str
        device: {description: "The guest's own name of the NIC, where its agent tells it.", type: str}
    unknown:
      description: Parts of the definition that this collection does not know, with V(path) and V(content).
      type: list
      elements: dict
      returned: always
"""

from ..module_utils.run import information


def main():
    """Entry point."""
    information("interfaces")


if __name__ == "__main__":
    main()
