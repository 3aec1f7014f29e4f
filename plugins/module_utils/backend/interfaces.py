# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests' NICs on a host: observe() and apply() are the two verbs, the rest is a plan's context, looked up when it first asks."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property

from ..codec import interface_xml, network_xml
from ..errors import BackendError
from ..model.interface import InterfaceState, bare
from . import iproute
from .waiting import until

#: seconds in which a guest is to let go of a NIC
LETTING_GO = 30
#: libvirt's words for states of guests, by VIR_DOMAIN_*
STATES = ("no state", "running", "idle", "paused", "in shutdown", "shut off", "crashed", "pmsuspended")
#: where libvirt learns guests' addresses, by VIR_DOMAIN_INTERFACE_ADDRESSES_SRC_*
TELLING = {"lease": 0, "agent": 1}
PREPOSITIONS = {"attach": "to", "update": "of", "detach": "from"}


class Interfaces:
    """The NICs of the guests of one Libvirt. ``host`` has the other backends."""

    def __init__(self, libvirt, host):
        self.libvirt, self._host = libvirt, host
        self._domains, self._networks, self._expected = {}, {}, {}

    def expect(self, domain):
        """Take a Domain for one that is there, as long as libvirt does not know it: it is about to be made."""
        self._expected[domain.name] = domain

    def observe(self, names):
        """{name: InterfaceState or None} of NICs that are named GUEST/MAC or GUEST/ALIAS."""
        self.libvirt.refresh()
        self._domains, self._networks = {}, {}
        return {name: self._state(*name.rpartition("/")[::2]) for name in names}

    def _state(self, name, word):
        domain = self.domain(name)
        found = domain.found(word) if domain is not None else ()
        return self.state(domain, found[0]) if found else None

    @staticmethod
    def state(domain, pair):
        """The InterfaceState of a pair of a Domain's NICs."""
        mark = next((each for each in domain.marks for nic in pair if nic and each.fits(nic)), None)
        return InterfaceState(domain.name, *pair, mark, domain.updates, domain.persistent, domain.boots)

    def domain(self, name):
        """The Domain of that name, or None; as of the last look. One that is expected counts."""
        if name not in self._domains:
            module = self.libvirt.module
            try:
                self._domains[name] = self._domain(self._look_up(name))
            except module.libvirtError as err:
                if err.get_error_code() != module.VIR_ERR_NO_DOMAIN:
                    raise BackendError(f"libvirt could not look up guest {name}: {err.get_error_message()}") from err
                self._domains[name] = None
        return self._domains[name] or self._expected.get(name)

    def _domain(self, handle):
        module = self.libvirt.module
        live = handle.XMLDesc(0) if handle.isActive() else None
        stored = handle.XMLDesc(module.VIR_DOMAIN_XML_INACTIVE) if handle.isPersistent() else None
        found = interface_xml.domain(live, stored)
        nics = tuple(bare(each, found.other(each, found.stored), self._network(each.network)) for each in found.live)
        return replace(found, live=nics, driver=self.driver, state=STATES[min(handle.state()[0], len(STATES) - 1)])

    def _network(self, name):
        """The Network of that name as it runs, or None."""
        if name is not None and name not in self._networks:
            module = self.libvirt.module
            try:
                self._networks[name] = network_xml.parse(self.libvirt.connection.networkLookupByName(name).XMLDesc(0))
            except module.libvirtError as err:
                if err.get_error_code() != module.VIR_ERR_NO_NETWORK:
                    raise BackendError(f"libvirt could not look up network {name}: {err.get_error_message()}") from err
                self._networks[name] = None
        return self._networks.get(name)

    def _look_up(self, name):
        return self.libvirt.connection.lookupByName(name)

    def rehearse(self, state, steps):
        """Write the documents that the steps need, to no end but errors."""
        for step in steps:
            if step.verb not in ("mark", "places", "remember", "forget"):
                interface_xml.build(step.value[0])

    def apply(self, work):
        """Take the steps of each (name, steps), one after the other, and yield its name. Raises BackendError at the first that fails."""
        for name, steps in work:
            domain = name.rpartition("/")[0]
            for step in steps:
                with self.libvirt.says(_said(step, domain)):
                    getattr(self, f"_{step.verb}")(domain, step.value)
            yield name

    def _mark(self, name, mark):
        """Write down whose a NIC is, or with no lab that it is nobody's; what is written of NICs that are not there any more goes."""
        handle = self._look_up(name)
        domain = self._domain(handle)
        nics = [each for pair in domain.nics for each in pair if each]
        kept = [each for each in domain.marks if any(map(each.fits, nics)) and not (each.mac == mark.mac or mark.alias and each.alias == mark.alias)]
        self._write(handle, domain, [*kept, mark] if mark.lab is not None else kept, () if domain.persistent else domain.stored)

    def _remember(self, name, nic):
        """Write down what is being plugged into a guest that is not stored."""
        handle = self._look_up(name)
        domain = self._domain(handle)
        self._write(handle, domain, domain.marks, [*(each for each in domain.stored if each.mac != nic.mac), nic])

    def _forget(self, name, nic):
        handle = self._look_up(name)
        domain = self._domain(handle)
        self._write(handle, domain, domain.marks, [each for each in domain.stored if each.mac != nic.mac])

    def _write(self, handle, domain, marks, plugging):
        module = self.libvirt.module
        document = interface_xml.metadata(marks, plugging)
        views = [*(["live"] if domain.running else []), *(["stored"] if domain.persistent else [])]
        if document is not None or domain.marks or not domain.persistent and domain.stored:
            handle.setMetadata(module.VIR_DOMAIN_METADATA_ELEMENT, document, interface_xml.PREFIX, interface_xml.NAMESPACE, self._flags(*views))

    def _replace(self, name, value):
        """Store one NIC in the place of another that libvirt would not find any more: the guest is stored anew as a whole."""
        wanted, held = value
        module, handle = self.libvirt.module, self._look_up(name)
        document = handle.XMLDesc(module.VIR_DOMAIN_XML_INACTIVE | module.VIR_DOMAIN_XML_SECURE)
        self.libvirt.connection.defineXML(interface_xml.replaced(document, held, wanted))

    def _places(self, name, mac):
        """Have a guest boot by places of single devices instead of kinds."""
        module, handle = self.libvirt.module, self._look_up(name)
        document = handle.XMLDesc(module.VIR_DOMAIN_XML_INACTIVE | module.VIR_DOMAIN_XML_SECURE)
        self.libvirt.connection.defineXML(interface_xml.placed(document, mac))

    def _flags(self, *views):
        module = self.libvirt.module
        return sum({"live": module.VIR_DOMAIN_AFFECT_LIVE, "stored": module.VIR_DOMAIN_AFFECT_CONFIG}[view] for view in views)

    def _attach(self, name, value):
        nic, views = value
        self._look_up(name).attachDeviceFlags(interface_xml.build(nic), self._flags(*views))

    def _update(self, name, value):
        nic, view = value
        self._look_up(name).updateDeviceFlags(interface_xml.build(nic), self._flags(view))

    def _detach(self, name, value):
        """Take a NIC out of a view. A running guest has to let go of it, which takes as long as it takes."""
        nic, view = value
        handle = self._look_up(name)
        handle.detachDeviceFlags(interface_xml.build(nic), self._flags(view))
        if view == "live":
            until(lambda: not self._there(handle, nic), LETTING_GO)
            if self._there(handle, nic):
                raise BackendError(f"guest {name} was asked to let go of NIC {nic.mac}, and has not in {LETTING_GO} s: it may not be up yet, or take no part "
                                   "in hot-plugging; it may also let go of it later. Shut it down first, or run this again")

    @staticmethod
    def _there(handle, nic):
        return any((each.mac, each.label) == (nic.mac, nic.label) for each in interface_xml.domain(handle.XMLDesc(0), None).live)

    # context

    @property
    def driver(self):
        """The driver that runs the guests, such as QEMU."""
        with self.libvirt.says("tell its driver"):
            return self.libvirt.connection.getType()

    @property
    def names(self):
        """Names of all guests."""
        with self.libvirt.says("list its guests"):
            return [handle.name() for handle in self.libvirt.connection.listAllDomains()]

    @property
    def domains(self):
        """Domains, all that there are; one that vanishes meanwhile is left out."""
        return [found for found in map(self.domain, self.names) if found is not None]

    @property
    def macs(self):
        """MAC addresses of all NICs of guests."""
        return {each.mac for domain in self.domains for pair in domain.nics for each in pair if each} | {each.mac for each in self.guests}

    @property
    def networks(self):
        """{name: NetworkState} of libvirt's networks."""
        return self._host.networks.networks

    @property
    def guests(self):
        """Every NIC of every running guest."""
        return self.libvirt.guests

    @property
    def version(self):
        """libvirt's version."""
        return self.libvirt.version

    @property
    def remote(self):
        """True where libvirt runs on another host than this code."""
        return self.libvirt.remote

    @property
    def links(self):
        """Names of the host's network devices."""
        return frozenset(() if self.remote else self._host.devices.seen)

    @property
    def bridges(self):
        """Names of those that are bridges."""
        return frozenset(() if self.remote else (name for name, each in self._host.devices.seen.items() if each.kind == "bridge"))

    @cached_property
    def filters(self):
        """Names of libvirt's filters of what guests send and receive."""
        with self.libvirt.says("list its filters"):
            return frozenset(each.name() for each in self.libvirt.connection.listAllNWFilters())

    def marked(self, lab):
        """{name: InterfaceState} of those that bear the mark of a lab."""
        found = {}
        for domain in self.domains:
            for pair in domain.nics:
                held = self.state(domain, pair)
                if held.lab == lab:
                    found[f"{domain.name}/{held.definition.alias or held.definition.mac}"] = held
        return found

    def addresses(self, domain):
        """[(MAC address, address, who told it, the guest's own name of the NIC or None)] of a running guest: leases, its agent, the host's neighbours."""
        module, handle, found = self.libvirt.module, self._look_up(domain.name), []
        for source, number in TELLING.items():
            try:
                told = handle.interfaceAddresses(number)
            except module.libvirtError:  # no agent, or none that answers; no leases of such a guest
                continue
            for device, entry in told.items():
                name = device if source == "agent" else None
                found += [(entry["hwaddr"], f"{each['addr']}/{each['prefix']}", source, name) for each in entry["addrs"] or ()]
        return found + [(mac, address, "arp", None) for mac, address in self._neighbours if mac in {each.mac for each in domain.live}]

    @cached_property
    def _neighbours(self):
        """[(MAC address, address)] that the host has learned, and that have answered."""
        if self.remote:
            return []
        return [(entry["lladdr"], entry["dst"]) for entry in iproute.read("ip", "neighbour", "show") if "lladdr" in entry and "FAILED" not in entry["state"]]


def _said(step, domain):
    """A step in words, as what libvirt could not do."""
    if step.verb == "mark":
        return f"write down whose NIC {step.value.mac} of guest {domain} is"
    if step.verb == "places":
        return f"store places in the boot order of guest {domain}"
    if step.verb in ("remember", "forget"):
        return f"write down what is plugged into guest {domain}"
    nic, views = step.value
    if step.verb == "replace":
        return f"store NIC {nic.mac} of guest {domain} in the place of {views.mac}"
    where = {"live": " as it runs", "stored": " as it is stored"}.get(views if isinstance(views, str) else views[0] if len(views) == 1 else "", "")
    return f"{step.verb} NIC {nic.mac} {PREPOSITIONS[step.verb]} guest {domain}{where}"
