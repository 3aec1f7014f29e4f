# SPDX-License-Identifier: GPL-3.0-or-later
"""Guests on a host's libvirt: QEMU micro machines and LXC containers. Both take leases and answer commands."""

from __future__ import annotations

import base64
import secrets
import shlex
import subprocess
from dataclasses import dataclass
from functools import cached_property
from xml.etree import ElementTree

from .bed import BedError, until
from .host import Host
from .kernel import FOLDER

#: what a micro machine is made of, as libvirt names it
MEMORY = 128
KERNEL, INITRD = f"/{FOLDER}/vmlinuz", f"/{FOLDER}/initrd"
CMDLINE = "console=ttyS0 quiet guest={name} mitigations=off nokaslr no_timer_check random.trust_cpu=on"
CONSOLE = "/var/log/libvirt/qemu/{name}.console"
CHANNEL = "commands"
LXC_INIT = """#!/bin/sh
hostname {name}
ip link set lo up
set --
for device in /sys/class/net/eth*; do
  device=${{device##*/}}
  ip link set "$device" up
  busybox udhcpc -i "$device" -s /etc/lease.sh -x "hostname:{name}" -f -t 5 -T 1 -A 1 > /dev/null 2>&1 &
done
exec sleep infinity
"""
LXC_LEASE = """#!/bin/sh
case $1 in
bound|renew)
  ip address flush dev "$interface" scope global
  ip address add "$ip/${mask:-24}" dev "$interface"
  for address in $router; do ip route replace default via "$address" dev "$interface"; break; done
  : > /etc/resolv.conf
  for address in $dns; do echo "nameserver $address" >> /etc/resolv.conf; done
  [ -z "$domain" ] || echo "search $domain" >> /etc/resolv.conf;;
esac
"""


#: runs on the host: sends a line over a micro machine's channel, and prints what answers it; late answers to others are passed over
ASK = """
import socket, sys
path, line, seconds = sys.argv[1:]
with socket.socket(socket.AF_UNIX) as channel:
    channel.settimeout(float(seconds))
    channel.connect(path)
    channel.sendall(line.encode() + b"\\n")
    token = line.split()[0]
    with channel.makefile("r", encoding="ascii") as lines:
        answer = next((answer for answer in lines if answer.startswith(token + " ")), None)
    sys.exit(answer is None or print(answer[len(token):]))
"""


@dataclass(frozen=True)
class Answer:
    """What a command in a guest came to: exit code, and what it printed on both streams."""

    code: int
    text: str


@dataclass(frozen=True)
class Guest:
    """A running guest. ``kind`` is vm or lxc."""

    host: Host
    name: str
    kind: str

    @property
    def uri(self):
        """The libvirt driver that runs it."""
        return "lxc:///system" if self.kind == "lxc" else "qemu:///system"

    def run(self, *argv, seconds=30):
        """Run a command in the guest; an Answer. Raises BedError where the guest does not answer in time."""
        if self.kind == "vm":
            return self._ask(shlex.join(map(str, argv)), seconds)
        try:
            done = subprocess.run(
                self.host.argv(*self.within(*argv)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds, check=False
            )
        except subprocess.TimeoutExpired as err:
            raise BedError(f"guest {self.name} did not answer {shlex.join(map(str, argv))!r} within {seconds} s") from err
        return Answer(done.returncode, done.stdout)

    def within(self, *argv):
        """What the host runs to run a command in a guest that is a container."""
        return ["nsenter", f"--target={self._init()}", "--net", "--mount", "--uts", "--ipc", "--pid", "--root", "--wd", "--", *argv]

    def address(self, device="eth0", family=4, seconds=180):
        """The guest's global address on a device, without its prefix, once it has one."""

        def found():
            words = self.run("ip", "-o", f"-{family}", "address", "show", "dev", device, "scope", "global").text.split()
            return words[3].partition("/")[0] if len(words) > 3 else None

        return until(found, seconds, f"{self.name} to get an IPv{family} address on {device}")

    def ready(self, seconds=300):
        """Wait until it answers commands; the guest itself."""
        until(lambda: _up(self), seconds, f"guest {self.name} to answer")
        return self

    def stop(self):
        """Pull its plug. Its definition goes with it: guests are transient."""
        self.host.run("virsh", "-q", "-c", self.uri, "destroy", self.name)

    def _ask(self, script, seconds):
        """Have the host send a script over the machine's channel, and print the line that answers it."""
        token = secrets.token_hex(8)
        line = f"{token} {base64.b64encode(script.encode()).decode()}"
        done = self.host.run("/usr/bin/python3", "-c", ASK, self._channel, line, seconds, check=False)
        if done.returncode:
            raise BedError(f"guest {self.name} did not answer {script!r}: {(done.stderr.splitlines() or ['it hung up'])[-1]}")
        code, *text = done.stdout.split()
        return Answer(int(code), base64.b64decode("".join(text)).decode(errors="replace"))

    @cached_property
    def _channel(self):
        document = ElementTree.fromstring(self.host.run("virsh", "-c", self.uri, "dumpxml", self.name).stdout)
        return document.find("devices/channel/source").get("path")

    def _init(self):
        controller = self.host.run("virsh", "-c", self.uri, "domid", self.name).stdout.strip()
        return self.host.run("pgrep", "-P", controller).stdout.split()[0]


def start(host, name, *nics, kind="vm"):
    """Start a guest. Each of ``nics`` is a dict: ``network`` or ``bridge``, and where wanted ``mac`` and ``portgroup``."""
    guest = Guest(host, name, kind)
    document = _vm(name, "kvm" if host.exists("/dev/kvm") else "qemu") if kind == "vm" else _container(name)
    for nic in nics:
        _interface(document.find("devices"), nic, kind)
    if kind == "lxc":
        _container_root(host, name)
    path = f"/run/{name}.xml"
    host.run("tee", path, input=ElementTree.tostring(document, encoding="unicode"))
    host.run("virsh", "-q", "-c", guest.uri, "create", path)
    return guest.ready()


def _up(guest):
    try:
        return guest.run("true", seconds=10).code == 0
    except BedError:
        return False


def _element(parent, tag, text=None, **attributes):
    element = ElementTree.SubElement(parent, tag, attributes)
    element.text = text
    return element


def options(name):
    """What makes a micro machine of a guest of virt_guest's, of which start() makes the same at less expense."""
    return {
        "name": name, "memory": MEMORY, "kernel": KERNEL, "initrd": INITRD, "cmdline": CMDLINE.format(name=name),
        "arguments": [f"--serial=file,path={CONSOLE.format(name=name)}", f"--channel=unix,target.type=virtio,target.name={CHANNEL}", "--memballoon=none"],
    }


def _vm(name, kind):
    root = ElementTree.Element("domain", {"type": kind})
    for tag, text in (("name", name), ("memory", str(MEMORY * 1024)), ("vcpu", "1")):
        _element(root, tag, text)
    boot = _element(root, "os")
    _element(boot, "type", "hvm", arch="x86_64", machine="q35")
    _element(boot, "kernel", KERNEL)
    _element(boot, "initrd", INITRD)
    _element(boot, "cmdline", CMDLINE.format(name=name))
    _element(_element(root, "features"), "acpi")
    devices = _element(root, "devices")
    _element(_element(devices, "serial", type="file"), "source", path=CONSOLE.format(name=name))
    _element(_element(devices, "channel", type="unix"), "target", type="virtio", name=CHANNEL)
    _element(devices, "memballoon", model="none")
    _element(_element(devices, "rng", model="virtio"), "backend", "/dev/urandom", model="random")
    return root


def _container(name):
    root = ElementTree.Element("domain", {"type": "lxc"})
    for tag, text in (("name", name), ("memory", "131072"), ("vcpu", "1")):
        _element(root, tag, text)
    boot = _element(root, "os")
    _element(boot, "type", "exe")
    _element(boot, "init", "/etc/init.sh")
    devices = _element(root, "devices")
    for source, target in ((f"/var/lib/guests/{name}", "/"), ("/usr", "/usr")):
        folder = _element(devices, "filesystem", type="mount")
        _element(folder, "source", dir=source)
        _element(folder, "target", dir=target)
        if target != "/":
            _element(folder, "readonly")
    _element(devices, "console", type="pty")
    return root


def _container_root(host, name):
    """Folders and links of a container's root: /usr is the host's, the rest its own."""
    top = f"/var/lib/guests/{name}"
    host.run("mkdir", "-p", *(f"{top}/{folder}" for folder in ("usr", "etc", "proc", "sys", "dev", "run", "tmp", "root", "var/run")))
    for folder in ("bin", "sbin", "lib", "lib64"):
        host.run("ln", "-sfn", f"usr/{folder}", f"{top}/{folder}")
    files = {"init.sh": LXC_INIT.format(name=name), "lease.sh": LXC_LEASE, "passwd": "root:x:0:0::/root:/bin/sh\n",
             "nsswitch.conf": "hosts: files dns\n", "hosts": f"127.0.0.1 localhost {name}\n"}
    for file, text in files.items():
        host.run("tee", f"{top}/etc/{file}", input=text)
    host.run("chmod", "755", f"{top}/etc/init.sh", f"{top}/etc/lease.sh")


def _interface(devices, nic, kind):
    source = "network" if "network" in nic else "bridge"
    interface = _element(devices, "interface", type=source)
    _element(interface, "source", **{key: nic[key] for key in (source, "portgroup") if key in nic})
    if "mac" in nic:
        _element(interface, "mac", address=nic["mac"])
    if kind == "vm":
        _element(interface, "model", type="virtio")
        _element(interface, "rom", enabled="no")
