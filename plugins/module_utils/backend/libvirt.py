# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt: the only place that calls it. Opened once a run; observe() and apply() are its two verbs, the rest is context."""

from __future__ import annotations

import contextlib
import errno
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Optional
from urllib.parse import urlsplit, urlunsplit

from .. import deps
from ..codec import domain_xml, network_xml
from ..errors import BackendError, ValidationError
from ..model.network import NetworkState
from ..model.option import leaves, plain, with_leaf
from . import links

#: libvirt's drivers that run guests on this host and may attach them to a network
DRIVERS = ("qemu", "lxc", "xen", "bhyve", "vz", "ch")
SPECIAL = set("'\"&<>")


@dataclass(frozen=True)
class Guest:
    """A running guest's NIC. ``network`` or ``bridge`` is what it is attached to, ``target`` the host's end of it."""

    domain: str
    driver: str
    target: Optional[str]
    mac: Optional[str]
    network: Optional[str]
    bridge: Optional[str]


class Libvirt:
    """One connection; a context manager that closes it."""

    def __init__(self, uri):
        self.uri = uri
        self.module = deps.libvirt()

    @contextlib.contextmanager
    def says(self, what):
        """Translate libvirt's errors; ``what`` words the call, as in "start network lab"."""
        try:
            yield
        except self.module.libvirtError as err:
            raise BackendError(f"libvirt could not {what}: {err.get_error_message() or err}") from err

    @cached_property
    def connection(self):
        """The open connection."""
        try:
            return self.module.open(self.uri)
        except self.module.libvirtError as err:
            raise BackendError(
                f"uri is {self.uri!r}: cannot connect to libvirt ({err.get_error_message()}); see that libvirtd or virtnetworkd runs on the managed "
                "host, and that the user may use it"
            ) from err

    @cached_property
    def version(self):
        """The daemon's version as a tuple, such as (9, 0, 0)."""
        with self.says("tell its version"):
            number = self.connection.getLibVersion()
        return number // 1000000, number // 1000 % 1000, number % 1000

    def __enter__(self):
        return self

    def __exit__(self, *unused):
        for name in ("connection", "_scratch"):
            if name in self.__dict__:
                self.__dict__.pop(name).close()

    @cached_property
    def _scratch(self):
        """libvirt's in-process test driver, emptied: it reads and writes definitions as the daemon does, and touches nothing."""
        with self.says("open its test driver"):
            connection = self.module.open("test:///default")
            for network in connection.listAllNetworks():
                network.destroy()
                network.undefine()
        return connection

    def settle(self, document):
        """The Network that libvirt would make of a document. Raises BackendError where libvirt refuses it, ValidationError where it would lose it."""
        with self.says("accept this definition"):
            stored = self._store(document.strip())
        try:
            definition = network_xml.parse(stored, "libvirt's own dump")
            self._store(stored)
        except (ValidationError, self.module.libvirtError) as err:
            path, value = self._culprit(network_xml.parse(document)) or ("xml", document)
            raise ValidationError(path, value, "libvirt would store this in a form that it cannot read back, and lose the network at its next start",
                                  "leave out ' \" & < >" if path != "xml" else str(err)) from err
        # dnsmasq's options are the network driver's own; the test driver passes them over
        return replace(definition, dnsmasq_options=network_xml.parse(document).dnsmasq_options)

    def _culprit(self, definition):
        """(path, value) of the text with which libvirt writes what it cannot read: the first without which it can. None where there is none."""
        for path, value in leaves(plain(definition)):
            if not SPECIAL & set(str(value)):
                continue
            try:
                self._store(self._store(network_xml.build(with_leaf(definition, path, "x"))))
            except (ValidationError, self.module.libvirtError):
                continue
            return path, value
        return None

    def _store(self, document):
        network = self._scratch.networkDefineXML(document)
        try:
            return network.XMLDesc(0)
        finally:
            network.undefine()

    def observe(self, names):
        """{name: NetworkState or None} of the named networks."""
        states = {}
        for name in names:
            try:
                states[name] = self._state(self.connection.networkLookupByName(name))
            except self.module.libvirtError as err:
                if err.get_error_code() != self.module.VIR_ERR_NO_NETWORK:
                    raise BackendError(f"libvirt could not look up network {name}: {err.get_error_message()}") from err
                states[name] = None
        return states

    def observe_all(self):
        """{name: NetworkState} of every network; one that vanishes meanwhile is left out."""
        with self.says("list its networks"):
            names = [network.name() for network in self.connection.listAllNetworks()]
        return {name: state for name, state in self.observe(names).items() if state is not None}

    def _state(self, network):
        stored = live = None
        persistent = network.isPersistent()
        if persistent:
            stored = network_xml.parse(network.XMLDesc(self.module.VIR_NETWORK_XML_INACTIVE), "libvirt's stored definition")
        if network.isActive():
            live = network_xml.parse(network.XMLDesc(0), "libvirt's live definition")
        return NetworkState(stored, live, bool(persistent and network.autostart()))

    def rehearse(self, state, steps):
        """Write the documents that the steps need, to no end but errors: ValidationError where one cannot be written.

        ``state`` is what the steps start from, or None: what is unknown in it must find its place again.
        """
        for step in steps:
            if step.verb in ("define", "create"):
                network_xml.check_places(state.definition if state else None, step.value)

    def apply(self, name, steps):
        """Take the steps of one network, one after the other. Raises BackendError at the first that fails."""
        for step in steps:
            with self.says(f"{step.value.command} {step.value.section} of network {name}" if step.verb == "update" else f"{step.verb} network {name}"):
                self._take(name, step)

    def _take(self, name, step):
        if step.verb == "define":
            self.connection.networkDefineXML(network_xml.build(step.value))
        elif step.verb == "create":
            self.connection.networkCreateXML(network_xml.build(step.value))
        else:
            network = self.connection.networkLookupByName(name)
            act = {"start": network.create, "stop": network.destroy, "undefine": network.undefine,
                   "autostart": lambda: network.setAutostart(bool(step.value)), "update": lambda: self._update(network, step.value)}
            act[step.verb]()

    def _update(self, network, update):
        """Change the live definition alone: the stored one is defined as a whole, which libvirt checks."""
        command, section = (getattr(self.module, f"VIR_NETWORK_{kind}_{word.upper().replace('-', '_')}")
                            for kind, word in (("UPDATE_COMMAND", update.command), ("SECTION", update.section)))
        network.update(command, section, update.parent, network_xml.part(update.element), self.module.VIR_NETWORK_UPDATE_AFFECT_LIVE)

    # context: what else there is on the host, looked up when a plan first asks

    @cached_property
    def networks(self):
        """{name: NetworkState} of all networks."""
        return self.observe_all()

    @property
    def remote(self):
        """True where libvirt runs on another host than this code, which therefore cannot look at that host's devices and routes."""
        return bool(self._address.netloc)

    @cached_property
    def _address(self):
        """The connection's URI as libvirt itself has it, whatever way it was written; split."""
        with self.says("tell its URI"):
            return urlsplit(self.connection.getURI())

    @cached_property
    def routes(self):
        """The host's routes."""
        return links.routes()

    @cached_property
    def links(self):
        """Names of the host's network devices."""
        return links.names()

    def ports(self, bridge):
        """Names of a bridge's ports, whoever put them there; () on another host."""
        return () if self.remote else links.ports(bridge)

    @cached_property
    def guests(self):
        """Every NIC of every running guest of every driver on this host, as Guests."""
        own, plus, transport = self._address.scheme.partition("+")
        found = self._guests_of(self.connection) if own in DRIVERS else []
        for driver in DRIVERS if self._address.path != "/session" else ():
            if driver != own:
                found += self._guests_of_driver(urlunsplit(self._address._replace(scheme=f"{driver}{plus}{transport}", path="/system")))
        return tuple(found)

    def _guests_of_driver(self, uri):
        try:
            connection = self.module.open(uri)
        except self.module.libvirtError as err:
            # no such driver, or in the modular layout no such daemon
            if err.get_error_code() == self.module.VIR_ERR_NO_CONNECT or err.get_int1() == errno.ENOENT:
                return []
            raise BackendError(f"cannot see whether guests of {uri} are on the network: {err.get_error_message()}") from err
        try:
            return self._guests_of(connection)
        finally:
            connection.close()

    def _guests_of(self, connection):
        with self.says("list its guests"):
            driver = connection.getType()
            domains = connection.listAllDomains(self.module.VIR_CONNECT_LIST_DOMAINS_ACTIVE)
        documents = filter(None, map(self._document_of, domains))
        return [Guest(driver=driver, **nic) for document in documents for nic in domain_xml.interfaces(document)]

    def _document_of(self, domain):
        """A guest's XML; None where it has stopped meanwhile."""
        try:
            return domain.XMLDesc(0)
        except self.module.libvirtError as err:
            if err.get_error_code() == self.module.VIR_ERR_NO_DOMAIN:
                return None
            raise BackendError(f"libvirt could not dump guest {domain.name()}: {err.get_error_message()}") from err

    def leases(self, name):
        """The network's DHCP leases as libvirt reports them; [] of an inactive network."""
        with self.says(f"read the leases of network {name}"):
            network = self.connection.networkLookupByName(name)
            return network.DHCPLeases() if network.isActive() else []

    def document(self, name, stored):
        """The network's XML, stored or live, in libvirt's own words."""
        with self.says(f"dump network {name}"):
            return self.connection.networkLookupByName(name).XMLDesc(self.module.VIR_NETWORK_XML_INACTIVE if stored else 0)
