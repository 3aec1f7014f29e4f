# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks on a host: observe() and apply() are the two verbs, the rest is a plan's context, looked up when it first asks."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cached_property

from ..codec import network_xml
from ..errors import BackendError
from ..model.kernel import IN_PLACE, Kernel, Port
from ..model.network_state import NetworkState
from . import daemon, hook, journal, links, proxied, wire
from .firewall import Firewall
from .waiting import until

#: until the daemon has put back what it puts back, and until it has then started what has autostart
SECONDS, STARTING = 15, 5


class Networks:
    """The networks of one Libvirt."""

    def __init__(self, libvirt):
        self.libvirt = libvirt
        self._kernel = None

    def observe(self, names):
        """{name: NetworkState or None} of the named networks."""
        self.libvirt.refresh()
        self._kernel = _Kernel() if self.local else None
        return {name: self._state(name, self._kernel) for name in names}

    def observe_all(self):
        """{name: NetworkState} of every network; one that vanishes meanwhile is left out."""
        with self.libvirt.says("list its networks"):
            names = [network.name() for network in self.libvirt.connection.listAllNetworks()]
        return {name: state for name, state in self.observe(names).items() if state is not None}

    def _state(self, name, kernel):
        module = self.libvirt.module
        stored = live = None
        try:
            network = self.libvirt.connection.networkLookupByName(name)
            persistent = network.isPersistent()
            if persistent:
                stored = network_xml.parse(network.XMLDesc(module.VIR_NETWORK_XML_INACTIVE), "libvirt's stored definition")
            if network.isActive():
                live = network_xml.parse(network.XMLDesc(0), "libvirt's live definition")
            autostart = bool(persistent and network.autostart())
        except module.libvirtError as err:
            if err.get_error_code() == module.VIR_ERR_NO_NETWORK:
                return None
            raise BackendError(f"libvirt could not look up network {name}: {err.get_error_message()}") from err
        if stored is None and live is None:  # a transient one that has stopped meanwhile
            return None
        if kernel is None:
            return NetworkState(stored, live, autostart)
        view = kernel.view(live) if live and live.owns_bridge else None
        state = NetworkState(stored, live, autostart, view, journal.recall((stored or live).uuid))
        named = any(each and each.proxied and each.owns_bridge for each in (stored, live))
        proxies = proxied.held(state.definition, live, kernel.proxies) if named else frozenset()
        return replace(state, hook=hook.installed() if self.root and state.hooked else None, proxied=proxies)

    def rehearse(self, state, steps):
        """Write the documents that the steps need, to no end but errors: ValidationError where one cannot be written.

        ``state`` is what the steps start from, or None: what is unknown in it must find its place again.
        """
        for step in steps:
            if step.verb in ("define", "create"):
                network_xml.check_places(state.definition if state else None, step.value)

    def apply(self, work):
        """Take the steps of each (name, steps), one after the other, and yield its name. Raises BackendError at the first that fails."""
        for name, steps in work:
            for step in steps:
                with self.libvirt.says(f"{_said(step)} network {name}"):
                    self._take(name, step)
            yield name

    def _take(self, name, step):
        connection, value = self.libvirt.connection, step.value
        acts = {
            "define": lambda: connection.networkDefineXML(network_xml.build(value)),
            "create": lambda: connection.networkCreateXML(network_xml.build(value)),
            "start": lambda: self._look_up(name).create(),
            "stop": lambda: self._look_up(name).destroy(),
            "undefine": lambda: self._look_up(name).undefine(),
            "autostart": lambda: self._look_up(name).setAutostart(bool(value)),
            "update": lambda: self._update(name, value),
            "remember": lambda: journal.remember(*value),
            "forget": lambda: journal.forget(value),
            "install_hook": self._install_hook,
            "release_hook": lambda: self._release_hook(name),
            "attach": lambda: links.attach(value[0] or self._look_up(name).bridgeName(), value[1]),
            "detach": lambda: links.detach(value),
            "proxy": lambda: proxied.make(value, self._look_up(name).bridgeName()),
            "unproxy": lambda: proxied.remove(value, None if value.kind == "proxy" else self._look_up(name).bridgeName()),
            "up": lambda: links.set_up(value),
            "address": lambda: links.add_address(*value),
            "reload_daemon": lambda: self._stir(daemon.reload, lambda: self._whole(name)),
            "restart_daemon": lambda: self._stir(self._restart_daemon, lambda: self._whole(name)),
        }
        acts[step.verb]()

    def _look_up(self, name):
        return self.libvirt.connection.networkLookupByName(name)

    def _update(self, name, update):
        """Change the live definition alone: the stored one is defined as a whole, which libvirt checks."""
        module = self.libvirt.module
        command, section = (getattr(module, f"VIR_NETWORK_{kind}_{word.upper().replace('-', '_')}")
                            for kind, word in (("UPDATE_COMMAND", update.command), ("SECTION", update.section)))
        self._look_up(name).update(command, section, update.parent, network_xml.part(update.element), module.VIR_NETWORK_UPDATE_AFFECT_LIVE)

    def _install_hook(self):
        """libvirt looks for hooks when it starts, and when it is made to reload; of which nobody sees the end, and it reads definitions meanwhile."""
        if not hook.installed():
            hook.install()
            self._stir(self._restart_daemon, lambda: True)

    def _release_hook(self, name):
        """Remove the hook where no network but ``name`` needs it."""
        if not any(state.hooked for network, state in self.observe_all().items() if network != name):
            hook.remove()

    def _stir(self, act, settled):
        """Have the daemon do something, and wait until that has come to what it is to. Networks with autostart that somebody had stopped are stopped again:
        a reload starts them.
        """
        stopped = [network for network, state in self.observe_all().items() if state.autostart and not state.live]
        act()
        until(settled, SECONDS)
        if act == daemon.reload:  # what cannot be started is waited for in vain
            until(lambda: all(state is None or state.live for state in self.observe(stopped).values()), STARTING)
        for network, state in self.observe(stopped).items():
            if state and state.live:
                self._look_up(network).destroy()

    def _whole(self, name):
        kernel = self.observe([name])[name].kernel
        return kernel is None or kernel.firewall == IN_PLACE and kernel.dnsmasq

    def _restart_daemon(self):
        """The connection ends with the daemon; the next call makes another."""
        self.libvirt.close()
        daemon.restart()

    # context

    @property
    def uri(self):
        """The connection's URI as it was given."""
        return self.libvirt.uri

    @property
    def remote(self):
        """True where libvirt runs on another host than this code."""
        return self.libvirt.remote

    @property
    def local(self):
        """True where this host's kernel is the one whose bridges libvirt's are."""
        return self.libvirt.privileged and not self.libvirt.remote

    @property
    def root(self):
        """True where this code may put ports on bridges."""
        return os.geteuid() == 0

    @property
    def guests(self):
        """Every NIC of every running guest."""
        return self.libvirt.guests

    @cached_property
    def networks(self):
        """{name: NetworkState} of all networks."""
        return self.observe_all()

    @cached_property
    def routes(self):
        """The host's routes."""
        return links.routes()

    @cached_property
    def hops(self):
        """((address of a router, device that it is reached by), ...) of the host's routes."""
        return links.hops()

    @cached_property
    def devices(self):
        """{name: Link} of the host's network devices; none are known on another host."""
        return self._kernel.devices if self._kernel else {}

    @cached_property
    def links(self):
        """Names of the host's network devices when the plan was made."""
        return self.names()

    def names(self):
        """Names of the host's network devices now; none are known on another host."""
        return frozenset() if self.remote else links.names()

    def offers(self, ports):
        """{name: Heard} for {name: families}: who gives addresses where devices lead to. Takes seconds."""
        return wire.ask(ports)

    def loose(self, network):
        """Ports that belong on a network (a Network) and are on no bridge: guests' NICs, which outlive the bridge that they were on."""
        homeless = self._kernel.homeless if self._kernel else ()
        if not homeless:
            return ()
        return tuple(
            _guests_port(guest, network) for guest in self.guests
            if guest.target in homeless and (guest.network == network.name or network.bridge_name and guest.bridge == network.bridge_name)
        )


def _guests_port(guest, network):
    """The Port that libvirt makes of a guest's NIC on its own bridge."""
    settings = (("isolated", True),) if guest.isolated else ()
    if network.bridge and network.bridge.mac_table_manager == "libvirt":
        return Port(guest.target, settings=(*settings, ("learning", False), ("flood", False)), macs=((guest.mac, ""),))
    return Port(guest.target, settings=settings)


class _Kernel:
    """The kernel at one moment, read once for all networks."""

    @cached_property
    def hops(self):
        """((address of a router, device that it is reached by), ...) of the host's routes."""
        return links.hops()

    @cached_property
    def devices(self):
        """{name: Link}."""
        return links.dump()

    @cached_property
    def homeless(self):
        """Names of devices that are on no bridge, and may be guests' NICs: these have no addresses but what the kernel gives each device."""
        return frozenset(link.name for link in self.devices.values() if link.master is None and link.kind in ("tun", "veth") and not link.given)

    @cached_property
    def firewall(self):
        """The rules."""
        return Firewall()

    @cached_property
    def proxies(self):
        """Routes and proxies that are ours."""
        return proxied.dump()

    def view(self, live):
        bridge = self.devices.get(live.bridge_name)
        if bridge is None:
            return Kernel("missing")
        addresses = frozenset(bridge.given) | bridge.addresses & set(map(str, live.interfaces))
        return Kernel(
            "up" if bridge.up else "down", addresses, links.ports(live.bridge_name, self.devices), self.firewall.of(live),
            daemon.dnsmasq_runs(live.name) or not live.runs_dnsmasq,
        )


def _said(step):
    """A step in words, before the name of its network."""
    if step.verb == "update":
        return f"{step.value.command} {step.value.section} of"
    if step.verb in ("proxy", "unproxy"):
        return f"{'set up' if step.verb == 'proxy' else 'take away'} {step.value} of"
    if step.verb in ("attach", "detach"):
        return f"put {step.value[1].name} on the bridge of" if step.verb == "attach" else f"take {step.value} off the bridge of"
    return step.verb.replace("_", " the ") + (" for" if "_" in step.verb else "")
