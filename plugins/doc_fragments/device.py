# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Documentation of the options of devices, computed from the models that declare them."""

from __future__ import annotations

from ..module_utils.model.bridge import Bridge, BridgePort, Vlans
from ..module_utils.model.link import Link
from ..module_utils.model.link_kinds import Bond, IpVlan, MacVlan, Nic, Team, Tun, Veth, Vlan, Vxlan
from .network import document, refer, suboptions

STATE = """\
name:
  description:
    - Name of the device, 1 to 15 bytes.
  type: str
  required: true
state:
  description:
    - V(present) is there as the options say; what they leave out is left alone. V(absent) is gone.
  type: str
  choices: [present, absent]
  default: present
force:
  description:
    - Remove the device, make it anew or take it down although guests or other programs use it, which cuts them off.
  type: bool
  default: false
steal:
  description:
    - Take ports that are another bridge's.
  type: bool
  default: false
persist:
  description:
    - Who brings the device back at boot, as all says that was ever asked of it. Tasks that say less later change that alone.
    - V(auto) is, for a device that the task makes, NetworkManager where that runs, else systemd-networkd where that runs, else nobody, which a warning
      tells. What was there before is left to who brings it back already.
    - V(networkd) writes units into C(/etc/systemd/network), each for one device and with names that begin with C(00-virtlab-), and has networkd read them.
    - V(networkmanager) writes profiles into C(/etc/NetworkManager/system-connections), with names that begin with C(virtlab-), and
      C(/etc/NetworkManager/conf.d/00-virtlab.conf), which keeps it off libvirt's devices and guests'.
    - What they have no word for is set at boot by C(virtlab-links.service), which is there as long as something needs it. C(05-virtlab.link) keeps udev
      from giving libvirt's devices other MAC addresses.
    - V(none) is nobody, and removes what was written for the device.
  type: str
  choices: [auto, networkd, networkmanager, none]
  default: auto
takeover:
  description:
    - Bring back a device that another unit or profile, or ifupdown, configures. Ours come before others, which stay where they are, and count again once ours
      are gone. Lines of ifupdown's files become comments, and lines again once the device is absent or O(persist=none); a copy of the file as it was is put
      below C(/var/lib/virtlab.network/ifupdown).
    - The device's addresses must be said then, and its routes where it has such as come with the other unit or profile, or with ifupdown. Ours come in the
      place of those that say the same.
    - networkd goes by our unit at once; version 252 takes the device's addresses away and gives them again, within a second. NetworkManager
      goes on with the other profile, beside which stands what the task says, and takes ours when the device is activated the next time, such as at boot.
  type: bool
  default: false
"""

PORTS = """\
ports:
  description:
    - Ports, all that there are to be; V([]) takes them off. TAPs, and what guests use, stay all the same, and are told as C(unmanaged_ports).
    - A port that joins is set up, and takes what these options do not say from the kernel; of one that is there already that is left alone.
  type: list
  elements: dict
  suboptions:
"""
UPLINK = """\
uplink:
  description:
    - NIC, bond or VLAN device that joins the host to its network. The bridge takes its MAC address, its addresses and routes, and becomes what the host
      is reached by; the NIC becomes a port. Where systemd-networkd or NetworkManager configures the NIC, all that its unit or profile says (DHCP client and its
      identity, router advertisements, name servers, domains, routes) goes on to count, for the bridge. Routes that another program gave it, such as
      ifupdown, become the bridge's own; a DHCP client of another program is refused.
    - V(state=absent) gives all of it back; what was there is written down below C(/var/lib/virtlab.network/uplinks).
    - Where the connection that asks for it comes by this NIC, C(rollback_after) has to be given as well.
  type: str
"""
VLANS = """\
vlans:
  description:
    - VLANs of the bridge itself, as a port of its own.
  type: dict
  suboptions:
"""
KIND = """\
kind:
  description:
    - Kind of device, as ip(8) has it; V(nic) is one that is there without this module. Not needed for a device that is there,
      nor where options that are for one kind alone say it, such as O(vlan).
    - A V(team) is made by teamd(8), which has to be installed, and goes on by that.
  type: str
  choices: [bond, team, vlan, macvlan, macvtap, ipvlan, ipvtap, veth, dummy, vxlan, nic]
ports:
  description:
    - Names of the ports of a bond or team, all that there are to be; V([]) takes them off.
  type: list
  elements: str
"""
OWN = {
    "bond": (Bond, "For O(kind=bond)."), "vlan": (Vlan, "For O(kind=vlan)."), "macvlan": (MacVlan, "For O(kind=macvlan) and O(kind=macvtap)."),
    "ipvlan": (IpVlan, "For O(kind=ipvlan) and O(kind=ipvtap)."), "veth": (Veth, "For O(kind=veth)."), "vxlan": (Vxlan, "For O(kind=vxlan)."),
    "nic": (Nic, "For O(kind=nic)."), "team": (Team, "For O(kind=team)."),
}


def bridge(path=""):
    """YAML of the options of one bridge."""
    common = refer(STATE, path) + document(Link, path=path, skip=("link", "controller", "port"))
    ports = refer(PORTS, path) + document(BridgePort, indent="    ", path=f"{path}ports[].")
    return common + document(Bridge, path=path) + ports + refer(UPLINK, path) + refer(VLANS, path) + document(Vlans, indent="    ", path=f"{path}vlans.")


def tap(path=""):
    """YAML of the options of one TAP or TUN device."""
    return refer(STATE, path) + document(Link, path=path, skip=("link",)) + document(Tun, path=path)


def link(path=""):
    """YAML of the options of one device of another kind."""
    text = refer(STATE, path) + document(Link, path=path) + refer(KIND, path)
    for name, (cls, help_) in OWN.items():
        text += refer(f"{name}:\n  description:\n    - {help_}\n  type: dict\n  suboptions:\n", path)
        text += document(cls, indent="    ", path=f"{path}{name}.")
    return text


def _list(kind, text):
    head = f"options:\n  {kind}s:\n    description:\n      - Each in the shape of M(virtlab.network.virt_{kind}).\n    type: list\n    elements: dict\n"
    return f"{head}    suboptions:\n{suboptions(text, 3)}"


class ModuleDocFragment:
    """The fragments virtlab.network.device.bridge, .tap and .link: one device's options; and .bridges, .taps and .links: those of virt_host's lists."""

    BRIDGE: str = "options:\n" + suboptions(bridge(), 1)
    TAP: str = "options:\n" + suboptions(tap(), 1)
    LINK: str = "options:\n" + suboptions(link(), 1)
    BRIDGES: str = _list("bridge", bridge("bridges[]."))
    TAPS: str = _list("tap", tap("taps[]."))
    LINKS: str = _list("link", link("links[]."))
