# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory of guests: two hypervisors, containers and a machine that is shut off, leases and neighbours, as Ansible's own commands see it."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from testbed import guest
from testbed.play import collections, environment

OFF = """<domain type='qemu'><name>{name}</name><memory>131072</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<interface type='network'><source network='default'/><mac address='52:54:00:77:00:0{number}'/></interface></devices></domain>"""
URIS = ["qemu:///system", "lxc:///system"]
#: a name that would write a file, were it taken for a template
TRAP = "{{ 7 * 191 }}"


@pytest.fixture(scope="module", autouse=True)
def guests(lab):
    """web on both hosts, quiet on a bridge of the first that serves nothing, and two guests there that are shut off."""
    first, second = lab.hosts["host1"], lab.hosts["host2"]
    for host in (first, second):
        host.run("virsh", "net-start", "default")
    first.run("ip", "link", "add", "quiet0", "type", "bridge")
    first.run("ip", "address", "add", "10.77.0.1/24", "dev", "quiet0")
    first.run("ip", "link", "set", "quiet0", "up")
    started = [guest.start(host, name, {"network": "default"}, kind="lxc") for host, name in ((first, "web"), (second, "web"), (second, "db"))]
    quiet = guest.start(first, "quiet", {"bridge": "quiet0"}, kind="lxc")
    quiet.run("ip", "address", "add", "10.77.0.9/24", "dev", "eth0")
    quiet.run("ping", "-c", "1", "-W", "5", "10.77.0.1")
    for number, name in enumerate(("off", TRAP)):
        first.run("tee", "/tmp/off.xml", input=OFF.format(name=name, number=number))
        first.run("virsh", "define", "/tmp/off.xml")
    found = {f"{each.name}.{each.host.name}": each.address() for each in started}
    yield {**found, "quiet": "10.77.0.9"}
    for each in (*started, quiet):
        each.host.run("virsh", "-c", each.uri, "destroy", each.name, check=False)
    for name in ("off", TRAP):
        first.run("virsh", "undefine", name)
    for host in (first, second):
        host.run("virsh", "net-destroy", "default")
    first.run("ip", "link", "delete", "quiet0")


class Inventory:
    """A folder with an inventory, and Ansible's commands on it."""

    def __init__(self, folder, lab, top):
        self.folder, self.environment = Path(folder), environment(top)
        self.hosts = lab.inventory()
        self.write("hosts.json", self.hosts)
        self.configure()

    def write(self, name, content):
        """A file of the inventory's."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content if isinstance(content, str) else yaml.safe_dump(content), encoding="utf-8")
        return path

    def configure(self, **options):
        """The file of the plugin."""
        self.write("guests.virtlab.yml", {"plugin": "virtlab.network.guests", "uris": URIS, **options})

    def command(self, program, *words, hosts="hosts.json"):
        """A CompletedProcess."""
        return subprocess.run([program, "-i", hosts, "-i", "guests.virtlab.yml", *words], cwd=self.folder, env=self.environment, stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, check=False)

    def list(self, *words, hosts="hosts.json"):
        """(variables of hosts, groups, what was said) of ansible-inventory."""
        done = self.command("ansible-inventory", "--list", *words, hosts=hosts)
        assert done.returncode == 0, done.stderr
        found = json.loads(done.stdout, object_hook=lambda each: each.get("__ansible_unsafe", each))
        return found.pop("_meta")["hostvars"], {name: sorted(group.get("hosts", [])) for name, group in found.items()}, " ".join(done.stderr.split())


@pytest.fixture
def inventory(lab, tmp_path):
    """An Inventory of the lab's hosts."""
    with collections() as top:
        yield Inventory(tmp_path, lab, top)


def test_guests_of_every_hypervisor(inventory, guests):
    """Addresses, states, groups; a name that two have is given to neither."""
    hosts, groups, said = inventory.list()
    here = sorted(["quiet", "off", "__ 7 * 191 __", "web.host1", "web.host2", "db"])
    assert groups["guests"] == here and sorted(hosts) == sorted([*here, "host1", "host2"])
    assert {name: hosts[name].get("ansible_host") for name in here} == {
        "quiet": guests["quiet"], "off": None, "__ 7 * 191 __": None, "web.host1": guests["web.host1"], "web.host2": guests["web.host2"],
        "db": guests["db.host2"]}
    assert groups["state_shut_off"] == ["__ 7 * 191 __", "off"] and groups["state_running"] == ["db", "quiet", "web.host1", "web.host2"]
    assert groups["hypervisor_host2"] == ["db", "web.host2"] and "quiet" not in groups["network_default"] and "off" in groups["network_default"]
    assert "'web', so that guests of this name are called by their hypervisor's as well: web.host1, web.host2" in said
    told = {name: [each["told_by"] for each in hosts[name]["virtlab"]["nics"][0]["addresses"] if "." in each["address"]] for name in ("quiet", "db")}
    assert told["quiet"] == ["arp"] and told["db"][0] == "lease"
    nic = hosts["quiet"]["virtlab"]["nics"][0]
    assert (nic["bridge"], nic["network"], nic["live"]) == ("quiet0", None, True)
    assert hosts["off"]["virtlab"]["nics"][0]["mac"] == "52:54:00:77:00:00"
    assert hosts["__ 7 * 191 __"]["virtlab"]["guest"] == TRAP


def test_a_guest_takes_no_name_that_means_something(inventory, lab):
    """Not the controller's own, by which tasks with all its secrets would go to the guest, and not one of the groups that guests come to."""
    host = lab.hosts["host2"]
    for number, name in enumerate(("localhost", "state_shut_off", "mine")):
        host.run("tee", "/tmp/off.xml", input=OFF.format(name=name, number=number + 7))
        host.run("virsh", "define", "/tmp/off.xml")
    try:
        inventory.configure(groups={"mine": "virtlab.state == 'shut off'"})
        hosts, groups, said = inventory.list()
        done = inventory.command("ansible", "localhost", "-m", "ansible.builtin.command", "-a", "true")
    finally:
        for name in ("localhost", "state_shut_off", "mine"):
            host.run("virsh", "undefine", name)
    assert {"localhost.host2", "state_shut_off.host2", "mine.host2"} < set(groups["state_shut_off"]) and "localhost" not in hosts
    assert all(f"{name!r}, so that" in said for name in ("localhost", "state_shut_off", "mine"))
    assert done.returncode == 0 and "localhost | CHANGED" in done.stdout, done.stdout + done.stderr


def test_guests_are_reached(inventory):
    """Each of those that run answers at its ansible_host, asked from its hypervisor; what a guest is called is no template in a play either."""
    inventory.write("play.yml", [{"hosts": "guests", "gather_facts": False, "tasks": [
        {"ansible.builtin.command": "ping -c 1 -W 5 {{ ansible_host }}", "when": "virtlab.state == 'running'", "delegate_to": "{{ virtlab.hypervisor }}"},
        {"ansible.builtin.debug": {"msg": "{{ virtlab.guest }}"}, "tags": ["never", "names"]},
        {"ansible.builtin.meta": "refresh_inventory"}]}])
    done = inventory.command("ansible-playbook", "play.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("changed: [") == 4, done.stdout
    named = inventory.command("ansible-playbook", "play.yml", "--tags", "names", "--check", "--limit", "state_shut_off")
    assert TRAP in named.stdout and "1337" not in named.stdout and named.returncode == 0, named.stdout + named.stderr


def test_a_play_by_raw(inventory, lab):
    """A guest is a host as any other: a connection and what it takes are composed, and raw runs in it."""
    host = lab.hosts["host2"]
    pids = {name: outer(host, guest.Guest(host, name, "lxc")) for name in ("web", "db")}
    way = {"ansible_connection": "'virtlab.network.netns'", "ansible_netns_target": f"{pids}[virtlab.guest] | string"}
    inventory.configure(hypervisors="host2", compose=way)
    done = inventory.command("ansible", "guests", "-m", "ansible.builtin.raw", "-a", "hostname")
    said = done.stdout.split()
    assert done.returncode == 0 and "web" in said and "db" in said and "host2" not in said, done.stdout + done.stderr


def outer(host, container):
    """This machine's number of a container's first process."""
    inner = container._init()
    for path in Path("/proc").glob("[0-9]*/status"):
        try:
            numbers = next(line.split()[1:] for line in path.read_text(encoding="ascii").splitlines() if line.startswith("NSpid"))
        except (FileNotFoundError, ProcessLookupError, StopIteration):
            continue
        if len(numbers) > 2 and numbers[1] == inner and f"/{host.lab}.{host.name}/" in (path.parent / "cgroup").read_text(encoding="ascii"):
            return numbers[0]
    raise AssertionError(f"no process {inner} of {host.name}")


def test_names_addresses_and_groups_as_wanted(inventory, guests):
    """Constructed features, the expression for names, whose addresses win, prefixes, and choices that there are not."""
    inventory.configure(hostname="virtlab.guest ~ '-' ~ virtlab.hypervisor", address_sources=["arp"], families=["ipv4"], network_prefix="net_",
                        group="all_guests",
                        groups={"containers": "virtlab.driver == 'LXC'"}, keyed_groups=[{"key": "virtlab.driver | lower", "prefix": "driver"}],
                        compose={"first_mac": "virtlab.nics[0].mac"})
    hosts, groups, said = inventory.list()
    assert groups["containers"] == groups["driver_lxc"] == ["db-host2", "quiet-host1", "web-host1", "web-host2"] and "more than one" not in said
    assert groups["all_guests"] == sorted([*groups["driver_lxc"], *groups["driver_qemu"]]) and "net_default" in groups
    assert hosts["off-host1"]["first_mac"] == "52:54:00:77:00:00" and hosts["quiet-host1"]["ansible_host"] == guests["quiet"]
    strictly = {"strict": True, "compose": {"x": "nothing.at.all"}, "hypervisors": "host2"}
    for option, words in (({"families": ["ipx"]}, "ipx"), ({"hostname": "virtlab.nothing"}, "hostname is 'virtlab.nothing'"),
                          (strictly, "Could not set x"), ({"strict": True}, "called by their hypervisor")):
        inventory.configure(**option)
        done = inventory.command("ansible-inventory", "--list")
        assert words in " ".join(done.stderr.split()), done.stderr


def test_what_others_say_of_a_host_stays(inventory):
    """A guest that is called as a host or a group of another source changes neither."""
    inventory.hosts["all"]["hosts"]["db"] = {"ansible_host": "192.0.2.1"}
    inventory.hosts["all"]["children"] = {"quiet": {"hosts": {"host1": {}}}}
    inventory.write("hosts.json", inventory.hosts)
    inventory.configure(hypervisors="host?")
    hosts, groups, said = inventory.list()
    assert hosts["db"]["ansible_host"] == "192.0.2.1" and "virtlab" not in hosts["db"] and groups["quiet"] == ["host1"]
    assert hosts["db.host2"]["virtlab"]["guest"] == "db" and "quiet.host1" in hosts and said.count("more than one") == 3


def test_a_hypervisor_that_is_down(inventory):
    """The others' guests are there, and a warning; with strict it is an error. So it is with a source that names no hypervisor."""
    inventory.hosts["all"]["hosts"]["gone"] = {"ansible_connection": "virtlab.network.netns", "ansible_netns_target": "999999999"}
    inventory.write("hosts.json", inventory.hosts)
    hosts, unused, said = inventory.list()
    assert "db" in hosts and "hypervisor gone did not tell its guests of qemu:///system" in said and "no process 999999999 is running" in said
    inventory.configure(uris=["qemu:///system", "lxc:///system", "nowhere:///"], hypervisors="host1")
    hosts, unused, said = inventory.list()
    assert "web" in hosts and "hypervisor host1 did not tell its guests of nowhere:///" in said
    inventory.configure(strict=True, hostname="virtlab.guest ~ virtlab.hypervisor")
    assert "hypervisor gone did not tell" in " ".join(inventory.command("ansible-inventory", "--list").stderr.split())
    inventory.configure(hypervisors="nobody")
    assert "hypervisors is 'nobody', and no host of the sources that come before" in inventory.list()[2]


def test_variables_beside_sources_are_heeded(inventory):
    """How hypervisors are reached may stand in group_vars, and in a vault."""
    hosts = inventory.hosts["all"]["hosts"]
    inventory.write("bare.yml", {"hypervisors": {"hosts": {"host2": {}}}, "others": {"hosts": {"elsewhere": {}}}})
    secret = inventory.write("group_vars/hypervisors.yml", {**inventory.hosts["all"]["vars"], **hosts["host2"]})
    inventory.write("password", "not so secret\n")
    sealed = subprocess.run(["ansible-vault", "encrypt", "--vault-password-file", inventory.folder / "password", secret], env=inventory.environment,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert sealed.returncode == 0 and "ANSIBLE_VAULT" in secret.read_text(encoding="utf-8"), sealed.stderr
    inventory.configure(hypervisors="hypervisors")
    unused, groups, said = inventory.list("--vault-password-file", "password", hosts="bare.yml")
    assert groups["guests"] == ["db", "web"] and "did not tell" not in said and groups["others"] == ["elsewhere"]


def test_the_cache(inventory, lab):
    """A second look asks nobody, until the cache is flushed; a hypervisor that it does not know is asked, and one that was down again."""
    options = {"cache": True, "cache_plugin": "ansible.builtin.jsonfile", "cache_connection": str(inventory.folder / "cache"), "cache_timeout": 600}
    inventory.configure(hypervisors="host2", **options)
    first = inventory.list()[:2]
    container = guest.start(lab.hosts["host2"], "late", {"network": "default"}, kind="lxc")
    try:
        container.address()
        assert inventory.list()[:2] == first and "late" not in first[0]
        inventory.configure(hypervisors="host1,host2", **options)
        both = inventory.list()[0]
        assert "quiet" in both and "db" in both and "late" not in both
        assert "late" in inventory.list("--flush-cache")[0] and "late" in inventory.list()[0]
    finally:
        container.stop()
    address = inventory.hosts["all"]["hosts"]["host2"].pop("ansible_netns_target")
    inventory.hosts["all"]["hosts"]["host2"]["ansible_netns_target"] = "999999999"
    inventory.write("hosts.json", inventory.hosts)
    assert "late" in inventory.list()[0], "of a hypervisor that is down the cache knows"
    assert "did not tell" in inventory.list("--flush-cache")[2]
    inventory.hosts["all"]["hosts"]["host2"]["ansible_netns_target"] = address
    inventory.write("hosts.json", inventory.hosts)
    again = inventory.list()[0]
    assert "db" in again and "late" not in again
