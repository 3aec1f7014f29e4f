# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""From options to a guest: what follows from what is not said, and what is refused before anything is looked at."""

from __future__ import annotations

import pytest
from ansible_collections.virtlab.network.plugins.module_utils.desired.tasks import wanted_of
from ansible_collections.virtlab.network.plugins.module_utils.errors import UnsupportedError, ValidationError
from ansible_collections.virtlab.network.plugins.module_utils.model.guest import OWN_WORDS, Disk

from tests.unit.module_utils.plan.nics import ONE
from tests.unit.module_utils.plan.test_guest import IMAGES, UUID, Host, guest, options


def wanted(host=None, **task):
    """What a task asks for: the guest and its NICs."""
    first, *others = wanted_of("guest", options(memory=64, **task), "web", host or Host())
    return first, others


def test_disks():
    """Each has a whole path, a format, and a place on a bus."""
    disks = [{"image": "debian.qcow2", "backing": True}, {"size": "9M", "format": "raw", "bus": "sata"}, {"path": "cd.iso", "device": "cdrom"},
             {"path": "/dev/vg/lv", "format": "raw"}]
    assert wanted(disks=disks, directory="/srv")[0].given.disks == (
        Disk("/srv/vm.qcow2", "/srv/debian.qcow2", True, None, "qcow2", "virtio", "disk"), Disk("/srv/vm-2.img", None, None, "9M", "raw", "sata", "disk"),
        Disk("/srv/cd.iso", None, None, None, "raw", "sata", "cdrom"), Disk("/dev/vg/lv", None, None, None, "raw", "virtio", "disk"))
    assert wanted(disks=[{"size": "1G"}])[0].given.disks[0].path == f"{IMAGES}/vm.qcow2"


def test_what_cloud_init_reads():
    """Texts as they are for the disk, digests for all else; the name and the UUID where no meta-data is given, and an empty one where it is empty."""
    one = wanted(cloud_init={"user_data": "secret"})[0]
    assert (one.seed.user_data, one.seed.meta_data, one.seed.network_config) == ("secret", f"instance-id: {UUID}\nlocal-hostname: vm\n", None)
    assert one.given.cloud_init.user_data.startswith("sha256:") and one.given.cloud_init.meta_data is None and "secret" not in repr(one)
    assert wanted(cloud_init={"meta_data": ""})[0].seed.meta_data == ""
    assert wanted(cloud_init={})[0].seed.user_data == ""


def test_nics():
    """Known by their alias or MAC address, or else by their place, and by nothing where there is one."""
    nics = wanted(interfaces=[{"network": "a"}, {"network": "a", "mac": ONE}, {"network": "a"}])[1]
    macs = [each.given.mac for each in nics]
    assert macs[1] == ONE and len(set(macs)) == 3 and [each.name for each in nics] == [f"vm/{mac}" for mac in macs]
    assert [each.given.mac for each in wanted(interfaces=[{"network": "b"}])[1]] == macs[:1]
    with pytest.raises(ValidationError, match=r"interfaces\[1\]: portgroup is 'x'"):
        wanted(interfaces=[{"network": "a"}, {"bridge": "br0", "portgroup": "x"}])


@pytest.mark.parametrize("word", [f"--{word}=x" for word in OWN_WORDS] + ["--dis=x", "--pri", "--w=1", "-x", "disk", "--disk size=1", "--a\nb", ""])
def test_words_that_are_not_for_virt_install(word):
    """What options of ours say, or would have it do something, also where it is shortened, as virt-install allows."""
    with pytest.raises(ValidationError, match=r"arguments\[0\]") as caught:
        wanted(arguments=[word])
    assert caught.value.remedy or "must be one option" in str(caught.value)


@pytest.mark.parametrize("word", ["--sound=none", "--tpm=model=tpm-crb,backend.type=emulator", "--boot=uefi", "--memballoon=none", "--hvm", "--cputune=x"])
def test_words_that_are(word):
    """The rest is virt-install's to judge."""
    assert wanted(arguments=[word])[0].given.arguments == (word,)


@pytest.mark.parametrize(("words", "driver", "task"), [
    ("is for machines", "LXC", {"disks": [{"size": "1G"}]}), ("is for machines", "LXC", {"cloud_init": {"user_data": "secret"}}),
    ("is for containers", "QEMU", {"filesystems": [{"source": "/x", "target": "/"}]}), ("must be a whole path", "LXC", {"init": "sh"}),
    ("must be a whole path", "LXC", {"filesystems": [{"source": "x", "target": "/"}]}), ("must be a whole path", "QEMU", {"directory": "images"}),
    ("must be 25 at most", "QEMU", {"disks": [{"size": "1M"}] * 26}), ("image that a disk is made from", "QEMU", {"disks": [
        {"size": "1M", "path": "/x"}, {"image": "/x"}]}),
])
def test_what_is_refused(words, driver, task):
    """By name, with nothing that may be secret."""
    with pytest.raises(ValidationError) as caught:
        wanted(Host(driver=driver), **task)
    assert words in str(caught.value) and "secret" not in str(caught.value)


def test_where_guests_are_made():
    """On this host, of drivers that run them."""
    for host, words in ((Host(), "leads to another host"), (Host(driver="TEST"), "driver TEST")):
        host.remote = host.driver == "QEMU"
        with pytest.raises(UnsupportedError, match=words):
            wanted(host)


def test_a_guest_that_is_there_needs_nothing_said():
    """Not even its memory."""
    first, *others = wanted_of("guest", options(), "web", Host(guest()))
    assert not first.new and first.uuid == UUID and not others
