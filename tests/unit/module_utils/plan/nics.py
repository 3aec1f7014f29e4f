# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests and their NICs to make plans of, and a libvirt that takes the steps of these."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from types import SimpleNamespace

from ansible_collections.virtlab.network.plugins.module_utils import argument_spec
from ansible_collections.virtlab.network.plugins.module_utils.desired.interface import interface
from ansible_collections.virtlab.network.plugins.module_utils.model.interface import Domain, Interface, InterfaceState
from ansible_collections.virtlab.network.plugins.module_utils.model.option import Bag, read
from ansible_collections.virtlab.network.plugins.module_utils.plan import families

from tests.unit.module_utils.plan.plans import active, network

ONE, TWO, THREE = (f"52:54:00:00:00:0{number}" for number in (1, 2, 3))
UUID = "2f1c7a60-1b1e-4b8a-9a7d-6c0f3d1e5a11"
SLOT = ("", '<address bus="0x05" type="pci"></address>')


def nic(mac=ONE, alias=None, kind="network", label=None, device=None, **options):
    """An Interface as libvirt has it."""
    options = {"network": "a", **options} if kind == "network" else options
    found = read(Interface, {"mac": mac, "alias": alias, "model": "virtio", "link": "up", **options})
    return replace(found, kind=kind, actual=kind, label=label or alias, device=device, unknown=Bag([SLOT]))


def guest(name="vm", stored=(), live=None, **more):
    """A Domain: shut off where ``live`` is None, transient where ``stored`` is."""
    running = live is not None
    return Domain(name, UUID, stored=tuple(stored or ()), live=tuple(live or ()), running=running, persistent=stored is not None,
                  state="running" if running else "shut off", **more)


@dataclass
class Host:
    """The rest of the host, as plans and options see it."""

    domains: tuple = ()
    networks: dict = field(default_factory=lambda: {name: active(network(name, bridge={"name": f"virbr-{name}"})) for name in "ab"})
    links: frozenset = frozenset({"eth0", "br0", "virbr-a"})
    bridges: frozenset = frozenset({"br0", "virbr-a"})
    filters: frozenset = frozenset({"clean-traffic"})
    version: tuple = (9, 0, 0)
    remote: bool = False

    @property
    def interfaces(self):
        """The context of the options is that of plans."""
        return self

    @property
    def names(self):
        """Names of the guests."""
        return [each.name for each in self.domains]

    @property
    def macs(self):
        """MAC addresses of all NICs."""
        return {each.mac for domain in self.domains for pair in domain.nics for each in pair if each}

    @property
    def guests(self):
        """NICs that run."""
        return tuple(SimpleNamespace(domain=domain.name, target=each.device, mac=each.mac, network=each.network, bridge=each.bridge)
                     for domain in self.domains for each in domain.live)

    def domain(self, name):
        """The Domain of a name, or None."""
        return next((each for each in self.domains if each.name == name), None)

    def of(self, family):
        """The context of a family: this knows all of it."""
        return self


def options(**given):
    """Options of virt_interface as AnsibleModule gives them."""
    spec = argument_spec.interface()["options"]
    return {**{name: entry.get("default") for name, entry in spec.items()}, "domain": "vm", **given}


def state_of(host, wanted):
    """What is there of a WantedInterface."""
    domain = host.domain(wanted.domain)
    found = domain.found(wanted.name.rpartition("/")[2]) if domain else ()
    if not found:
        return None
    mark = next((each for each in domain.marks for one in found[0] if one and each.fits(one)), None)
    return InterfaceState(domain.name, *found[0], mark, domain.updates, domain.persistent)


def plan_of(host, *tasks):
    """The plan for some tasks (options each)."""
    wanted = [interface(options(**task), "default", host) for task in tasks]
    return families.make_plan(wanted, {("interface", each.name): state_of(host, each) for each in wanted}, host)


def plan(host, **task):
    """The one item of a plan for one task."""
    return plan_of(host, task).items[0]


def took(host, name, steps):
    """The host once libvirt has taken steps of a guest."""
    domain = host.domain(name)
    for step in steps:
        domain = _take(domain, step.verb, step.value)
    return replace(host, domains=tuple(domain if each.name == name else each for each in host.domains))


def _take(domain, verb, value):
    if verb == "mark":
        kept = tuple(each for each in domain.marks if each.mac != value.mac and not (value.alias and each.alias == value.alias))
        return replace(domain, marks=kept + ((value,) if value.lab else ()))
    if verb in ("remember", "forget"):
        assert not domain.persistent
        others = tuple(each for each in domain.stored if each.mac != value.mac)
        return replace(domain, stored=others + ((value,) if verb == "remember" else ()))
    if verb == "replace":
        wanted, held = value
        assert held in domain.stored
        return replace(domain, stored=tuple(replace(wanted, label=wanted.alias) if each == held else each for each in domain.stored))
    given, views = value[0], value[1] if isinstance(value[1], tuple) else (value[1],)
    for view in views:
        assert domain.running if view == "live" else domain.persistent
        held = getattr(domain, view)
        same = [each for each in held if (each.mac, each.alias) == (given.mac, given.alias)]
        if verb == "attach":
            assert not same
            made = replace(given, label=given.alias or "net7", device="vnet7", unknown=given.unknown or Bag([SLOT]))
            domain = replace(domain, **{view: (*held, made)})
        elif verb == "detach":
            assert len(same) == 1
            domain = replace(domain, **{view: tuple(each for each in held if each is not same[0])})
        else:
            assert len(same) == 1 and (view == "stored" or domain.updates)
            if view == "live":
                assert (same[0].model, same[0].mtu, same[0].target, same[0].dev, same[0].boot_order) == (
                    given.model, given.mtu, given.target, given.dev, given.boot_order)
            domain = replace(domain, **{view: tuple(given if each is same[0] else each for each in held)})
    return domain
