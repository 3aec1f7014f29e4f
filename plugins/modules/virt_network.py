#!/usr/bin/python
# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
from __future__ import annotations

DOCUMENTATION = r"""
module: virt_network
short_description: Define, change, start, stop and remove a libvirt network
version_added: 0.1.0
description:
  - Makes one libvirt network what the task says, in every forward mode and with every element of libvirt's network format.
  - The options have the names of libvirt's elements and attributes in snake_case. An element with attributes is a dictionary,
    a repeated element a list with a plural name, an address and its netmask or prefix one CIDR string.
  - If any option of the definition is given, what is given is the whole definition, and only UUID, MAC address and bridge name
    carry over. If none is given, the definition is left as it is. So removing O(forward) from a task isolates the network.
  - What libvirt can change in an active network is changed while it runs; leases, names in DNS, ranges, port groups. What it
    cannot takes a restart, after which every port is back on the bridge; see O(on_restart). RV(changes[].cost) says beforehand, in
    check mode too, which it will be, and RV(affected_guests) who will notice.
  - A network that is active by libvirt's word and broken in the kernel is mended by the gentlest means - a bridge that is down or lost
    an address, rules that somebody flushed, a dnsmasq that died, guests that a C(virsh net-destroy) cut off. For rules and dnsmasq
    libvirt's daemon is made to reload, or, where whole chains are gone, to start anew, which guests do not notice.
  - What was changed is read back and compared; where anything fails, what was there before is put back.
extends_documentation_fragment:
  - virtlab.network.network
  - virtlab.network.common
  - virtlab.network.common.lab
  - virtlab.network.common.trial
  - virtlab.network.common.attributes
seealso:
  - module: virtlab.network.virt_network_info
  - module: virtlab.network.virt_host
  - name: Network XML format
    description: What each element means to libvirt.
    link: https://libvirt.org/formatnetwork.html
"""

EXAMPLES = r"""
- name: A NAT network with DHCP and a static lease
  virtlab.network.virt_network:
    name: lab
    forward:
      mode: nat
    domain:
      name: lab.test
      local_only: true
    ips:
      - address: 192.168.150.1/24
        dhcp:
          ranges:
            - start: 192.168.150.100
              end: 192.168.150.199
          hosts:
            - mac: 52:54:00:6d:33:55
              name: web
              ip: 192.168.150.10

- name: A routed network with both families
  virtlab.network.virt_network:
    name: dmz
    forward:
      mode: route
    ips:
      - address: 192.168.132.1/24
      - address: fd00:132::1/64

- name: Guests on a bridge that the host already has
  virtlab.network.virt_network:
    name: bridged_network
    forward:
      mode: bridge
    bridge:
      name: mybridge0

- name: An isolated network without a host address
  virtlab.network.virt_network:
    name: quiet
    ips: []

- name: A document as virsh net-define takes it
  virtlab.network.virt_network:
    xml: |
      <network>
        <name>router</name>
        <forward mode='route'/>
        <ip address='192.168.133.1' netmask='255.255.255.0'/>
      </network>

- name: A change that takes a restart, kept for the network's next one
  virtlab.network.virt_network:
    name: dmz
    forward:
      mode: route
    ips:
      - address: 192.168.132.1/24
      - address: fd00:132::1/64
    mtu: 1400
    on_restart: defer

- name: A NIC joins the network to another host's, and stays on its bridge whoever restarts it
  virtlab.network.virt_network:
    name: dmz
    forward:
      mode: route
    ips:
      - address: 192.168.132.1/24
      - address: fd00:132::1/64
    bridge_ports:
      - eth1

# The host has 203.0.113.10/24 and 2001:db8::10/64 on eth0, and the provider drops whatever has another MAC address than eth0's.
# A guest has 203.0.113.20/24 with gateway 203.0.113.1, as the provider tells; of IPv6 it has 2001:db8::20/128, and the bridge for its router.
- name: Guests with public addresses behind a host that must not be a bridge
  virtlab.network.virt_network:
    name: public
    forward:
      mode: open
    bridge:
      name: virbr-public
    ips:
      - address: 192.168.203.1/24
      - address: fd00:203::1/64
    proxied:
      dev: eth0
      addresses:
        - 203.0.113.20
        - 203.0.113.21
        - 2001:db8::20

- name: Stop a network, and leave its definition alone
  virtlab.network.virt_network:
    name: router
    state: inactive

- name: Remove a network
  virtlab.network.virt_network:
    name: router
    state: absent
"""

RETURN = r"""
before:
  description:
    - The network before the task. V(state) is V(absent), V(inactive) or V(active); the rest is there unless it is absent.
    - V(config) is the definition in the shape of this module's options, without UUID, MAC address and bridge name.
    - V(running) is there where the running network differs from its stored definition, and is then its own in the same shape.
    - V(ports) are the devices on an active network's bridge, V(ports_down) those of them that are down, which is left to whom they belong to.
    - V(hook) is V(missing) where what puts O(bridge_ports) and O(proxied) back is gone.
    - V(kernel) is there where the kernel lacks something of the network, and says what - V(bridge) (V(missing) or V(down)),
      V(addresses_missing), V(firewall) (V(rules lost) or V(chains lost)), V(dnsmasq) (V(dead)), V(proxied_missing) (routes, proxies and settings).
  type: dict
  returned: success
  sample: {state: absent}
after:
  description:
    - The network after the task, in the shape of RV(before). In check mode, what the task would make of it;
      what libvirt will generate is V((generated)).
  type: dict
  returned: success
  sample:
    name: lab
    state: active
    autostart: true
    persistent: true
    uuid: f6514662-26e5-431e-8544-fd216bed9312
    mac: 52:54:00:53:d4:ee
    bridge: virbr0
    lab: default
    config: {name: lab, forward: {mode: nat}, ips: [{address: 192.168.150.1/24}]}
changes:
  description: What differs, field by field. RV(changes[].cost) is V(live), which no guest notices (while leases and ranges
    change libvirt takes the network's firewall rules away for a fraction of a second and puts them back, so single packets may be refused),
    V(dnsmasq), for which the network's DHCP and DNS are away for less than a second, V(restart), for which its guests lose seconds of
    traffic, or V(replace), where guests cannot follow. RV(changes[].field) begins with C(kernel) where something broken is mended.
  type: list
  elements: dict
  returned: success
  contains:
    field: {description: Path of the field., type: str, returned: always}
    before: {description: Value before., type: raw, returned: always}
    after: {description: Value after., type: raw, returned: always}
    cost: {description: Cost of this change., type: str, returned: always}
  sample: [{field: mtu, before: null, after: 1400, cost: restart}]
cost:
  description: The dearest of RV(changes), or an empty string.
  type: str
  returned: success
  sample: restart
affected_guests:
  description: NICs of running guests that the change cuts off, for the seconds of a restart or for good.
  type: list
  elements: dict
  returned: success
  sample: [{domain: vm1, target: vnet0, mac: "52:54:00:6d:33:55"}]
trial:
  description: Of a change that was made with O(rollback_after), whether it was confirmed or taken back.
  type: dict
  returned: where it was given, and something changed
  sample: {id: 3f0c9a5d17be, rollback_after: 60, outcome: confirmed}
"""

from ..module_utils.run import resource


def main():
    """Entry point."""
    resource("network")


if __name__ == "__main__":
    main()
