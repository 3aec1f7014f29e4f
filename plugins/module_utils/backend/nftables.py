# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tables of nft(8) on a host: observe() and apply() are the two verbs, the rest is a plan's context."""

from __future__ import annotations

import json
import subprocess
from dataclasses import replace
from functools import cached_property
from pathlib import Path

from .. import deps
from ..codec import nft_firewall, nft_json, nft_nat, table_record
from ..errors import BackendError, DependencyError
from ..model.table import ALTERED, IN_PLACE, MISSING
from . import doors, files, iproute, neighbours, sockets, sysctl, table_boot

RECORDS = Path("/var/lib/virtlab.network/rules")
#: what nft(8) reads of each kind of resource
TEXTS = {"nat": nft_nat.text, "firewall": nft_firewall.text}


class Tables:
    """The tables of one kind of resource. ``host`` has the other backends."""

    def __init__(self, kind, host):
        self.kind, self._host = kind, host
        self._rehearsed = {}

    def observe(self, names):
        """{name: TableState or None} of the named resources."""
        for each in ("records", "_live"):
            self.__dict__.pop(each, None)
        return {name: self._state(name) for name in names}

    def _state(self, name):
        record = self.records.get(name)
        if record is None:
            return None
        state = record.state
        found = tuple((each, sysctl.read(each)) for each, unused in state.settings)
        boot = table_boot.holds(state, self._settings())
        return replace(state, live=self._judged(record), found=found, boot=boot, shut=doors.shut(state.doors))

    def _judged(self, record):
        """Whether the kernel has what was stored. nft(8) of another version may print the same in other words, and is asked what it makes of it."""
        version, live = self._live
        found = _of(record.state, live)
        if not found:
            return MISSING
        return IN_PLACE if found == (record.digests if version == record.version else self._rehearse(record.state)[1]) else ALTERED

    @cached_property
    def records(self):
        """{name: Record} of all resources of this kind."""
        found = (table_record.parse(files.text(path)) for path in sorted(RECORDS.glob(f"{self.kind}_*.json")))
        return {record.state.name: record for record in found}

    @cached_property
    def _live(self):
        """(nft's version, {(family, table): digest}) of what the kernel has."""
        tables = [each for record in self.records.values() for each in record.state.tables]
        words = ("list", "table", *tables[0]) if len(tables) == 1 else ("list", "ruleset")
        done = _nft("-j", *words)
        if done.returncode and "No such file" not in done.stderr:
            raise BackendError(f"nft {' '.join(words)} failed: {done.stderr.strip()}")
        return nft_json.digests(json.loads(done.stdout)) if done.returncode == 0 else ("", {})

    def _rehearse(self, state):
        """(nft's version, {family: digest}) of what nft(8) and the kernel make of tables, in a network namespace that is there for as long as that takes."""
        if state.text not in self._rehearsed:
            script = "nft -f - && exec nft -j list ruleset"
            done = subprocess.run(["unshare", "--net", "sh", "-c", script], input=state.text, capture_output=True, text=True, check=False, env=_environment())
            if done.returncode:
                raise BackendError(f"nft refuses the rules of {state.kind} {state.name}: {_first(done.stderr)}{_hint(done.stderr)}")
            version, tables = nft_json.digests(json.loads(done.stdout))
            self._rehearsed[state.text] = version, _of(state, tables)
        return self._rehearsed[state.text]

    def rehearse(self, state, steps):
        """Have nft(8) read what is to be loaded, where it does no harm, and look at doors of neighbours before they are opened. Raises BackendError."""
        for step in steps:
            if step.verb == "load":
                self._rehearse(step.value)
            elif step.verb == "open":
                doors.rehearse(step.value)

    def apply(self, work):
        """Take the steps of each (name, steps), one after the other, and yield its name. Raises BackendError at the first that fails."""
        for name, steps in work:
            for step in steps:
                getattr(self, f"_{step.verb}")(step.value)
            yield name

    def _store(self, state):
        files.write(_record(state), table_record.text(table_record.Record(state, *self._rehearse(state))))
        self.__dict__.pop("records", None)
        table_boot.keep(state, self._settings())

    def _forget(self, state):
        """Remove what is stored of a table; the record comes last, by which a run is known that was killed before."""
        path = _record(state)
        table_boot.drop(state, self._settings(but=path))
        files.remove(path)
        self.__dict__.pop("records", None)

    def _settings(self, but=None):
        """{name: value} of all that resources of any kind need of sysctl(8), ``but`` for what one of the records says."""
        found = {}
        for path in sorted(RECORDS.glob("*.json")):
            if path != but:
                found.update(table_record.settings(files.text(path)))
        return found

    def _load(self, state):
        done = _nft("-f", "-", text=state.text)
        if done.returncode:
            raise BackendError(f"nft could not load the rules of {state.kind} {state.name}: {_first(done.stderr)}")

    def _unload(self, state):
        done = _nft("-f", "-", text="".join(f"table {family} {name}\ndelete table {family} {name}\n" for family, name in state.tables))
        if done.returncode:
            raise BackendError(f"nft could not remove the rules of {state.kind} {state.name}: {_first(done.stderr)}")

    def _open(self, door):
        doors.turn(door, True)

    def _close(self, value):
        """Close a door of a resource, (its kind, its name, the Door, Doors that it keeps), but for rules that other doors need as well."""
        kind, name, door, staying = value
        others = [each for state in _states() if (state.kind, state.name) != (kind, name) for each in state.doors]
        doors.turn(door, False, {(each.program, rule) for each in (*staying, *others) for rule in each.rules})

    def _set(self, settings):
        for name, value in settings:
            sysctl.write(name, value)

    # context

    @property
    def networks(self):
        """{name: NetworkState} of libvirt's networks."""
        return self._host.networks.networks if not self._host.libvirt.remote else {}

    @property
    def bridges(self):
        """{name: addresses that somebody gave it} of the host's bridges."""
        return {name: each.addresses for name, each in self._host.devices.seen.items() if each.kind == "bridge"}

    @property
    def ports(self):
        """{name: the bridge, bond or team that it is a port of} of the host's devices."""
        seen = self._host.devices.seen
        return {name: each.master for name, each in seen.items() if each.master in seen and seen[each.master].kind in ("bridge", "bond", "team")}

    def rules(self, name, data, whom, lab):
        """What nft(8) is to read; ``whom`` are the subnets of a Nat, or the Members of a Firewall's zones."""
        return TEXTS[self.kind](name, data, whom, lab)

    def setting(self, name):
        """The value that a setting of sysctl(8) has now, or None where there is none."""
        return sysctl.read(name)

    @cached_property
    def advertised(self):
        """Names of devices by which the kernel itself has a route of a router's advertisement, which it takes no more once it forwards."""
        return sorted({entry["dev"] for entry in iproute.read("ip", "-6", "route", "show", "proto", "ra") if "dev" in entry})

    @cached_property
    def opened(self):
        """Doors of neighbours that are recorded for any resource."""
        return {door for state in _states() for door in state.doors}

    @cached_property
    def chains(self):
        """{(family, table): {name: Chain}} of all rules of this host."""
        return neighbours.tables()

    @cached_property
    def passing(self):
        """{name: value} of the settings of sysctl(8) that tell what passes the firewall."""
        return neighbours.settings(self.leading)

    @cached_property
    def leading(self):
        """Names of devices by which there are default routes."""
        return neighbours.nics()

    @cached_property
    def listening(self):
        """{(protocol, address, port)} that the host itself listens to."""
        return sockets.listening()

    @property
    def boots(self):
        """True where somebody loads what is stored at boot."""
        return table_boot.possible()

    def marked(self, lab):
        """{name: TableState} of those that bear the mark of a lab."""
        return {name: self._state(name) for name, record in self.records.items() if record.state.lab == lab}


def _states():
    """The TableStates of all records, of any kind."""
    return [table_record.parse(files.text(path)).state for path in sorted(RECORDS.glob("*.json"))]


def _of(state, tables):
    """{family: digest} of those of some tables, {(family, name): digest}, that are a TableState's."""
    return {family: tables[family, name] for family, name in state.tables if (family, name) in tables}


def _record(state):
    return RECORDS / f"{state.kind}_{state.name}.json"


def _environment():
    path = Path(_program()).parent
    return {"PATH": f"{path}:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8"}


def _program():
    found = deps.program("nft")
    if found is None:
        raise DependencyError("the managed host has no nft: install the package nftables")
    return found


def _nft(*words, text=None):
    return subprocess.run([_program(), *words], input=text, capture_output=True, text=True, check=False, env=_environment())


def _hint(said):
    """What to do where the kernel lacks something."""
    if "Could not process rule" not in said:
        return ""
    return "; what is missing may be a module of the kernel's, see modprobe(8): for frames that stay on their bridge nft_meta_bridge and nf_conntrack_bridge"


def _first(said):
    """The first of what nft(8) complains of, without what it points at."""
    return next((line.partition("Error: ")[2] for line in said.splitlines() if "Error: " in line), said.strip())
