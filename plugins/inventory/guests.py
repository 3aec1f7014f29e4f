# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests of hypervisors, as hosts of the inventory."""

from __future__ import annotations

DOCUMENTATION = r"""
name: guests
short_description: Guests of every hypervisor of an inventory
version_added: 0.1.0
author: virtlab.network contributors (@virtlab)
description:
  - Asks the hypervisors that other sources of the inventory have named which guests they have, over the connections that Ansible has to them, all at the same
    time, and adds the guests to the inventory, with the addresses that are known from leases, guests' agents, and what hypervisors have learned of their
    neighbours.
  - As with P(ansible.builtin.constructed#inventory), the sources that name the hypervisors come first, such as C(-i hosts.yml -i guests.virtlab.yml).
  - Its file is named C(guests.virtlab.yml) or C(virtlab_guests.yml), with anything in front of that, or C(.yaml) behind.
  - A hypervisor that does not answer is warned of, and the guests of the others are there. With O(strict) that is an error.
  - A guest whose name another guest, host or group has is called by its hypervisor's name as well, as V(web.host1), and so is the other guest. A warning says
    so, and with O(strict) it is an error. What other sources say of a host is never changed.
  - A guest that is stored on a hypervisor, and runs on another, is listed where it runs. A guest that has no NIC is not listed.
  - Passwords that Ansible asks for (C(-k), C(-K)) are not known here; variables, keys and agents are.
  - Hosts are found by M(virtlab.network.virt_interface_info), so hypervisors have what that takes.
options:
  plugin:
    description: V(virtlab.network.guests).
    type: str
    required: true
    choices: [virtlab.network.guests]
  hypervisors:
    description: Pattern of the hosts to ask, as a play's C(hosts). The controller itself is V(localhost).
    type: str
    default: all
  uris:
    description:
      - The connection URIs of libvirt on each hypervisor, one for each of its drivers, such as V(qemu:///system) and V(lxc:///system).
    type: list
    elements: str
    default: ['qemu:///system']
  become:
    description: Whether to become root there, as a play's C(become). Reading needs root, or the group C(libvirt).
    type: bool
    default: true
  timeout:
    description: Seconds that a hypervisor has to answer for each of O(uris).
    type: int
    default: 60
  hostname:
    description: Jinja2 expression for what a guest is called, of the words of C(virtlab), such as V(virtlab.guest ~ '.' ~ virtlab.hypervisor).
    type: str
    default: virtlab.guest
  networks:
    description:
      - Networks whose addresses win, the first of them first; then those of any other network.
    type: list
    elements: str
    default: []
  families:
    description: Families of addresses that C(ansible_host) may have, the best one first.
    type: list
    elements: str
    choices: [ipv4, ipv6]
    default: [ipv4, ipv6]
  address_sources:
    description:
      - Who is believed about addresses, the best one first. V(lease) is libvirt's DHCP server, V(agent) the guest itself, V(arp) what the hypervisor learned.
      - Addresses of the link alone are never C(ansible_host).
    type: list
    elements: str
    choices: [lease, agent, arp]
    default: [lease, agent, arp]
  group:
    description: Group of all guests.
    type: str
    default: guests
  network_prefix:
    description: What is in front of a network's name in the name of the group of its guests.
    type: str
    default: network_
  state_prefix:
    description: What is in front of a state, in libvirt's words, in the name of the group of guests that are in it, such as C(state_shut_off).
    type: str
    default: state_
  hypervisor_prefix:
    description: What is in front of a hypervisor's name in the name of the group of its guests.
    type: str
    default: hypervisor_
extends_documentation_fragment:
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
seealso:
  - module: virtlab.network.virt_interface_info
notes:
  - Each guest has the variable C(virtlab), with C(guest) (its name), C(hypervisor), C(uri), C(uuid), C(driver), C(state), C(persistent), C(networks), C(labs)
    (those whose mark its NICs bear), C(addresses), and C(nics), which have C(mac), C(alias), C(target), C(type), C(model), C(link), C(lab), C(stored), C(live),
    C(network), C(bridge), and C(addresses) with C(address) and C(told_by).
  - What guests say of themselves is never taken for a template.
  - Of two guests of one name both are called by their hypervisor's, too, for as long as both are seen. Names that stay the same when a hypervisor is down take
    O(hostname) with C(virtlab.guest ~ '.' ~ virtlab.hypervisor).
"""

EXAMPLES = r"""
# guests.virtlab.yml, used as: ansible-inventory -i hosts.yml -i guests.virtlab.yml --graph
plugin: virtlab.network.guests
hypervisors: hypervisors

# The rest is left out by most. Containers as well; guests are reached by IPv6, on the network "management" where they are on it
uris: [qemu:///system, lxc:///system]
networks: [management]
families: [ipv6, ipv4]
address_sources: [agent, lease]
hostname: virtlab.guest ~ '.' ~ virtlab.hypervisor
groups:
  several_nics: virtlab.nics | length > 1
keyed_groups:
  - key: virtlab.labs
    prefix: lab
compose:
  ansible_user: "'admin'"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: ~/.cache/virtlab
cache_timeout: 300

# Guests of NAT networks are reached through their hypervisor. In group_vars/guests.yml:
# ansible_ssh_common_args: -o ProxyJump={{ hostvars[virtlab.hypervisor].ansible_user | default('root') }}@{{ hostvars[virtlab.hypervisor].ansible_host }}
"""

import re

from ansible.constants import LOCALHOST
from ansible.errors import AnsibleError, AnsibleParserError
from ansible.inventory.data import InventoryData
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ..plugin_utils import addresses, guests
from ..plugin_utils.asking import ask, gathered

ENDINGS = tuple(f"{stem}.{suffix}" for stem in ("guests.virtlab", "virtlab_guests") for suffix in ("yml", "yaml"))
#: in a name they might be taken for a template
BRACES = re.compile("[{}]")
MODULE = "virtlab.network.virt_interface_info"


def _safe(value):
    """A value of which nothing is taken for a template, by whichever version of Ansible."""
    if isinstance(value, dict):
        return {key: _safe(each) for key, each in value.items()}
    if isinstance(value, list):
        return [_safe(each) for each in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    """Asks hypervisors, and adds their guests."""

    NAME = "virtlab.network.guests"

    def verify_file(self, path):
        """Whether the file is one of this plugin's, by its name."""
        return super().verify_file(path) and path.endswith(ENDINGS)

    def parse(self, inventory, loader, path, cache=True):
        """Add the guests of the hypervisors that the inventory has."""
        super().parse(inventory, loader, path, cache=cache)
        self._read_config_data(path)
        self._check()
        found = guests.present([guest for hypervisor, uri, nics in self._asked(path, cache) for guest in guests.guests(hypervisor, uri, nics)])
        wanted = [self._hostname(guest) for guest in found]
        taken = {*inventory.hosts, *inventory.groups, *self._groups(found), *LOCALHOST}
        called, shared = guests.names(found, wanted, taken)
        for name in shared:
            self._tell(f"more than one host or group of the inventory would be {name!r}, so that guests of this name are called by their hypervisor's as well: "
                       + ", ".join(each for each, asked in zip(called, wanted) if asked == name))
        for name, guest in zip(called, found):
            self._add(name, guest)

    def _check(self):
        """Lists of choices are not checked by all versions of Ansible that there are."""
        for option, allowed in (("families", guests.FAMILIES), ("address_sources", addresses.SOURCES)):
            for value in self.get_option(option):
                if value not in allowed:
                    raise AnsibleParserError(f"{option}: {value!r} is none of {', '.join(allowed)}")

    def _tell(self, words):
        """What is not as it should be: a warning, or with ``strict`` an error."""
        if self.get_option("strict"):
            raise AnsibleParserError(words)
        self.display.warning(words)

    def _asked(self, path, cache):
        """[(hypervisor, URI, its NICs)] from the cache, and where it has none, or is not to be used, from the hypervisors."""
        manager = gathered(self.inventory, self.loader)
        pattern, uris = self.get_option("hypervisors"), self.get_option("uris")
        hosts = [host.get_name() for host in manager.get_hosts(pattern)]
        if not hosts:
            self._tell(f"hypervisors is {pattern!r}, and no host of the sources that come before {path} is one of these: name the hypervisors' source first")
        caching, key = self.get_option("cache"), self.get_cache_key(path)
        known = self._cache[key] if caching and cache and key in self._cache else {}
        known = {host: told for host, told in known.items() if host in hosts and set(uris) <= set(told)}
        missing = [host for host in hosts if host not in known]
        if missing:
            known.update(self._told(manager, missing, uris))
        if caching:
            whole = {host: told for host, told in known.items() if set(uris) <= set(told)}
            self._cache[key] = whole
        return [(host, uri, known[host][uri]) for host in hosts for uri in uris if uri in known.get(host, {})]

    def _told(self, manager, hosts, uris):
        """{hypervisor: {URI: NICs}} of those that answer."""
        found = {}
        tasks = {uri: (MODULE, {"uri": uri}) for uri in uris}
        for uri, answers in ask(manager, self.loader, hosts, tasks, become=self.get_option("become"), timeout=self.get_option("timeout")).items():
            for answer in answers:
                if answer.failed:
                    self._tell(f"hypervisor {answer.host} did not tell its guests of {uri}: {answer.failed}")
                else:
                    found.setdefault(answer.host, {})[uri] = answer.result["interfaces"]
        return found

    def _hostname(self, guest):
        expression = self.get_option("hostname")
        try:
            name = self._compose(expression, {"virtlab": _safe(guest)})
        except AnsibleError as err:
            raise AnsibleParserError(f"hostname is {expression!r}, which tells no name of guest {guest['guest']} on {guest['hypervisor']}: {err}") from err
        if not isinstance(name, str) or not name.strip():
            raise AnsibleParserError(f"hostname is {expression!r}, which is {name!r} of guest {guest['guest']} on {guest['hypervisor']}: must be a name")
        return BRACES.sub("_", name)

    def _groups(self, found):
        """Names of the groups that guests come to, which none of them can have: they are added to an inventory of no further use."""
        real, self.inventory = self.inventory, InventoryData()
        try:
            for guest in found:
                self._add(f"{guest['uuid']} {guest['hypervisor']}", guest)
            return set(self.inventory.groups)
        finally:
            self.inventory = real

    def _add(self, name, guest):
        """A guest with its variables and groups."""
        variables = {"virtlab": _safe(guest)}
        address = guests.address(guest, self.get_option("networks"), self.get_option("families"), self.get_option("address_sources"))
        if address:
            variables["ansible_host"] = address
        self.inventory.add_host(name)
        for key, value in variables.items():
            self.inventory.set_variable(name, key, value)
        prefixes = {"network_prefix": guest["networks"], "state_prefix": [guest["state"]], "hypervisor_prefix": [guest["hypervisor"]]}
        groups = [self.get_option("group"), *(self.get_option(prefix) + value for prefix, values in prefixes.items() for value in values)]
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(self._sanitize_group_name(group)), name)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), variables, name, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), variables, name, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), variables, name, strict=strict)
