# SPDX-License-Identifier: GPL-3.0-or-later
"""NAT networks: how each contender builds them, is run again, changes one lease of each, and removes them."""

from __future__ import annotations

import copy

from .subject import Alone, Played, Subject


def networks(count):
    """``count`` NAT networks with a lease each, in the shape of virt_network's options."""
    return [
        {"name": f"bench{number}", "forward": {"mode": "nat"}, "domain": {"name": f"bench{number}.test"},
         "ips": [{"address": f"10.66.{number}.1/24", "dhcp": {"ranges": [{"start": f"10.66.{number}.100", "end": f"10.66.{number}.199"}],
                                                              "hosts": [lease(number, 5)]}}]}
        for number in range(1, count + 1)
    ]


def lease(number, host):
    """A static lease of network ``number``."""
    return {"mac": f"52:54:00:66:{number:02x}:{host:02x}", "name": f"host{host}", "ip": f"10.66.{number}.{host}"}


def leased(options):
    """The same networks with another lease each."""
    changed = copy.deepcopy(options)
    for number, network in enumerate(changed, 1):
        network["ips"][0]["dhcp"]["hosts"].append(lease(number, 6))
    return changed


def documents(count):
    """The same networks as raw libvirt and virt_net take them: name, XML, and the XML of the other lease."""
    def host(each):
        return f"<host mac='{each['mac']}' name='{each['name']}' ip='{each['ip']}'/>"

    return [
        {"name": f"bench{number}", "lease": host(lease(number, 6)),
         "xml": f"<network><name>bench{number}</name><forward mode='nat'/><domain name='bench{number}.test'/><ip address='10.66.{number}.1' prefix='24'>"
                f"<dhcp><range start='10.66.{number}.100' end='10.66.{number}.199'/>{host(lease(number, 5))}</dhcp></ip></network>"}
        for number in range(1, count + 1)
    ]


def virt_host(verb, count):
    """All networks in one task."""
    options = networks(count)
    given = {"build": options, "again": options, "lease": leased(options), "remove": [{"name": each["name"], "state": "absent"} for each in options]}
    return [{"virtlab.network.virt_host": {"networks": given[verb]}}]


def virt_network(verb, count):
    """A loop."""
    options = networks(count)
    if verb == "remove":
        return [{"virtlab.network.virt_network": {"name": "{{ item.name }}", "state": "absent"}, "loop": options}]
    fields = {name: f"{{{{ item.{name} }}}}" for name in options[0]}
    return [{"virtlab.network.virt_network": fields, "loop": leased(options) if verb == "lease" else options}]


def virt_net(verb, count):
    """community.libvirt's module, with the commands of its own documentation, each in a loop."""
    commands = {
        "build": [{"command": "define", "xml": "{{ item.xml }}"}, {"state": "active"}, {"autostart": True}],
        "lease": [{"command": "modify", "xml": "{{ item.lease }}"}],
        "remove": [{"command": "destroy"}, {"command": "undefine"}],
    }
    commands["again"] = commands["build"]
    return [{"community.libvirt.virt_net": {"name": "{{ item.name }}", **command}, "loop": documents(count)} for command in commands[verb]]


NETWORKS = Subject(
    "networks", (1, 10, 50),
    {"build": "build", "again": "run again, nothing to do", "lease": "change one lease of each", "remove": "remove"},
    {"raw": Alone("raw libvirt-python", "alone_libvirt.py")},
    {"virt_host": Played("virt_host, one task", virt_host, 50), "virt_network": Played("virt_network, a loop", virt_network, 50),
     "virt_net": Played("community.libvirt's virt_net, loops", virt_net, 10, truthful=False)},
    documents,
)
