#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_network_info
short_description: Tell what libvirt networks there are
version_added: 0.1.0
description:
  - Returns one network, found by name, UUID or bridge, or all networks, with leases and attached guests.
  - RV(networks[].config) is in the shape that M(virtlab.network.virt_network) takes, so it can be pasted into a task.
options:
  name:
    description: Only the network of this name.
    type: str
  uuid:
    description: Only the network of this UUID.
    type: str
  bridge:
    description: Only networks on the bridge of this name.
    type: str
extends_documentation_fragment:
  - virtlab.network.common
  - virtlab.network.common.info
seealso:
  - module: virtlab.network.virt_network
"""

EXAMPLES = r"""
- name: Read the default network
  virtlab.network.virt_network_info:
    name: default
  register: found

- name: Make the same network anew, with another MAC address and UUID
  virtlab.network.virt_network: "{{ found.networks[0].config }}"
"""

RETURN = r"""
networks:
  description: The networks found, sorted by name; an empty list where there is none.
  type: list
  elements: dict
  returned: success
  contains:
    name: {description: Name., type: str, returned: always}
    uuid: {description: UUID., type: str, returned: always}
    mac: {description: MAC address of the bridge., type: str, returned: always}
    bridge: {description: Name of the bridge., type: str, returned: always}
    active: {description: Whether it runs., type: bool, returned: always}
    autostart: {description: Whether it starts with libvirt., type: bool, returned: always}
    persistent: {description: Whether it has a stored definition., type: bool, returned: always}
    lab: {description: The lab whose mark it bears., type: str, returned: always}
    leases:
      description:
        - DHCP leases in force, with V(address) (and its prefix), V(mac), V(hostname), V(client_id), V(iaid), and V(expires) in seconds since 1970.
      type: list
      elements: dict
      returned: always
    guests:
      description: NICs of running guests of every libvirt driver, with V(domain), V(driver), V(target) and V(mac).
      type: list
      elements: dict
      returned: always
    ports:
      description: Names of the devices on the bridge.
      type: list
      elements: str
      returned: where the network is active, and its bridge libvirt's
    kernel:
      description: What the kernel lacks of it, as in RV(virtlab.network.virt_network#module:before).
      type: dict
      returned: where it lacks something
    running:
      description: What runs, in the shape of RV(networks[].config).
      type: dict
      returned: where it differs from the stored definition
    config:
      description:
        - Options of M(virtlab.network.virt_network) that make such a network, here or on another host.
        - Where these cannot say all of it, or refuse part of it, such as a static lease outside its subnet, it holds V(xml) alone.
      type: dict
      returned: always
    unknown:
      description: Parts of the definition that this collection does not know, with V(path) and V(content).
      type: list
      elements: dict
      returned: always
    xml: {description: The stored definition as libvirt gives it., type: str, returned: always}
"""

from ..module_utils.run import information


def main():
    """Entry point."""
    information("networks")


if __name__ == "__main__":
    main()
