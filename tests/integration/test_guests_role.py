# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role guests and virt_guest: guests from a kernel, an image and a medium, and containers, made, changed, and removed with nothing left of them."""

from __future__ import annotations

import base64
import json
from xml.etree import ElementTree

import pytest

from testbed import guest

IMAGES = "/var/lib/libvirt/images"
FIRST, SECOND = "52:54:00:74:00:01", "52:54:00:74:00:02"
NAMES = ("web", "db", "box", "tiny")
LXC = "lxc:///system"
#: a container that does nothing, and shares the host's files
BOX = {"name": "box", "memory": 64, "init": "/bin/sleep", "init_args": ["infinity"], "interfaces": [{"network": "net1"}]}
#: told in YAML as in a file of a user's, with what YAML, Jinja and shells could spoil
USER_DATA = "#cloud-config\n# {no} template: 'yes' \"no\" $HOME `id` \\n\tüß€\nruncmd: [[echo, \"a: b\"]]\n\n  \n"
NETWORK_CONFIG = {"version": 2, "ethernets": {"one": {"match": {"macaddress": FIRST}, "dhcp4": True}}}


class Role:
    """The role, as a play that has nothing else runs it."""

    def __init__(self, ansible):
        self.ansible = ansible
        self.path = ansible.top / "guests_role.yml"
        self.path.write_text("- hosts: all\n  gather_facts: false\n  roles: [virtlab.network.guests]\n", encoding="utf-8")

    def __call__(self, *guests, check=False, **variables):
        """Run it, which must succeed; (how many tasks changed something, the last one's result)."""
        results, recap = self._run(guests, check, variables)
        assert recap["failures"] == 0, results[-1]
        return recap["changed"], results[-1]

    def refused(self, *guests, check=False, **variables):
        """Run it, which must fail; its message."""
        results, recap = self._run(guests, check, variables)
        assert recap["failures"] == 1, results[-1]
        return " ".join([results[-1]["msg"], *(each["msg"] for each in results[-1].get("results", ()) if each.get("failed"))])

    def _run(self, guests, check, variables):
        return self.ansible.playbook(str(self.path), check=check, guests_list=list(guests), **{f"guests_{name}": value for name, value in variables.items()})


@pytest.fixture(scope="module")
def role(ansible):
    """The role, on the host of all tests."""
    return Role(ansible)


@pytest.fixture(autouse=True)
def networks(ansible, host):
    """Two networks for guests to join. Guests that a test made are gone after it, however it ended."""
    ansible.module("virt_host", networks=[network(1), network(2)])
    host.run("install", "-d", "-m", "711", "/srv/images")
    yield
    for uri in ("qemu:///system", LXC):
        for name in NAMES:
            host.run("virsh", "-c", uri, "destroy", name, check=False)
            host.run("virsh", "-c", uri, "undefine", name, check=False)
    host.run("rm", "-rf", "/srv/images", "/var/lib/virtlab.network/guests")
    host.run("find", IMAGES, "-type", "f", "-delete")


def network(number):
    """An isolated network with DHCP, of a subnet of its own."""
    dhcp = {"ranges": [{"start": f"10.7{number}.0.100", "end": f"10.7{number}.0.199"}]}
    return {"name": f"net{number}", "bridge": {"name": f"test-net{number}", "stp": False}, "ips": [{"address": f"10.7{number}.0.1/24", "dhcp": dhcp}]}


def micro(name="tiny", **more):
    """The test bed's guest, which answers commands."""
    return {**guest.options(name), **more}


def seen(host):
    """All that the role could have changed: definitions, who runs, and files with what is in them."""
    found = {}
    for uri in ("qemu:///system", LXC):
        names = host.run("virsh", "-c", uri, "list", "--all", "--name").stdout.split()
        found[uri] = {name: host.run("virsh", "-c", uri, "dumpxml", "--inactive", name).stdout for name in names}
        found[f"{uri} running"] = host.run("virsh", "-c", uri, "list", "--name").stdout.split()
    files = host.run("find", IMAGES, "/srv/images", "/var/lib/virtlab.network/guests", "-type", "f", check=False).stdout.split()
    return {**found, "files": host.run("sha256sum", *sorted(files)).stdout if files else ""}


def stored(host, name, uri="qemu:///system"):
    """A guest's definition as it is stored, as an element."""
    return ElementTree.fromstring(host.run("virsh", "-c", uri, "dumpxml", "--inactive", name).stdout)


def info(host, path):
    """What qemu-img says of a disk."""
    return json.loads(host.run("qemu-img", "info", "--force-share", "--output=json", path).stdout)


def brought(role, host, *guests, **more):
    """What the role made of guests, once check mode said the same and touched nothing; a second run changes nothing."""
    before = seen(host)
    predicted, check = role(*guests, check=True, **more)
    assert seen(host) == before
    count, done = role(*guests, **more)
    told = ("changed", "changes", "before", "after", "cost", "affected_guests")
    assert (predicted, [check[name] for name in told]) == (count, [done[name] for name in told])
    now = seen(host)
    assert role(*guests, **more)[0] == 0 and seen(host) == now
    return done


def test_from_a_kernel(role, host):
    """With several NICs in their order, by packets; changed as it runs; removed with nothing left."""
    before = seen(host)
    nics = [{"mac": FIRST, "network": "net1"}, {"alias": "ua-back", "network": "net2"}, {"bridge": "test-net1", "model": "e1000e"}]
    task = micro(interfaces=nics, title="Tiny & <small>", description="two\nlines")
    done = brought(role, host, task, lab="web")
    assert [(each["field"], each["before"], each["after"]) for each in done["changes"]] == [("guests[tiny].state", "absent", "running")]
    made = done["after"]["guests"]["tiny"]
    macs = [each["mac"] for each in made["interfaces"]]
    assert (made["lab"], made["autostart"], macs[0], made["interfaces"][1]["alias"]) == ("web", True, FIRST, "ua-back")
    one = guest.Guest(host, "tiny", "vm").ready()
    words = one.run("sh", "-c", "for each in /sys/class/net/[!l]*; do cat $each/address; done").text.split()
    assert words == macs[:2]  # in order; the kernel of the test bed has no driver of the third
    assert one.address("eth0").startswith("10.71.0.") and one.address("eth1").startswith("10.72.0.")
    assert one.run("ping", "-c", "1", "-W", "5", "10.72.0.1").code == 0
    root = stored(host, "tiny")
    assert (root.findtext("title"), root.findtext("description")) == ("Tiny & <small>", "two\nlines")

    moved = {**task, "memory": 192, "vcpus": 2, "title": "", "interfaces": [nics[0], {**nics[1], "link": "down"}, {"mac": macs[2], "state": "absent"}]}
    changed = brought(role, host, moved)
    assert {each["field"]: each["after"] for each in changed["changes"]} == {
        "guests[tiny].memory": 192, "guests[tiny].vcpus": 2, "guests[tiny].title": None, "interfaces[tiny/ua-back].link": "down",
        f"interfaces[tiny/{macs[2]}].state": "absent"}
    assert "guest tiny: title, memory, vcpus: stored, and waiting for the next start of guest tiny" in changed["warnings"]
    assert one.run("cat", "/sys/class/net/eth1/carrier").text.strip() == "0" and stored(host, "tiny").findtext("memory") == "196608"

    shut = role({"name": "tiny", "state": "shutoff"}, check=True)[1]
    assert (shut["cost"], [each["mac"] for each in shut["affected_guests"]]) == ("restart", macs[:2])
    assert "has not in 1 s (shutdown_timeout)" in role.refused({"name": "tiny", "state": "shutoff", "shutdown_timeout": 1})
    brought(role, host, {"name": "tiny", "state": "shutoff", "force": True})
    brought(role, host, {"name": "tiny", "interfaces": [{**nics[1], "link": "up"}], "autostart": False})
    again = guest.Guest(host, "tiny", "vm").ready()
    assert again.address("eth1").startswith("10.72.0.") and again.run("nproc").text.strip() == "2"
    brought(role, host, {"name": "tiny", "state": "absent"})
    assert seen(host) == before


def test_from_images(role, host, ansible):
    """Copied, built upon, grown and empty disks hold what they should; what is there is never written over; all goes with the guest but what was there."""
    host.run("qemu-img", "create", "-q", "-f", "qcow2", "/srv/images/base.qcow2", "8M")
    host.run("qemu-io", "-c", "write -q -P 0x5a 0 1M", "/srv/images/base.qcow2")
    host.run("qemu-img", "create", "-q", "-f", "raw", "/srv/images/own.img", "4M")
    host.run("dd", "if=/dev/urandom", "of=/srv/images/cd.iso", "bs=1M", "count=1", "status=none")
    before = seen(host)
    disks = [{"image": "/srv/images/base.qcow2"}, {"image": "/srv/images/base.qcow2", "backing": True, "size": "16M"}, {"size": "32M", "format": "raw"},
             {"path": "/srv/images/own.img", "format": "raw", "bus": "sata"}, {"path": "/srv/images/cd.iso", "device": "cdrom", "boot_order": 1}]
    web = {"name": "web", "memory": 64, "os": "debian11", "disks": disks, "state": "shutoff", "interfaces": [{"network": "net1", "boot_order": 2}]}
    done = brought(role, host, web)
    assert done["after"]["guests"]["web"]["autostart"] is False
    paths = [f"{IMAGES}/web.qcow2", f"{IMAGES}/web-2.qcow2", f"{IMAGES}/web-3.img", "/srv/images/own.img", "/srv/images/cd.iso"]
    root = stored(host, "web")
    found = [(each.find("source").get("file"), each.find("target").get("dev"), each.get("device")) for each in root.iterfind("devices/disk")]
    assert found == list(zip(paths, ("vda", "vdb", "vdc", "sda", "sdb"), ("disk",) * 4 + ("cdrom",)))
    assert [each.get("order") for each in root.iter("boot")] == ["1", "2"] and "debian/11" in ElementTree.tostring(root, encoding="unicode")
    copy, upon, empty = (info(host, path) for path in paths[:3])
    assert [(each["format"], each["virtual-size"] >> 20) for each in (copy, upon, empty)] == [("qcow2", 8), ("qcow2", 16), ("raw", 32)]
    assert "backing-filename" not in copy and upon["backing-filename"] == "/srv/images/base.qcow2" and upon["backing-filename-format"] == "qcow2"
    for path in paths[:2]:
        assert "verification failed" not in host.run("qemu-io", "-r", "-c", "read -q -P 0x5a 0 1M", path).stdout
    host.run("virsh", "start", "web")  # libvirt may use them
    host.run("qemu-img", "create", "-q", "-f", "qcow2", "/srv/images/other.qcow2", "4M")
    other = {**web, "state": "running", "machine": "pc", "disks": [{"image": "/srv/images/other.qcow2"}, *disks[1:]]}
    count, told = role(other)
    kept = "what a guest is made with, and this one was made with something else, which it keeps"
    assert count == 0 and told["warnings"] == [f"guest web: machine, disks: {kept}. It can be removed with its disks (state: absent) and made anew"]
    words = role.refused({"name": "db", "memory": 64, "disks": [{"path": "/srv/images/own.img", "format": "raw"}]})
    assert "is a disk of guest web: two that write to it would destroy it" in words
    host.run("rm", "/srv/images/other.qcow2")
    brought(role, host, {"name": "web", "state": "absent"})
    assert seen(host) == before


def test_what_cloud_init_reads(role, host):
    """Byte for byte, as the guest's own kernel reads it from a disk of that label; what differs later is told, and not made."""
    before = seen(host)
    web = micro("web", state="shutoff", cloud_init={"user_data": USER_DATA, "network_config": NETWORK_CONFIG}, interfaces=[{"mac": FIRST, "network": "net1"}])
    done = brought(role, host, web)
    assert "runcmd" not in json.dumps(done), "it may be secret"
    seed = f"{IMAGES}/web-seed.iso"
    assert host.run("stat", "-c", "%a", seed).stdout.strip() == "600"
    uuid = done["after"]["guests"]["web"]["uuid"]
    config = f'version: 2\nethernets:\n  one:\n    match:\n      macaddress: {FIRST}\n    dhcp4: true\n'
    texts = {"user-data": USER_DATA, "meta-data": f"instance-id: {uuid}\nlocal-hostname: web\n", "network-config": config}
    assert host.run("blkid", "-o", "value", "-s", "LABEL", seed).stdout.strip() == "cidata"
    count, told = role({**web, "cloud_init": {"user_data": {"hostname": "other"}}})
    assert count == 0 and told["warnings"][0].startswith("guest web: cloud_init.user_data: what a guest is made with")
    web["state"] = "running"
    role(web)
    one = guest.Guest(host, "web", "vm").ready()
    assert one.run("sh", "-c", "mkdir /seed && mount -t iso9660 -o ro /dev/vda /seed").code == 0
    assert {name: decoded(one.run("base64", f"/seed/{name}").text) for name in one.run("ls", "/seed").text.split()} == texts
    assert one.run("dd", "if=/dev/zero", "of=/dev/vda", "count=1").code != 0
    role({"name": "web", "state": "absent"})
    assert seen(host) == before


def decoded(text):
    """The text behind base64."""
    return base64.b64decode(text).decode()


def test_containers(role, host):
    """Of LXC, with the host's files or folders of their own; a new one is as it was, down to its MAC address."""
    before = seen(host)
    host.run("mkdir", "-p", "/srv/images/share")
    folder = {"source": "/srv/images/share", "target": "/mnt", "readonly": True}
    box = {**BOX, "interfaces": [{"network": "net1"}, {"network": "net2"}], "filesystems": [folder]}
    done = brought(role, host, box, uri=LXC)
    macs = [each["mac"] for each in done["after"]["guests"]["box"]["interfaces"]]
    one = guest.Guest(host, "box", "lxc")
    assert one.run("sh", "-c", "cat /sys/class/net/eth0/address /sys/class/net/eth1/address").text.split() == macs
    assert one.run("touch", "/mnt/x").code != 0 and "/mnt" in one.run("cat", "/proc/self/mounts").text
    brought(role, host, {"name": "box", "memory": 96, "state": "shutoff", "force": True}, uri=LXC)
    assert stored(host, "box", LXC).findtext("memory") == "98304"
    brought(role, host, {"name": "box", "state": "absent"}, uri=LXC)
    again = brought(role, host, {**BOX, "name": "box", "state": "shutoff"}, uri=LXC)
    assert again["after"]["guests"]["box"]["interfaces"][0]["mac"] == macs[0]
    role({"name": "box", "state": "absent"}, uri=LXC)
    assert seen(host) == before


#: what cannot be: what is said of it, beside a guest that could be made
WRONG = {
    "memory is None: must be given": {"memory": None},
    "name is 'a/b': must be a name": {"name": "a/b"},
    "title is 'a\\nb': must be one line": {"title": "a\nb"},
    "kernel is '/no/kernel': the host has no such file": {"kernel": "/no/kernel"},
    "initrd is '/x': goes with a kernel": {"kernel": None, "initrd": "/x", "cmdline": None},
    "Unknown OS name 'nonsense'": {"os": "nonsense"},
    "Host does not support": {"machine": "nonsense"},
    "arguments[0] is '--disk=size=1': is not for this place; use disks": {"arguments": ["--disk=size=1"]},
    "arguments[0] is '; reboot': must be one option of virt-install(1)": {"arguments": ["; reboot"]},
    "init is '/bin/sh': is for containers": {"init": "/bin/sh"},
    "disks[0].size is '4k': must be a whole number": {"disks": [{"size": "4k"}]},
    "disks[0].size is None: must be given for a disk that is to be made": {"disks": [{"bus": "sata"}]},
    "disks[0].image is '/srv/images/none': the host has no such file": {"disks": [{"image": "/srv/images/none"}]},
    "disks[0].image is '/srv/../x': must be a whole path": {"disks": [{"image": "/srv/../x"}]},
    "disks[0].size is '1M': is less than that of the image, 8M": {"disks": [{"image": "/srv/images/base.qcow2", "size": "1M"}]},
    "disks[0].path is '/srv/images/base.qcow2': there is such a file already": {"disks": [{"path": "/srv/images/base.qcow2", "size": "9M"}]},
    "disks[0].path is '/none/x.img': the host has no such folder": {"disks": [{"path": "/none/x.img", "size": "9M"}]},
    "disks[0].path is '/srv/images/x': the host has no such file": {"disks": [{"path": "/srv/images/x", "format": "raw"}]},
    "disks[0].format is None: must be given for a disk that is there": {"disks": [{"path": "/srv/images/base.qcow2"}]},
    "disks[0].backing is True: is for a disk with an image": {"disks": [{"size": "1M", "backing": True}]},
    "disks[1].path is '/srv/images/x': is that of another": {"disks": [{"path": "/srv/images/x", "size": "1M"}, {"path": "/srv/images/x", "size": "1M"}]},
    "must be a text, or a mapping, which is written as YAML": {"cloud_init": {"user_data": ["secret"]}},
    "interfaces[0]: network is None: guest tiny has no NIC": {"interfaces": [{"alias": "ua-x"}]},
    "network is 'none': no such network": {"interfaces": [{"network": "none"}]},
    f"interfaces is 'tiny/{FIRST}': is there twice": {"interfaces": [{"network": "net1", "mac": FIRST}, {"network": "net1", "mac": FIRST}]},
}


def test_what_cannot_be_is_refused(ansible, host):
    """By name, in check mode too, with nothing touched."""
    host.run("qemu-img", "create", "-q", "-f", "qcow2", "/srv/images/base.qcow2", "8M")
    before = seen(host)
    tasks = [("virt_guest", {name: value for name, value in micro(**{"name": "tiny", **wrong}).items() if value is not None}) for wrong in WRONG.values()]
    for check in (True, False):
        for words, result in zip(WRONG, ansible.run(*tasks, check=check)):
            assert result.get("failed") and words in result["msg"], (words, result)
    assert seen(host) == before


def test_what_others_made(ansible, host):
    """A guest that is not ours is changed as far as it can be, and its disks are not taken along; one that is transient is told apart."""
    host.run("qemu-img", "create", "-q", "-f", "qcow2", "/srv/images/own.qcow2", "8M")
    document = """<domain type='qemu'><name>db</name><memory>131072</memory><os><type arch='x86_64' machine='q35'>hvm</type></os><devices>
<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/srv/images/own.qcow2'/><target dev='vda' bus='virtio'/></disk>
</devices></domain>"""
    host.run("virsh", "define", "/dev/stdin", input=document)
    before = seen(host)
    told = ansible.module("virt_guest", name="db", state="shutoff", memory=128, cpu="host-model")
    assert not told["changed"] and "cpu: what a guest is made with, and this one was not made by a task of this collection" in told["warnings"][0]
    assert seen(host) == before
    task = {"name": "db", "state": "shutoff", "memory": 256, "interfaces": [{"network": "net1"}]}
    check, done, again = ansible.run(("virt_guest", task, {"check_mode": True}), ("virt_guest", task), ("virt_guest", task))
    assert check["changes"] == done["changes"] and {each["field"] for each in done["changes"]} == {"memory", f"interfaces[db/{mac_of(host)}].state"}
    assert again["changed"] is False and done["after"]["lab"] is None
    ansible.module("virt_guest", name="db", state="absent")
    assert "own.qcow2" in seen(host)["files"] and "db" not in seen(host)["qemu:///system"]
    host.run("virsh", "create", "/dev/stdin", input=document)
    assert ansible.module("virt_guest", name="db", memory=128)["changed"] is False
    for wrong in ({"memory": 256}, {"state": "shutoff"}, {"autostart": True}):
        assert "guest db is transient" in ansible.refused("virt_guest", name="db", **wrong)
    assert ansible.module("virt_guest", name="db", state="absent")["cost"] == "" or "db" not in seen(host)["qemu:///system running"]


def mac_of(host):
    """The MAC address of a guest's only NIC."""
    return stored(host, "db").find("devices/interface/mac").get("address")


@pytest.mark.parametrize("kind", ["machine", "container"])
def test_whatever_fails_or_is_killed(host, inside, kind):
    """At every step of making, changing and removing: what fails is as it was before, and what is killed the next run goes on with."""
    host.run("qemu-img", "create", "-q", "-f", "qcow2", "/srv/images/base.qcow2", "8M")
    if kind == "machine":
        one = {"name": "tiny", "memory": 128, "disks": [{"image": "/srv/images/base.qcow2"}, {"size": "4M"}], "cloud_init": {"user_data": "#cloud-config"},
               "interfaces": [{"network": "net1", "mac": FIRST}]}
    else:
        one = {**BOX, "uri": LXC}
    where = {name: one[name] for name in ("name", "uri") if name in one}
    gone, other = {**where, "state": "absent"}, {**one, "state": "shutoff", "force": True, "memory": 96, "autostart": False}

    def run(options, fault="kill", number=99):
        done = inside(host, "domain_faults", "guest", json.dumps(options), fault, str(number), check=False)
        assert done.returncode in (0, 3, 9), done.stderr
        return done.returncode, json.loads(done.stdout) if done.stdout else {}

    def held():
        found = seen(host)
        return {**found, "files": sorted(line.split()[1] for line in found["files"].splitlines())}

    empty = held()
    for before, wanted in ((gone, one), (one, other), (other, gone)):
        assert "error" not in run(before)[1]
        number, was = 0, held()
        while True:
            failed, said = run(wanted, "fail", number)
            if failed == 3:
                break
            assert "somebody had it fail" in said["error"], said
            if "remove" not in said["steps"]:
                assert held() == was, (number, said)
            run(before)
            assert run(wanted, "kill", number)[0] == 9
            finished, again = (run(wanted)[1] for unused in range(2))
            assert "error" not in finished and again == {"changed": False, "steps": []}, (number, finished, again)
            assert "error" not in run(gone)[1] and "error" not in run(before)[1] and run(before)[1]["changed"] is False
            number += 1
        assert number >= 1
        run(gone)
        assert held() == empty
    # a run that is killed, and a change of mind
    assert run(one, "kill", 2)[0] == 9
    assert "error" not in run(gone)[1] and held() == empty


def test_a_lab_goes_as_a_whole(ansible, role, host):
    """With its network, its guests, and what they were made with, and nothing of others; images come from where a URL says."""
    host.run("qemu-img", "create", "-q", "-f", "qcow2", "/srv/images/base.qcow2", "8M")
    digest = host.run("sha256sum", "/srv/images/base.qcow2").stdout.split()[0]
    image = {"url": "file:///srv/images/base.qcow2", "name": "cloud.qcow2", "checksum": f"sha256:{digest}"}
    ansible.module("virt_host", lab="shop", networks=[{"name": "net3", "ips": []}], bridges=[{"name": "testshop", "persist": "none"}])
    role({"name": "db", "memory": 64, "disks": [{"size": "4M"}], "interfaces": [{"network": "net1"}], "state": "shutoff"})
    before = {name: value for name, value in seen(host).items() if name != "files"}
    shop = [{"name": "web", "interfaces": [{"network": "net3"}, {"bridge": "testshop"}]}, {"name": "tiny", "state": "shutoff"}]
    common = {"memory": 64, "disks": [{"image": "cloud.qcow2", "backing": True}]}
    more = {"lab": "shop", "images": [image], "defaults": common}
    count, told = role(*shop, check=True, **more)
    assert count == 1 and "so that the guests cannot be planned" in told["msg"]
    assert role(*shop, **more)[0] == 2
    assert role(*shop, **more)[0] == role(*shop, check=True, **more)[0] == 0
    host.run("touch", "/srv/images/new")
    wrong = {**image, "checksum": f"sha256:{'0' * 64}"}
    assert "is never written over" in role.refused(*shop, **{**more, "images": [wrong]})
    check, down, again = ansible.run(*[("virt_host", {"lab": "shop", "prune": True}, {"check_mode": only}) for only in (True, False, False)])
    assert check["changes"] == down["changes"] and {each["field"] for each in down["changes"]} >= {"guests[web].state", "guests[tiny].state"}
    assert not any(each["field"].startswith("interfaces") for each in down["changes"]) and not again["changed"]
    assert {name: value for name, value in seen(host).items() if name != "files"} == before
    assert "net3" not in host.run("virsh", "net-list", "--all", "--name").stdout and "testshop" not in host.run("ip", "link").stdout
    assert host.run("ls", IMAGES).stdout.split() == ["cloud.qcow2", "db.qcow2"]
