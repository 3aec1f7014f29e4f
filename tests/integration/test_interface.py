# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""virt_interface: NICs of guests that run and that are shut off, attached, changed and detached, as packets see it."""

from __future__ import annotations

import json
from xml.etree import ElementTree

import pytest

from testbed import guest

FIRST, SECOND = "52:54:00:75:00:05", "52:54:00:75:00:06"


def network(number, **more):
    """An isolated network with DHCP, of a subnet of its own."""
    dhcp = {"ranges": [{"start": f"10.8{number}.0.100", "end": f"10.8{number}.0.199"}]}
    return {"name": f"net{number}", "bridge": {"name": f"test-net{number}", "stp": False}, "ips": [{"address": f"10.8{number}.0.1/24", "dhcp": dhcp}], **more}


def nics(host, name, uri="qemu:///system", stored=False):
    """The NICs of a guest in one of libvirt's views: dicts of what tests look at."""
    root = ElementTree.fromstring(host.run("virsh", "-c", uri, "dumpxml", name, *(["--inactive"] if stored else [])).stdout)
    found = {"mac": ("mac", "address"), "network": ("source", "network"), "model": ("model", "type"), "link": ("link", "state"), "mtu": ("mtu", "size"),
             "alias": ("alias", "name"), "target": ("target", "dev"), "bus": ("address", "bus")}
    return [{name: nic.find(tag).get(word) for name, (tag, word) in found.items() if nic.find(tag) is not None} for nic in root.iterfind("devices/interface")]


@pytest.fixture
def started(host):
    """A function that starts a guest and makes it persistent, unless it is to be transient. It boots from its first NIC. Gone after the test."""
    guests = []

    def start(name, *given, kind="vm", persistent=True):
        guests.append(guest.start(host, name, *given, kind=kind))
        if persistent:
            document = host.run("virsh", "-c", guests[-1].uri, "dumpxml", "--inactive", name).stdout
            document = document.replace("<boot dev='hd'/>", "").replace("<rom ", "<boot order='1'/><rom ", 1)
            host.run("tee", "/tmp/guest.xml", input=document)
            host.run("virsh", "-c", guests[-1].uri, "define", "/tmp/guest.xml")
        return guests[-1]

    yield start
    for each in guests:
        host.run("virsh", "-c", each.uri, "destroy", each.name, check=False)
        host.run("virsh", "-c", each.uri, "undefine", each.name, check=False)


@pytest.fixture
def defined(host):
    """A guest that is shut off, with one NIC. Gone after the test."""
    document = f"""<domain type='qemu'><name>off</name><memory>131072</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<interface type='network'><source network='net1'/><mac address='{FIRST}'/><model type='virtio'/><boot order='1'/></interface></devices></domain>"""
    host.run("tee", "/tmp/off.xml", input=document)
    host.run("virsh", "define", "/tmp/off.xml")
    yield "off"
    host.run("virsh", "undefine", "off")


def asked(ansible, **task):
    """What a task comes to, once its check said the same, and a second one changes nothing."""
    check, done, again = ansible.run(("virt_interface", task, {"check_mode": True}), ("virt_interface", task), ("virt_interface", task))
    assert not check.get("failed") and not done.get("failed"), (check, done)
    told = ("changed", "changes", "before", "after", "cost", "affected_guests")
    assert [check[name] for name in told] == [done[name] for name in told]
    assert again["changed"] is False and again["changes"] == [], again
    return done


def lease(one, device):
    """The address that a guest gets on a device when it asks, or None."""
    one.run("ip", "link", "set", device, "up")
    script, words = ("/lease.sh", ["udhcpc"]) if one.kind == "vm" else ("/etc/lease.sh", ["busybox", "udhcpc"])
    one.run("ip", "address", "flush", "dev", device, "scope", "global")
    one.run(*words, "-i", device, "-s", script, "-n", "-q", "-t", "5", "-T", "1", "-A", "1")
    found = one.run("ip", "-o", "-4", "address", "show", "dev", device).text.split()
    return found[3].partition("/")[0] if len(found) > 3 else None


def reaches(one, address):
    """True where a guest's pings are answered."""
    return one.run("ping", "-c", "1", "-W", "3", address).code == 0


def devices(one):
    """MAC addresses of a guest's NICs, by their names, as the guest itself sees them."""
    words = one.run("sh", "-c", "for each in /sys/class/net/[!l]*; do echo ${each##*/} $(cat $each/address); done").text.split()
    return dict(zip(words[::2], words[1::2]))


def named(one, mac):
    """The guest's own name of a NIC: libvirt gives those that it plugs into a container none of their own."""
    return next(name for name, each in devices(one).items() if each == mac)


def test_a_nic_of_a_guest_that_runs(ansible, host, started):
    """Attached, without a carrier and with one, elsewhere, plugged anew as another, and detached: as the guest sees it, and in both of libvirt's views."""
    ansible.module("virt_host", networks=[network(1), network(2), network(3)])
    one = started("here", {"network": "net1", "mac": FIRST})
    task = {"domain": "here", "alias": "ua-second", "network": "net2"}
    made = asked(ansible, **task)
    mac = made["after"]["mac"]
    assert (made["changed"], made["cost"], made["before"]) == (True, "live", {"state": "absent"})
    assert made["after"] == {"domain": "here", "state": "present", "mac": mac, "alias": "ua-second", "network": "net2", "model": "virtio", "link": "up",
                             "lab": "default"}
    live, stored = nics(host, "here")[1], nics(host, "here", stored=True)[1]
    assert (live["mac"], live["bus"]) == (stored["mac"], stored["bus"]) == (mac, live["bus"]) and stored["alias"] == "ua-second"
    assert devices(one) == {"eth0": FIRST, "eth1": mac}
    assert lease(one, "eth1").startswith("10.82.0.") and reaches(one, "10.82.0.1")

    down = asked(ansible, domain="here", mac=mac, link="down")
    assert [(each["field"], each["before"], each["after"], each["cost"]) for each in down["changes"]] == [("link", "up", "down", "restart")]
    assert [(each["domain"], each["mac"]) for each in down["affected_guests"]] == [("here", mac)]
    assert one.run("cat", "/sys/class/net/eth1/carrier").text.strip() == "0" and lease(one, "eth1") is None
    assert nics(host, "here", stored=True)[1]["link"] == "down"
    up = asked(ansible, domain="here", mac=mac, link="up")
    assert (up["cost"], up["affected_guests"]) == ("live", []) and lease(one, "eth1").startswith("10.82.0.")

    moved = asked(ansible, domain="here", alias="ua-second", network="net3")
    assert [(each["field"], each["cost"]) for each in moved["changes"]] == [("network", "restart")] and moved["affected_guests"]
    assert "is not told that its NIC leads elsewhere" in moved["warnings"][0]
    assert lease(one, "eth1").startswith("10.83.0.") and reaches(one, "10.83.0.1") and not reaches(one, "10.82.0.1")
    assert asked(ansible, domain="here", alias="ua-second", bridge="test-net2")["changed"] and lease(one, "eth1").startswith("10.82.0.")

    waiting = asked(ansible, domain="here", alias="ua-second", model="e1000e", boot_order=2, on_replug="defer")
    assert waiting["warnings"] == ["interface here/ua-second: model, boot_order: stored, and waiting for the next start of guest here"]
    assert waiting["cost"] == "live"
    assert waiting["after"]["running"] == {"model": "virtio"}
    assert "on_replug is 'never'" in ansible.refused("virt_interface", domain="here", alias="ua-second", model="e1000e", on_replug="never")
    asked(ansible, domain="here", alias="ua-second", model="virtio", boot_order=0)

    anew = asked(ansible, domain="here", alias="ua-second", mac=SECOND, mtu=1400, network="net2")
    assert {each["field"]: each["cost"] for each in anew["changes"]} == {"mac": "restart", "mtu": "restart", "network": "restart", "bridge": "restart"}
    assert devices(one) == {"eth0": FIRST, "eth1": SECOND} and lease(one, "eth1").startswith("10.82.0.")
    live, kept = nics(host, "here")[1], nics(host, "here", stored=True)[1]
    assert (live["mac"], live["mtu"], live["bus"]) == (kept["mac"], kept["mtu"], kept["bus"]) == (SECOND, "1400", stored["bus"])

    gone = asked(ansible, domain="here", alias="ua-second", state="absent")
    assert (gone["cost"], gone["after"]) == ("restart", {"state": "absent"}) and gone["affected_guests"][0]["mac"] == SECOND
    assert devices(one) == {"eth0": FIRST} and len(nics(host, "here", stored=True)) == 1 and one.address().startswith("10.81.0.")
    assert "urn:virtlab" not in host.run("virsh", "dumpxml", "here").stdout
    ansible.module("virt_interface", domain="here", network="net3")
    assert lease(one, "eth0").startswith("10.83.0.")


def test_a_nic_of_a_container(ansible, host, started):
    """libvirt changes nothing of it while it runs, so it is plugged anew for all but nothing; LXC has no aliases."""
    ansible.module("virt_host", networks=[network(1), network(2)])
    one = started("box", {"network": "net1", "mac": FIRST}, kind="lxc")
    where = {"uri": "lxc:///system", "domain": "box", "mac": SECOND}
    made = asked(ansible, **where, network="net2")
    assert made["cost"] == "live" and sorted(devices(one).values()) == [FIRST, SECOND] and lease(one, named(one, SECOND)).startswith("10.82.0.")
    assert "keep none that users give; say mac" in ansible.refused("virt_interface", **where, alias="ua-second")
    down = asked(ansible, **where, link="down", mtu=1400)
    assert {each["field"]: each["cost"] for each in down["changes"]} == {"link": "restart", "mtu": "restart"}
    live, stored = (nics(host, "box", "lxc:///system", stored)[1] for stored in (False, True))
    assert (live["link"], live["mtu"]) == (stored["link"], stored["mtu"]) == ("down", "1400")
    filtering = {**where, "link": "up", "filterref": {"filter": "no-arp-spoofing"}}
    assert "under a name that is given alone; say target" in ansible.refused("virt_interface", **filtering)
    filtered = asked(ansible, **filtering, target="test-tap")
    assert filtered["affected_guests"][0]["domain"] == "box" and lease(one, named(one, SECOND)).startswith("10.82.0.")
    told = ansible.module("virt_interface_info", uri="lxc:///system", domain="box")["interfaces"]
    assert [(each["mac"], each["link"], each["lab"], each["stored"], each["live"]) for each in told] == [
        (FIRST, "up", None, True, True), (SECOND, "up", "default", True, True)]
    asked(ansible, **where, state="absent")
    assert devices(one) == {"eth0": FIRST} and one.address().startswith("10.81.0.")


def test_a_guest_that_is_shut_off(ansible, host, defined):
    """What is stored alone changes, all of it at no price; a MAC address in its place."""
    ansible.module("virt_host", networks=[network(1, portgroups=[{"name": "slow"}]), network(2)])
    options = {"portgroup": "slow", "bandwidth": {"inbound": {"average": 1000, "peak": 2000}, "outbound": {"average": 500}}, "boot_order": 3, "mtu": 1400,
               "model": "e1000e", "link": "down", "isolated": True, "target": "tap-off",
               "filterref": {"filter": "clean-traffic", "parameters": [{"name": "IP", "value": "10.81.0.7"}, {"name": "IP", "value": "10.81.0.8"}]}}
    done = asked(ansible, domain=defined, **options)
    assert done["cost"] == "live" and done["affected_guests"] == [] and "warnings" not in done
    assert {name: done["after"][name] for name in options if name not in ("filterref", "bandwidth")} == {
        name: value for name, value in options.items() if name not in ("filterref", "bandwidth")}
    made = asked(ansible, domain=defined, alias="ua-other", network="net2", boot_order=7)
    moved = asked(ansible, domain=defined, alias="ua-other", mac=SECOND)
    assert [each["field"] for each in moved["changes"]] == ["mac"] and moved["before"]["mac"] == made["after"]["mac"]
    named = asked(ansible, domain=defined, mac=FIRST, alias="ua-first")
    assert [each["field"] for each in named["changes"]] == ["alias"]
    assert [each.get("alias") for each in nics(host, defined)] == ["ua-first", "ua-other"]
    none = {"bandwidth": {}, "filterref": {}, "mtu": 0, "boot_order": 0, "portgroup": ""}
    empty = asked(ansible, domain=defined, alias="ua-first", **none)
    assert not set(none) & set(empty["after"]) and empty["after"]["model"] == "e1000e"
    config = ansible.module("virt_interface_info", domain=defined)["interfaces"][0]["config"]
    assert ansible.module("virt_interface", **config)["changed"] is False
    asked(ansible, domain=defined, alias="ua-other", state="absent")
    assert [each["mac"] for each in nics(host, defined)] == [FIRST] and "urn:virtlab" not in host.run("virsh", "dumpxml", defined).stdout
    assert ansible.module("virt_interface", domain="gone", alias="ua-x", state="absent")["changed"] is False
    ansible.module("virt_interface", domain=defined, state="absent")
    assert ansible.module("virt_interface", domain=defined, state="absent")["changed"] is False  # its only NIC is gone already


def test_a_guest_that_boots_from_its_first_disk_gets_a_place_for_a_nic(ansible, host, defined):
    """As libvirt has each guest of which nothing is said: the disk keeps its turn, behind the NIC."""
    ansible.module("virt_host", networks=[network(1)])
    document = host.run("virsh", "dumpxml", "--inactive", defined).stdout.replace("<boot order='1'/>", "")
    disk = "<disk type='file' device='disk'><source file='/srv/a.img'/><target dev='vda' bus='virtio'/></disk>"
    host.run("tee", "/tmp/off.xml", input=document.replace("<devices>", f"<devices>{disk}{disk.replace('vda', 'vdb').replace('/a.', '/b.')}"))
    host.run("virsh", "define", "/tmp/off.xml")
    assert "<boot dev='hd'/>" in host.run("virsh", "dumpxml", defined).stdout
    asked(ansible, domain=defined, mac=FIRST, boot_order=1)
    root = ElementTree.fromstring(host.run("virsh", "dumpxml", defined).stdout)
    places = {each.find("target").get("dev", ""): each.find("boot").get("order") for each in root.findall("devices/disk") if each.find("boot") is not None}
    assert (root.find("os/boot"), places, root.find("devices/interface/boot").get("order")) == (None, {"vda": "1001"}, "1")
    asked(ansible, domain=defined, mac=SECOND, network="net1", boot_order=2)


def test_what_cannot_be_is_refused_in_check_mode_too(ansible, host, defined):
    """By name, and with nothing touched."""
    ansible.module("virt_host", networks=[network(1)])
    before = host.run("virsh", "dumpxml", defined).stdout
    tasks = {"no such network": {"network": "nope"}, "no such portgroup": {"portgroup": "nope"}, "the host has no such device": {"bridge": "nope"},
             "no such filter": {"filterref": {"filter": "nope"}}, "VLANs are for": {"vlan": {"tags": [{"id": 5}]}}, "no such guest": {"domain": "nope"},
             "MAC address of one device": {"mac": "01:00:5e:00:00:01"}, "which is meant is not said": {"domain": "two"},
             "is that of guest off on network net1": {"domain": "two", "mac": FIRST, "network": "net1"}}
    document = before.replace("<name>off", "<name>two").replace(FIRST, SECOND)
    root = ElementTree.fromstring(document)
    root.remove(root.find("uuid"))
    nic = root.find("devices/interface")
    root.find("devices").append(ElementTree.fromstring("<interface type='user'><mac address='52:54:00:75:00:09'/></interface>"))
    nic.find("source").set("network", "net1")
    host.run("tee", "/tmp/two.xml", input=ElementTree.tostring(root, encoding="unicode"))
    host.run("virsh", "define", "/tmp/two.xml")
    try:
        for check in (True, False):
            results = ansible.run(*[("virt_interface", {"domain": defined, **task}) for task in tasks.values()], check=check)
            for words, result in zip(tasks, results):
                assert result.get("failed") and words in result["msg"], (words, result)
        assert "is of type user" in ansible.refused("virt_interface", domain="two", mac="52:54:00:75:00:09", link="down")
    finally:
        host.run("virsh", "undefine", "two")
    assert host.run("virsh", "dumpxml", defined).stdout == before


def test_what_fails_is_taken_back(ansible, host, started):
    """A model that QEMU does not have: stored by libvirt, and then not plugged. What was there is back, and of what was not there nothing is left."""
    ansible.module("virt_host", networks=[network(1), network(2)])
    one = started("here", {"network": "net1", "mac": FIRST})
    words = ansible.refused("virt_interface", domain="here", alias="ua-second", network="net2", model="nosuch")
    assert "could not attach NIC" in words and "nothing of it was left behind" in words
    assert "urn:virtlab" not in host.run("virsh", "dumpxml", "here").stdout and len(nics(host, "here", stored=True)) == 1
    ansible.module("virt_interface", domain="here", alias="ua-second", network="net2")
    before = nics(host, "here"), nics(host, "here", stored=True)
    words = ansible.refused("virt_interface", domain="here", alias="ua-second", model="nosuch")
    assert "could not attach NIC" in words and "what was there before is back" in words
    after = nics(host, "here"), nics(host, "here", stored=True)
    assert [[{**each, "target": None} for each in view] for view in after] == [[{**each, "target": None} for each in view] for view in before]
    assert lease(one, "eth1").startswith("10.82.0.")


@pytest.mark.parametrize("persistent", [True, False])
def test_every_step_may_be_the_one(ansible, host, inside, started, persistent):
    """What a killed run left, the next one finishes, also where the guest is not stored; what fails is taken back."""
    ansible.module("virt_host", networks=[network(1), network(2)])
    started("box", {"network": "net1", "mac": FIRST}, kind="lxc", persistent=persistent)
    where = {"uri": "lxc:///system", "domain": "box", "mac": SECOND}
    bare, there, changed = {**where, "state": "absent"}, {**where, "network": "net2", "mtu": 0}, {**where, "network": "net1", "mtu": 1400}

    def run(options, fault="kill", number=99):
        done = inside(host, "domain_faults", "interface", json.dumps(options), fault, str(number), check=False)
        assert done.returncode in (0, 3, 9), done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    def seen():
        views = [nics(host, "box", "lxc:///system", stored) for stored in (False, True)]
        return [[{**each, "target": None} for each in view] for view in views], "urn:virtlab" in host.run("virsh", "-c", where["uri"], "dumpxml", "box").stdout

    for before, wanted in ((bare, there), (there, changed), (changed, bare)):
        run(before)
        held, number = seen(), 0
        while True:
            failed, said = run(wanted, "fail", number)
            if failed == 3:
                break
            assert "somebody had it fail" in said["error"] and seen() == held, (number, said)
            assert run(wanted, "kill", number)[0] == 9
            finished, again = (run(wanted)[1] for unused in range(2))
            assert "error" not in finished and again == {"changed": False, "steps": []}, (number, finished, again)
            run(before)
            assert run(before)[1]["changed"] is False
            number += 1
        assert number >= 2


def test_a_host_with_a_guest_on_several_networks(ansible, host, started):
    """Networks and NICs in one task, in the order that works, whatever the lists'; the lab goes as a whole, and what is not its own stays."""
    ansible.module("virt_network", **network(1))
    one = started("router", {"network": "net1", "mac": FIRST})
    task = {"lab": "web", "prune": True, "networks": [network(2), network(3)], "interfaces": [
        {"domain": "router", "mac": "52:54:00:75:00:0b", "network": "net3"}]}  # the guest has one free slot
    check = ansible.module("virt_host", check=True, **task)
    done, again = ansible.run(("virt_host", task), ("virt_host", task))
    assert done["changes"] == check["changes"] and done["changed"] and not again["changed"], again
    assert {each["field"] for each in done["changes"]} == {"networks[net2].state", "networks[net3].state", "interfaces[router/52:54:00:75:00:0b].state"}
    assert devices(one)["eth1"] == "52:54:00:75:00:0b" and lease(one, "eth1").startswith("10.83.0.")
    moved = ansible.module("virt_host", lab="web", prune=True, networks=[network(2)],
                           interfaces=[{"domain": "router", "mac": "52:54:00:75:00:0b", "network": "net2"}])
    assert {each["field"] for each in moved["changes"]} == {"networks[net3].state", "interfaces[router/52:54:00:75:00:0b].network"}
    assert lease(one, "eth1").startswith("10.82.0.")
    gone = ansible.module("virt_host", lab="web", prune=True)
    assert {each["field"] for each in gone["changes"]} == {"networks[net2].state", "interfaces[router/52:54:00:75:00:0b].state"}
    assert devices(one) == {"eth0": FIRST} and one.address().startswith("10.81.0.")
    assert ansible.module("virt_host", lab="web", prune=True)["changed"] is False


def test_a_guest_that_is_shut_off_has_nics_in_the_order_that_is_given(ansible, host, defined):
    """Several of one guest, on what the same task makes: a bridge and networks."""
    task = {"networks": [network(1), network(2)], "bridges": [{"name": "test-br0"}],
            "interfaces": [{"domain": defined, "alias": f"ua-{name}", **to} for name, to in
                           (("c", {"network": "net2"}), ("a", {"bridge": "test-br0"}), ("b", {"network": "net1"}))]}
    done, again = ansible.run(("virt_host", task), ("virt_host", task))
    assert done["changed"] and not again["changed"]
    assert [each.get("alias") for each in nics(host, defined)] == [None, "ua-c", "ua-a", "ua-b"]
    words = ansible.refused("virt_host", interfaces=[*task["interfaces"], {"domain": defined, "mac": nics(host, defined)[1]["mac"]}])
    assert "is the same NIC as off/ua-c" in words


def test_what_is_known_of_nics(ansible, host, started):
    """Both views, where they differ, and addresses with who told them; of one guest, of one network, and of all."""
    ansible.module("virt_host", networks=[network(1), network(2)])
    one = started("here", {"network": "net1", "mac": FIRST})
    address = one.address()
    assert reaches(one, "10.81.0.1")
    host.run("sh", "-c", "virsh dumpxml --inactive here | sed \"s/<model type='virtio'/<model type='e1000e'/\" > /tmp/here.xml; virsh define /tmp/here.xml")
    found = ansible.module("virt_interface_info", network="net1")["interfaces"]
    assert found == ansible.module("virt_interface_info", domain="here")["interfaces"] == ansible.module("virt_interface_info")["interfaces"]
    assert {name: found[0][name] for name in ("domain", "driver", "domain_state", "persistent", "mac", "alias", "type", "model", "link", "stored", "live")} == {
        "domain": "here", "driver": "QEMU", "domain_state": "running", "persistent": True, "mac": FIRST, "alias": "net0", "type": "network", "model": "e1000e",
        "link": "up", "stored": True, "live": True}
    assert found[0]["target"] == nics(host, "here")[0]["target"] and found[0]["running"] == {"model": "virtio"}
    assert {(each["address"], each["told_by"]) for each in found[0]["addresses"]} >= {(f"{address}/24", "lease"), (address, "arp")}
    assert ansible.module("virt_interface_info", network="net2")["interfaces"] == []
    assert ansible.module("virt_interface", **found[0]["config"], on_replug="defer")["changed"] is False


def test_a_change_on_trial(ansible, host, started):
    """Is confirmed, and kept."""
    ansible.module("virt_host", networks=[network(1), network(2)])
    started("box", {"network": "net1", "mac": FIRST}, kind="lxc")
    made = ansible.module("virt_interface", uri="lxc:///system", domain="box", mac=SECOND, network="net2", rollback_after=30)
    assert made["trial"]["outcome"] == "confirmed" and len(nics(host, "box", "lxc:///system")) == 2
