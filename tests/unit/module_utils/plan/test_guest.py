# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of guests: made with their NICs, changed, started and removed, what is told and refused, and every place where a run can be killed."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from types import SimpleNamespace

import pytest
from ansible_collections.virtlab.network.plugins.module_utils import argument_spec
from ansible_collections.virtlab.network.plugins.module_utils.desired.tasks import wanted_of
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.guest import BORN, Disk, Guest, GuestState, Image, report
from ansible_collections.virtlab.network.plugins.module_utils.plan import families
from ansible_collections.virtlab.network.plugins.module_utils.plan.guest_steps import changes_between, steps_between

from tests.unit.module_utils.plan import nics
from tests.unit.module_utils.plan.nics import ONE, THREE, TWO, UUID

IMAGES = "/var/lib/libvirt/images"
DISK = f"{IMAGES}/vm.qcow2"
SEED = f"{IMAGES}/vm-seed.iso"


class Host(nics.Host):
    """A host whose guests are GuestStates beside the Domains of their NICs."""

    def __init__(self, *states, domains=(), files=(), driver="QEMU"):
        super().__init__(domains=domains)
        self.states, self.files, self.driver = {each.name: each for each in states}, set(files), driver
        self.disks = {disk.path: state.name for state in states if state.definition for disk in state.definition.disks or ()}

    @property
    def guests(self):
        """NICs that run, and the context of options, which is that of plans."""
        return _Guests(super().guests, self)

    def expect(self, domain):
        """A guest that is about to be made."""
        self.domains = (*self.domains, domain)

    def look(self, name):
        """What is there of a guest."""
        return self.states.get(name)

    def uuid(self, name):
        """The UUID for a new one."""
        return UUID

    def there(self, path):
        """True where there is a file."""
        return path in self.files

    def folder(self, path):
        """True where there is a folder."""
        return path in (IMAGES, "/srv")

    def image(self, path):
        """What an image is."""
        return Image("qcow2", 8 * 2**20)


class _Guests(tuple):
    """NICs that run, and what else there is to know."""

    def __new__(cls, found, host):
        """A tuple of the NICs."""
        made = super().__new__(cls, (SimpleNamespace(driver="QEMU", **vars(each)) for each in found))
        made.host = host
        return made

    def __getattr__(self, name):
        return getattr(self.host, name)


def options(**given):
    """Options of virt_guest as AnsibleModule gives them."""
    spec = argument_spec.guest()["options"]
    found = {**{name: entry.get("default") for name, entry in spec.items()}, "name": "vm", **given}
    bare = {name: entry.get("default") for name, entry in spec["interfaces"]["options"].items()}
    return {**found, "interfaces": [{**bare, **each} for each in found["interfaces"] or ()]}


def plan_of(host, *tasks):
    """The plan for some tasks (options each)."""
    wanted = [each for task in tasks for each in wanted_of("guest", options(**task), "default", host)]
    observed = {(each.family, each.name): host.states.get(each.name) if each.family == "guest" else nics.state_of(host, each) for each in wanted}
    return families.make_plan(wanted, observed, host)


def plan(host, **task):
    """The item of the one guest of a plan."""
    return next(item for item in plan_of(host, task).items if item.family == "guest")


def guest(definition=None, **facts):
    """A guest that is ours, with a disk."""
    made = definition or Guest(memory=128, vcpus=1, os="linux2022", disks=(Disk(DISK, size="1G", format="qcow2", bus="virtio", device="disk"),))
    facts = {"uuid": UUID, "lab": "default", "files": (DISK,), "document": "<domain/>", **facts}
    return GuestState("vm", made, **facts)


def verbs(item):
    """The steps of an item, by their verbs."""
    return [step.verb for step in item.steps]


def test_a_guest_is_made_with_its_nics():
    """In one item: what its NICs come to is looked at as for any NIC, and they are there before it starts."""
    host = Host(files=["/srv/image"])
    whole = plan_of(host, {"memory": 512, "disks": [{"image": "/srv/image"}, {"size": "2G", "format": "raw"}], "cloud_init": {"user_data": "#!"},
                           "interfaces": [{"mac": ONE, "network": "a"}, {"network": "b"}, {"alias": "ua-x", "bridge": "br0"}]})
    item, = whole.items
    assert verbs(item) == ["note", "disk", "disk", "seed", "define", "autostart", "start", "forget"]
    assert item.target.files == (DISK, f"{IMAGES}/vm-2.img", SEED) and item.steps[0].value == ("default", item.target.files)
    assert [each.target.stored.mac for each in item.within][0] == ONE and len(item.within) == 3 and all(each.target.live for each in item.within)
    assert [each["network" if "network" in each else "bridge"] for each in item.after["interfaces"]] == ["a", "b", "br0"]
    assert item.has.uses == {("network", "a"), ("network", "b"), "br0"}
    assert item.after["cloud_init"]["user_data"].startswith("sha256:") and "#!" not in str(item.after)
    assert [(change.field, change.before, change.after) for change in item.changes] == [("state", "absent", "running")]
    again = plan_of(Host(), {"memory": 512, "interfaces": [{"network": "b"}, {"network": "b"}]}).items[0]
    other = plan_of(Host(), {"memory": 512, "interfaces": [{"network": "b"}, {"network": "b"}]}).items[0]
    macs = [each.target.stored.mac for each in again.within]
    assert macs == [each.target.stored.mac for each in other.within] and len(set(macs)) == 2


@pytest.mark.parametrize(("words", "task"), [
    ("no such network", {"interfaces": [{"network": "none"}]}),
    ("no such portgroup", {"interfaces": [{"network": "a", "portgroup": "none"}]}),
    ("in the same task", {"interfaces": [{"network": "a", "mac": ONE}, {"network": "a", "alias": "ua-x", "mac": ONE}]}),
    ("is a disk of guest other", {"disks": [{"path": "/srv/theirs", "format": "raw"}]}),
    ("there is such a file already", {"disks": [{"path": "/srv/free", "size": "1G"}]}),
    ("there is such a file already", {"cloud_init": {}, "directory": "/srv"}),
    ("less than that of the image, 8M", {"disks": [{"image": "/srv/image", "size": "7M"}]}),
    ("the host has no such file", {"kernel": "/srv/none"}),
    ("is a disk of guest two", {"name": "two", "disks": [{"path": "/srv/free", "format": "raw"}]}),
])
def test_what_cannot_be_made(words, task):
    """What stands against a guest, and against its NICs."""
    other = replace(guest(Guest(memory=64, disks=(Disk("/srv/theirs", format="raw", device="disk"),))), name="other")
    host = Host(other, files=["/srv/theirs", "/srv/image", "/srv/free", "/srv/vm-seed.iso"])
    tasks = [{"memory": 64, **task}]
    tasks += [{**tasks[0], "name": "three"}] if task.get("name") == "two" else []
    with pytest.raises(ValidationError) as caught:
        plan_of(host, *tasks)
    assert words in str(caught.value) and caught.value.remedy


def test_what_is_changed_is_stored():
    """What can be changed is, with a word where the guest runs; what it was made with is told, and left."""
    off, on = Host(guest()), Host(guest(running=True))
    item = plan(on, memory=256, title="x", cmdline="", disks=[{"size": "2G"}], machine="pc")
    assert verbs(item) == ["change"] and {change.field: change.after for change in item.changes} == {"memory": 256, "title": "x"}
    assert [each.partition(":")[0] for each in item.warnings] == ["machine, disks", "title, memory"] and item.cost == "live"
    assert [each.partition(":")[0] for each in plan(off, memory=256, state="shutoff").warnings] == []
    assert verbs(plan(off, memory=256)) == ["change", "start"]
    same = plan(on, memory=128, disks=[{"size": "1G"}], autostart=False)
    assert not same.steps and not same.warnings and same.before == same.after
    born = replace(on.states["vm"].definition, cloud_init=plan(Host(), memory=1, cloud_init={"user_data": "a"}).target.definition.cloud_init)
    ours = Host(guest(born, running=True))
    assert not plan(ours, cloud_init={"user_data": "a"}).warnings
    assert "cloud_init.user_data, cloud_init.meta_data: what a guest" in plan(ours, cloud_init={"user_data": "b", "meta_data": "c"}).warnings[0]
    theirs = plan(Host(guest(Guest(memory=128, vcpus=1), lab=None, running=True)), machine="pc")
    assert not theirs.steps and "was not made by a task of this collection" in theirs.warnings[0]


def test_a_guest_that_stops_or_goes_cuts_its_nics_off():
    """They are named, and it has the time that it is given."""
    domain = nics.guest(stored=(nics.nic(),), live=(nics.nic(device="vnet0"),))
    host = Host(guest(running=True, macs=(ONE,)), domains=(domain,))
    stop = plan(host, state="shutoff", shutdown_timeout=7)
    assert (stop.cost, [each.mac for each in stop.guests], stop.steps[-1].value) == ("restart", [ONE], 7)
    assert plan(host, state="shutoff", force=True).steps[-1].value is None
    gone = plan(host, state="absent")
    assert verbs(gone) == ["note", "stop", "undefine", "remove", "forget"] and gone.cost == "restart" and gone.guests


def test_nics_of_a_guest_that_starts_come_first():
    """They are stored by then, go back with it where it does not start, and what it then runs with is no difference."""
    host = Host(guest(), domains=(nics.guest(stored=(nics.nic(),)),))
    whole = plan_of(host, {"interfaces": [{"mac": TWO, "network": "b"}]})
    assert [item.family for item in whole.items] == ["interface", "guest"]
    first, second = whole.items
    assert second.needs == (first.id,) and first.target.turning and first.target.live is None
    now = replace(first.target, live=first.target.stored)
    expected = families.family_of("interface").expected(first.target, now, host)
    assert families.family_of("interface").steps_between(now, expected) == ()
    assert not plan_of(host, {"state": "shutoff", "interfaces": [{"mac": TWO, "network": "b"}]}).items[0].target.turning
    only = plan_of(host, {"state": "shutoff", "interfaces": [{"network": "b"}]}).items
    assert only[0].key == f"vm/{ONE}", "a guest's only NIC needs no name"
    assert THREE not in str(only)


def test_a_transient_guest():
    """Is left as it is, removed, and nothing else."""
    host = Host(guest(persistent=False, running=True, files=()))
    assert not plan(host, memory=128).steps and verbs(plan(host, state="absent")) == ["stop"]
    for wrong in ({"memory": 5}, {"state": "shutoff"}, {"autostart": True}):
        with pytest.raises(UnsupportedError, match="guest vm is transient"):
            plan(host, **wrong)


STATES = {
    "absent": None,
    "off": guest(),
    "on": guest(running=True, autostart=True),
    "other": guest(replace(guest().definition, memory=256, title="x"), running=True),
    "no files": guest(Guest(memory=64), files=(), running=True),
}


def taken(state, step, target):
    """What a guest is once a step was taken."""
    state = state or GuestState("vm")
    verb, value = step.verb, step.value
    if verb == "note":
        return replace(state, lab=value[0] if state.definition is None else state.lab, begun=value[1])
    if verb == "forget":
        state = replace(state, begun=())
        return state if state.definition is not None else None
    if verb in ("disk", "seed"):
        assert value[0].path in state.begun, "written down before it is made"
        return state
    if verb in ("define", "restore"):
        assert state.definition is None and set(target.files) <= set(state.begun)
        return replace(target, running=False, autostart=False, begun=state.begun)
    if verb == "remove":
        assert state.definition is None and value in state.begun
        return state
    if verb == "undefine":
        assert not state.running and set(state.files) <= set(state.begun), "known beyond its end"
        return GuestState("vm", lab=state.lab, begun=state.begun) if state.begun else None
    if verb == "change":
        return replace(state, definition=value[1])
    return replace(state, **({"autostart": value} if verb == "autostart" else {"running": verb == "start"}))


@pytest.mark.parametrize(("before", "after"), list(product(STATES, STATES)))
def test_every_way_and_every_kill(before, after):
    """From any state to any other, killed after any step: the next run comes to the same, and nobody's file is lost sight of."""
    state, target = STATES[before], STATES[after]
    if None not in (state, target):  # a guest is never made another
        born = {name: getattr(state.definition, name) for name in BORN}
        target = replace(target, files=state.files, definition=replace(target.definition, **born))
    fresh = replace(target, document=None) if target is not None and state is None else target
    for way in (target, fresh):
        steps = steps_between(state, way)
        for killed in range(len(steps) + 1):
            now = state
            for step in steps[:killed]:
                now = taken(now, step, way)
            left = steps_between(now, way)
            if now is None and way is None:
                assert not left
            for step in left:
                now = taken(now, step, way)
            assert now == way and steps_between(now, way) == ()
        assert bool(list(changes_between(state, way, steps))) == (report(state) != report(way))
