# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks, tasks and hosts to make plans of."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from ansible_collections.virtlab.network.plugins.module_utils.model.kernel import Kernel
from ansible_collections.virtlab.network.plugins.module_utils.model.network import Network
from ansible_collections.virtlab.network.plugins.module_utils.model.network_state import NetworkState, WantedNetwork
from ansible_collections.virtlab.network.plugins.module_utils.model.option import read
from ansible_collections.virtlab.network.plugins.module_utils.plan import families

UUID = "2f1c7a60-1b1e-4b8a-9a7d-6c0f3d1e5a11"


def network(name="a", **options):
    """A definition from options."""
    return read(Network, {"name": name, **options})


A = network(uuid=UUID, mtu=1400)
B = network(uuid=UUID, mtu=1500)


@dataclass
class Segments:
    """What is to be heard on devices, what was asked, the networks that serve DHCP, and whose guests get out by one device, and ways that are narrow."""

    heard: dict = field(default_factory=dict)
    asked: list = field(default_factory=list)
    serving: dict = field(default_factory=dict)
    ways_out: dict = field(default_factory=dict)
    small: dict = field(default_factory=dict)

    def loses(self, name, mtu):
        """The router on the way to which packets of that size are lost."""
        return self.small.get((name, mtu))

    def offers(self, ports):
        """What is heard."""
        self.asked.append(ports)
        return {name: self.heard[name] for name in ports}


@dataclass
class Host(Segments):
    """The rest of the host, as plans see it."""

    networks: dict = field(default_factory=dict)
    routes: tuple = ()
    hops: tuple = ()
    links: frozenset = frozenset({"eth0"})
    guests: tuple = ()
    homeless: tuple = ()
    devices: dict = field(default_factory=dict)
    uri: str = "qemu:///system"
    remote: bool = False
    local: bool = True
    root: bool = True

    def loose(self, network):
        """Ports that a network has lost."""
        return self.homeless

    def names(self):
        """Names of the devices that are there."""
        return self.links

    def of(self, family):
        """The context of a family: this knows all of it."""
        return self


def make_plan(tasks, observed, host):
    """A plan for some networks, over {name: state}."""
    return families.make_plan(tasks, {("network", name): state for name, state in observed.items()}, host)


def plan_of(tasks, observed, **host):
    """A plan for some networks."""
    return make_plan(tasks, observed, Host(**host))


def plan(wanted, state=None, **host):
    """The one item of a plan for one network."""
    return plan_of([wanted], {wanted.name: state}, **host).items[0]


def ips(*addresses):
    """Options with these addresses."""
    return {"ips": [{"address": address} for address in addresses]}


def active(definition):
    """The state of an active, persistent network."""
    return NetworkState(definition, definition, True)


def wanted(name="a", state="active", definition=None, **more):
    """What a task asks for."""
    return WantedNetwork(name, definition, state=state, **more)


GUESTS = (
    SimpleNamespace(domain="vm1", target="vnet0", mac="52:54:00:00:00:01", network="a", bridge=None),
    SimpleNamespace(domain="vm2", target="vnet1", mac="52:54:00:00:00:02", network=None, bridge="virbr1"),
    SimpleNamespace(domain="vm3", target="vnet2", mac="52:54:00:00:00:03", network="b", bridge="virbr2"),
)


def with_ports(*ports):
    """The state of an active network with ports on its bridge."""
    return replace(active(replace(A, bridge=network(bridge={"name": "virbr1"}).bridge)), kernel=Kernel("up", frozenset(), ports))
