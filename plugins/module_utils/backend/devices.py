# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Devices on a host: observe() and apply() are the two verbs, the rest is a plan's context."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

from .. import deps
from ..codec import link_json, link_words, teamd
from ..errors import VirtNetError
from ..model.link import PROTOCOL
from ..model.option import Bag
from . import by_hand, iproute, journal, keepers, path_mtu, uplinks, wire

SYSFS = Path("/sys/class/net")


class Devices:
    """The devices of the host that this code runs on. ``networks`` is the backend of libvirt's networks, which is asked where guests matter."""

    def __init__(self, libvirt, networks):
        self.libvirt, self._networks = libvirt, networks

    @cached_property
    def entries(self):
        """{name: what ip(8) says of it} of every device, as of the last look."""
        return {entry["ifname"]: entry for entry in self._look[0] if "ifname" in entry}

    @cached_property
    def _look(self):
        return iproute.read_all(("ip", "-d", "address", "show"), ("bridge", "-compressvlans", "vlan", "show"), *(
            ("ip", "-N", family, "route", "show", "table", "all", "proto", str(PROTOCOL)) for family in ("-4", "-6")))

    def observe(self, names):
        """{name: LinkState or None} of the named devices."""
        for name in ("_look", "entries", "_ports", "_vlans", "_routes", "_begun", "recorded", "_kept", "_static", "_uplinks", "seen"):
            self.__dict__.pop(name, None)
        return {name: self.state(name) for name in names}

    def state(self, name):
        """The LinkState of a device as of the last look, or None."""
        entry = self.entries.get(name)
        if entry is None:
            return None
        kind = link_json.kind_of(entry)
        found = link_json.state(
            entry, self._ports.get(name, ()), self._vlans if kind == "bridge" or entry.get("linkinfo", {}).get("info_slave_kind") == "bridge" else None,
            self._routes.get(name, []), MORE[kind](name) if kind in MORE else None,
        )
        found.facts["active"] = link_json.active(entry, self.entries.get(entry.get("master"), {}))
        if name in self._uplinks:
            found = replace(found, uplink=self.uplink(name))
        if name not in self._begun and name not in self.recorded:
            return found
        kept = self.kept(name)
        if kept is not None and kept.record.kind != kind:  # somebody made another in its place
            kept = None
        if kept is not None and getattr(found.data, "veiled", None):  # what is not to be seen now is taken to be as it was asked
            found = replace(found, data=replace(found.data, **{each: getattr(kept.record.data, each) for each in found.data.veiled}))
        if kept is not None and kept.by == "networkmanager" and kept.record.link.routes:
            routes = [route for route in self._static.get(name, ()) if route in kept.record.link.routes]
            found = replace(found, link=replace(found.link, routes=Bag([*found.link.routes, *routes])))
        return replace(found, interrupted=self.unfinished(name) is not None, kept=kept)

    @cached_property
    def _static(self):
        """{name: LinkRoutes} of the protocol static, which NetworkManager gives to those that it makes."""
        found = _by_device(*(iproute.read("ip", "-N", family, "route", "show", "table", "all", "proto", "static") for family in ("-4", "-6")))
        return {name: [link_json.route(entry) for entry in entries] for name, entries in found.items()}

    @cached_property
    def _ports(self):
        found = {}
        for entry in self.entries.values():
            if "master" in entry:
                found.setdefault(entry["master"], []).append(entry)
        return found

    @cached_property
    def _vlans(self):
        return {entry["ifname"]: entry["vlans"] for entry in self._look[1]}

    @cached_property
    def _routes(self):
        return _by_device(*self._look[2:])

    def others(self, name):
        """Routes by a device that neither we nor the kernel made, as OthersRoutes."""
        shown = ((version, iproute.read("ip", "-N", "-d", f"-{version}", "route", "show", "table", "all", "dev", name)) for version in (4, 6))
        return tuple(filter(None, (link_json.others_route(entry, version) for version, entries in shown for entry in entries)))

    def prefixes(self, name):
        """Routes to a device's subnets of IPv4's that somebody else made, as if they were the kernel's, as OthersRoutes."""
        entries = iproute.read("ip", "-N", "-d", "-4", "route", "show", "table", "all", "dev", name)
        return tuple(filter(None, map(link_json.prefix_route, entries)))

    def rehearse(self, state, steps):
        """Word the steps, to no end but errors."""
        iproute.check(command for command in _commands(steps) if not callable(command[0]))

    def apply(self, work):
        """Take the steps of each (name, steps) and yield its name. As many commands as can be are told at once. Raises BackendError at the first that fails.

        Devices that come back at boot are made by whoever brings them back, before all else; what they are told of others comes last, and that a device does
        not come back any more first.
        """
        made = [step.value[1] for unused, steps in work for step in steps if step.verb == "create"]
        for state in made:
            journal.remember_link(state)
        failed = None
        try:
            self._take(work)
        except VirtNetError as err:  # many are told at once: what was done of which is for a look to say
            failed = err
            failed.touched = [name for name, steps in work if steps]
        for state in made:
            journal.forget_link(state.name)
        if failed:
            raise failed
        yield from (name for name, unused in work)

    def _take(self, work):
        moving = dict(step.value for unused, steps in work for step in steps if step.verb == "uplink")
        for name, uplink in moving.items():  # from now on it can be given back
            if uplink is not None:
                uplinks.remember(name, replace(uplink, done=False))
        keeping = [step.value for unused, steps in work for step in steps if step.verb == "keep"]
        wanted = [each for each in keeping if each[1] is not None]
        released = self._keep([each for each in keeping if each[1] is None])
        self._run(command for unused, steps in work if _removes(steps) for command in _commands(steps))
        made = [each for each in wanted if each[0] not in self.entries and each[1].made]
        released += self._keep(made)
        self._run(command for unused, steps in work if not _removes(steps) for command in _commands(steps))
        released += self._keep([each for each in wanted if each not in made])
        keepers.give_back(released)
        for words in (words for uplink in moving.values() if uplink is not None for words in link_words.unlearn(uplink.nic)):
            iproute.run(*words)  # a batch has no -6, and a flush none of IPv6 without
        for name, uplink in moving.items():
            uplinks.remember(name, uplink)

    def _keep(self, devices):
        """Have devices come back at boot, or not any more. Returns the names of those that are to be given back once they are nobody's port any more."""
        if not devices:
            return []
        released = keepers.keep(devices)
        keepers.reload([name for name, wanted in devices if wanted is not None or name in self.entries])
        return released

    @staticmethod
    def _run(commands):
        """Carry commands out in their order, as many of one program as follow each other at once. Raises BackendError at the first that fails."""
        for program, group in groupby(link_words.joined(commands), key=lambda command: command[0]):
            if callable(program):
                for act, *arguments in group:
                    act(*arguments)
            elif program in iproute.BATCHED:
                iproute.batch(program, [words for unused, *words in group])
            else:
                for command in group:
                    iproute.run(*command)

    # context

    @cached_property
    def seen(self):
        """{name: Seen} of every device."""
        return {name: link_json.seen(entry) for name, entry in self.entries.items()}

    @cached_property
    def keepers(self):
        """Who brings devices back at boot: of networkmanager and networkd those that run."""
        return keepers.running()

    def rival(self, name):
        """The Rival that configures a device at boot, or None."""
        return keepers.rival(name)

    def gaps(self, kept):
        """Names of options that do not come back at boot."""
        return keepers.gaps(kept)

    def makes(self, by, record):
        """True where one who brings devices back can make the device of a LinkState."""
        return keepers.makes(by, record)

    def kept(self, name):
        """How a device comes back at boot, whether it is there or not: a Kept, or None."""
        if name in self.recorded and name not in self._kept:
            self._kept[name] = keepers.kept(name)
        return self._kept.get(name)

    def uplink(self, name):
        """The Uplink of a bridge, or None."""
        return uplinks.recall(name) if name in self._uplinks else None

    @cached_property
    def _uplinks(self):
        return uplinks.recorded()

    def inherited(self, name, by):
        """What others' files say of a device, for one who brings devices back: (lines that go to a bridge whose uplink it is, lines that stay with it).

        None where that one cannot say them.
        """
        return keepers.inherited(name, by)

    def kept_above(self, name):
        """Names of those that come back at boot on top of a device."""
        return sorted(each for each in self.recorded if self.kept(each).record.link.link == name)

    def guests_own(self, name):
        """True for a device that libvirt makes with a guest."""
        return name.startswith("vnet") or any(guest.target == name for guest in self.guests)

    def unfinished(self, name):
        """The LinkState that a device was to have whose making was interrupted, or None."""
        return journal.recall_link(name) if name in self._begun else None

    @cached_property
    def _begun(self):
        return journal.begun()

    @cached_property
    def recorded(self):
        """Names of the devices that come back at boot."""
        return keepers.recorded()

    @cached_property
    def _kept(self):
        """Those that were looked up since the last look."""
        return {}

    def guarded(self, name):
        """True for a device that is a guest's, or may be: TAPs, macvtaps, and what libvirt names for guests."""
        kind = link_json.kind_of(self.entries[name]) if name in self.entries else ""
        return kind in ("tun", "macvtap", "ipvtap") or self.guests_own(name)

    def busy(self, name):
        """True for a TAP that some program has open, which its carrier tells while it is up."""
        entry = self.entries.get(name, {})
        return link_json.kind_of(entry) == "tun" and "LOWER_UP" in entry["flags"]

    def wireless(self, name):
        """True for Wi-Fi devices."""
        return (SYSFS / name / "phy80211").exists() or (SYSFS / name / "wireless").exists()

    @cached_property
    def guests(self):
        """Every NIC of every running guest; none where there is no libvirt to ask."""
        return self.libvirt.guests if self._has_libvirt else ()

    @cached_property
    def networks(self):
        """{bridge: name} of libvirt's networks that make theirs themselves, running or not."""
        if not self._has_libvirt:
            return {}
        found = {}
        for name, state in self._networks().networks.items():
            found.update({each.bridge_name: name for each in (state.stored, state.live) if each and each.owns_bridge})
        return found

    @cached_property
    def serving(self):
        """{bridge: (network, families of DHCP)} of libvirt's networks that run and make theirs themselves."""
        live = {name: state.live for name, state in self._networks().networks.items() if state.live} if self._has_libvirt else {}
        return {each.bridge_name: (name, each.dhcp_families) for name, each in live.items() if each.owns_bridge}

    @cached_property
    def ways_out(self):
        """{device: names of libvirt's networks} of those that let their guests out by one device alone."""
        found = {}
        for name, state in self._networks().networks.items() if self._has_libvirt else ():
            network = state.live or state.stored
            if network.owns_bridge and network.forward is not None and network.forward.dev:
                found.setdefault(network.forward.dev, []).append(name)
        return found

    def loses(self, name, mtu):
        """The router by a device that answers no packets of that size, though it answers others; None else. May take seconds."""
        return path_mtu.loses(name, mtu)

    def offers(self, ports):
        """{name: Heard} for {name: families}: who gives addresses where devices lead to. Takes seconds."""
        return wire.ask(ports)

    @cached_property
    def _has_libvirt(self):
        """False where libvirt is not installed or does not run: it has no guests then. Another host's has none here."""
        try:
            return not self.libvirt.remote
        except VirtNetError:
            return False

    def counters(self):
        """{name: {direction: {counter: number}}} of every device, as ``ip -s link`` has them."""
        return {entry["ifname"]: entry.get("stats64", {}) for entry in iproute.read("ip", "-s", "link", "show") if "ifname" in entry}

    def macs(self, bridge):
        """{port: entries of the bridge's table}: ``mac``, ``vlan`` (None without), ``state`` (permanent, static or learned), ``used`` seconds ago."""
        found = {}
        for entry in iproute.read("bridge", "-statistics", "fdb", "show", "br", bridge):
            if "self" not in entry["flags"]:
                used = entry.get("used")
                found.setdefault(entry["ifname"], []).append(
                    {"mac": entry["mac"], "vlan": entry.get("vlan"), "state": entry.get("state") or "learned", "used": used}
                )
        return found

    def port_state(self, name):
        """A bridge port's state in STP's words, such as forwarding."""
        return self.entries[name]["linkinfo"]["info_slave_data"]["state"]

    def marked(self, lab):
        """{name: LinkState} of devices that bear the mark of a lab, and of those that are not there now, and would be after a boot."""
        records = {name: self.kept(name).record for name in self.recorded - self.entries.keys()}
        gone = {name: record for name, record in records.items() if record.lab == lab}
        return {**gone, **{name: self.state(name) for name, entry in self.entries.items() if entry.get("ifalias") == f"{link_json.MARK}{lab}"}}


def _by_device(four, six):
    """{device: entries} of both families' routes, IPv6's default one by another name than IPv4's."""
    found = {}
    for entry in (*four, *({**entry, "dst": "::/0"} if entry["dst"] == "default" else entry for entry in six)):
        if "dev" in entry:
            found.setdefault(entry["dev"], []).append(entry)
    return found


def _runner(name):
    """The runner of a team, None where no teamd looks after it."""
    program = deps.program("teamdctl")
    done = subprocess.run([program, name, "config", "dump", "actual"], capture_output=True, text=True, check=False) if program else None
    return teamd.runner(done.stdout) if done is not None and done.returncode == 0 else None


#: what ip(8) does not tell of devices of some kinds
MORE = {"nic": by_hand.virtual_functions, "team": _runner}


def _commands(steps):
    """The commands of steps, but for what is kept: tuples of a program's name, or of a function, and its arguments."""
    for step in steps:
        if step.verb in OWN:
            yield (OWN[step.verb], *step.value)
        elif step.verb not in ("keep", "uplink"):
            yield from getattr(link_words, step.verb)(*step.value)


def _removes(steps):
    """True where the steps remove a device for good."""
    verbs = {step.verb for step in steps}
    return "delete" in verbs and "create" not in verbs


#: steps that iproute2 has no command for
OWN = {"own": by_hand.own, "virtual_functions": by_hand.set_virtual_functions, "unprimary": by_hand.unprimary, "activate": by_hand.activate,
       "forget": journal.forget_link}
