# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkManager on this host, asked and told by nmcli(1). Its files are written by whoever knows what was there before."""

from __future__ import annotations

import grp
import os
import pwd
import re
import subprocess
from functools import cache
from pathlib import Path

from .. import deps
from ..codec import networkmanager, networkmanager_uplink
from ..errors import BackendError, about
from . import files, iproute, uplinks
from .waiting import until

PROFILES = Path("/etc/NetworkManager/system-connections")
UNITS = Path("/etc/systemd/network")
CONFIGURATION = Path("/etc/NetworkManager/conf.d/00-virtlab.conf")
#: of profiles that it wrote itself, or takes from us; those of distributions before may be in other formats
SUFFIX = ".nmconnection"
#: profiles that NetworkManager made up to describe what it found, and that are gone with it
VOLATILE = Path("/run/NetworkManager/system-connections")
#: names of devices that it leaves alone until they are given back; as that it is over with the next boot
RELEASED = Path("/run/virtlab.network/released")
SYSFS = Path("/sys/class/net")
#: states of a device that is as its profile says, and of one that NetworkManager did not make, and leaves as it is
CONNECTED, EXTERNAL = "connected", ("connected (externally)", "unmanaged")
#: of one that waits for addresses, and takes ports
GETTING = "connecting (getting IP configuration)"
#: states of a device that it is to look after, and has nothing to do for
IDLE = ("disconnected", "unavailable", "connected (externally)")
#: how often in a row, a tenth of a second apart, a device must be in one of those: it is for a moment before NetworkManager looks for a profile
CALM = 10
#: seconds until NetworkManager has made devices, which may take STP's time where they have ports, and until those are gone that it is to remove
MAKING = 40


@cache
def active():
    """True where NetworkManager runs."""
    return deps.program("nmcli") is not None and _nmcli("-t", "-f", "RUNNING", "general", check=False).strip() == "running"


@cache
def version():
    """The version of the NetworkManager that runs, such as (1, 42, 4); () where none does."""
    said = _nmcli("-t", "-f", "VERSION", "general", check=False) if active() else ""
    return tuple(int(number) for number in re.findall(r"\d+", said)[:3])


def governed(name):
    """Name of the file of the profile that NetworkManager has for a device, active or to be activated by itself; None where there is none."""
    profile = _governing(name) if active() else None
    return profile["path"].name if profile is not None else None


def _governing(name):
    profiles = _profiles()
    if not (SYSFS / name).exists():
        return next((each for each in profiles.values() if each["device"] == name and each["auto"]), None)
    device, current, follows = _look(name)
    if follows:
        return current
    offered = [profiles.get(value.partition(" ")[0]) for key, value in device.items() if key.startswith("CONNECTIONS.AVAILABLE-CONNECTIONS")]
    willing = [each for each in offered if each is not None and each["auto"] and each is not current]
    return max(willing, key=lambda each: each["priority"], default=None)


def inherited(name):
    """(lines for a bridge whose uplink a device is, lines that stay with it) of the profile that it has; None where that is in another format than ours.

    Raises UnsupportedError where a port cannot be what that says.
    """
    path = _governing(name)["path"]
    if path.suffix != SUFFIX:
        return None
    with about(f"uplink is {name!r}"):
        return networkmanager_uplink.inherited(files.text(path), _seen(name), files.text(SYSFS / name / "address").strip())


def _seen(name):
    """What a device has by its profile."""
    said = _fields(_nmcli("-t", "-e", "no", "-f", "DHCP4,DHCP6,IP4,IP6", "device", "show", name))
    options = {(key[4], *value.split(" = ", 1)) for key, value in said.items() if key.startswith("DHCP") and " = " in value}
    found = {(version, option): value for version, option, value in options}
    metrics = {version: int(metric[1]) for version in (6, 4) for key, value in reversed(said.items())
               if key.startswith(f"IP{version}.ROUTE") and "dst = fe80:" not in value and (metric := re.search(r"mt = (\d+)", value))}
    made = [f"{each['local']}/{each['prefixlen']}" for entry in iproute.read("ip", "-6", "address", "show", "dev", name, "scope", "global")
            for each in entry.get("addr_info", ()) if each.get("dynamic") and not each.get("temporary")]
    return networkmanager_uplink.Seen(found.get(("4", "dhcp_client_identifier")), found.get(("6", "dhcp6_client_id")), found.get(("6", "iaid")), metrics,
                                      tuple(made))


def _look(name):
    """(what nmcli says of a device, the profile that it has, and whether it follows that one, which is else a description of what was found)"""
    device = _fields(_nmcli("-t", "-f", "GENERAL.STATE,GENERAL.CON-UUID,CONNECTIONS", "device", "show", name, check=False))
    current = _profiles().get(device.get("GENERAL.CON-UUID"))
    return device, current, current is not None and "externally" not in device["GENERAL.STATE"]


@cache
def _profiles():
    """As of the first look, {UUID: that and its file, whether it is activated by itself, and its priority} of all profiles."""
    found = {}
    for line in _nmcli("-t", "-f", "UUID,FILENAME,AUTOCONNECT,AUTOCONNECT-PRIORITY,DEVICE", "connection", "show").splitlines():
        identity, path, auto, priority, device = _split(line)
        found[identity] = {"uuid": identity, "path": Path(path), "auto": auto == "yes", "priority": int(priority), "device": device}
    return found


def states():
    """{device: its state} in NetworkManager's words."""
    return dict(_split(line) for line in _nmcli("-t", "-f", "DEVICE,STATE", "device").splitlines())


def compose(records, unused):
    """{name: {path: text}} of the files for all of the LinkStates ``records``, {name: LinkState}: what one says of another is in that one's file."""
    profiles, links = networkmanager.profiles(records, version(), number), networkmanager.links(records)
    return {name: {**{str(PROFILES / file): text for file, text in profiles[name].items()},
                   **{str(UNITS / file): text for file, text in links.get(name, {}).items()}} for name in records}


def common(records):
    """{path: text} of what goes for all devices together."""
    return {str(CONFIGURATION): networkmanager.configuration(records)} if records else {}


def makes(record):
    """True where it can make the device of a LinkState; one that is to get addresses by a NIC that is not its port yet is ours to make."""
    return not record.inherited and networkmanager.makes(record, version())


def at_boot(records):
    """{name: what is left to be done at boot, entries of codec/boot.py} for the LinkStates of all devices that it brings back."""
    return networkmanager.at_boot(records, version())


def gaps(record):
    """Names of options that nobody sets at boot."""
    return networkmanager.gaps(record, version())


def ours(file):
    """True for the name of a file that we wrote."""
    return file.startswith(networkmanager.PREFIX)


def exact(unused):
    """True: profiles are for one device."""
    return True


def reload(names):
    """Have NetworkManager read its files anew, and forget those that are there no more.

    It makes devices of its own accord as it reads their profiles, controllers before ports and parents before what is on top of them, and leaves alone what
    is there, also where its profile says something else now. Waits until the devices of these names are there, and as their profiles say.
    """
    if not active():
        return
    subprocess.run(["udevadm", "control", "--reload"], check=False)  # it reads .link files anew every three seconds alone
    _nmcli("general", "reload", "conf")
    _nmcli("connection", "reload")
    names = _profiled(names)
    _profiles.cache_clear()
    for bridge in uplinks.recorded().intersection(names):
        _follow(bridge)
    until(lambda: not unready(names), MAKING)
    late = unready(names)
    if late:
        raise BackendError(f"NetworkManager did not bring up {', '.join(late)}: {'; '.join(filter(None, map(_why, late)))}")


def _follow(bridge):
    """Have a bridge that has an uplink follow its profile now, and its ports theirs: as long as the NIC has its own its client goes on.

    A port that has no profile while its bridge begins to follow one does not get another of its own meanwhile.
    """
    ports = [name for name in _kept(path.name for path in (SYSFS / bridge / "brif").iterdir()) if not _ours_now(name)]
    stranger = not _ours_now(bridge)
    for port in ports:
        _nmcli("device", "disconnect", port)
    if stranger:
        _nmcli("--wait", "0", "connection", "up", networkmanager.identity(bridge))
        until(lambda: states().get(bridge) in (GETTING, CONNECTED), MAKING)
    for port in ports:
        _nmcli("--wait", str(MAKING), "connection", "up", networkmanager.identity(port))
    until(lambda: states().get(bridge) == CONNECTED, MAKING)


def _ours_now(name):
    """True for a device that follows its profile of ours."""
    unused, current, follows = _look(name)
    return follows and ours(current["path"].name)


def _profiled(names):
    """Those of some devices that have a profile which it follows by itself: what it cannot make is not its own, and a NIC may be left down."""
    return [name for name, text in _kept(names).items() if networkmanager.AUTO in text]


def _kept(names):
    """{name: text} of the profiles of ours that some devices have."""
    found = {name: files.text(PROFILES / networkmanager.file(name)) for name in names}
    return {name: text for name, text in found.items() if text is not None}


def unready(names):
    """Those of some devices that NetworkManager is not through with."""
    found = states()
    return [name for name in names if found.get(name) not in (CONNECTED, *EXTERNAL)]


def _why(name):
    """What NetworkManager says of a device."""
    device = _fields(_nmcli("-t", "-f", "GENERAL.STATE,GENERAL.REASON", "device", "show", name, check=False))
    return f"{name} is {device['GENERAL.STATE']}, {device['GENERAL.REASON']}" if device else f"there is no {name}"


def release(paths):
    """Have NetworkManager leave devices alone whose profiles' files are to go: it would else remove those that it made, and empty others.

    One that follows another profile goes on to.
    """
    names = [path.stem[len(networkmanager.PREFIX):] for path in paths if path.parent == PROFILES] if active() else []
    found = {name: _look(name) for name in names if (SYSFS / name).exists()}
    left = [name for name, (unused, current, follows) in found.items() if not follows or ours(current["path"].name)]
    _remember({*_released(), *left})
    for name in left:
        _nmcli("device", "set", name, "managed", "no")


def _released():
    """Names of the devices that it was to leave alone, by this run or one that was killed, and did not get back."""
    return (files.text(RELEASED) or "").split()


def _remember(names):
    if names:
        files.write(RELEASED, "\n".join(sorted(names)))
    else:
        files.remove(RELEASED)


def give_back():
    """Have NetworkManager look after devices again that it was to leave alone: NICs, and what a person's profile names, unless they are ports.

    Others that stay would be altered by that. Waits until NetworkManager is through with them.
    """
    names = _released()
    if not names or not active():
        return
    there = [name for name in names if (SYSFS / name).exists() and not (SYSFS / name / "master").exists()]
    free = [name for name in there if name not in _kept(names)]
    named = _named() if free else ()
    back = [name for name in free if name in named or (SYSFS / name / "device").exists()]
    for name in back:
        iproute.run("ip", "link", "set", "dev", name, "up")  # it takes devices as they are then, and a former port is down
        _nmcli("device", "set", name, "managed", "yes")
    if back:
        until(lambda: all(state in (CONNECTED, *IDLE) for name, state in states().items() if name in back), MAKING, CALM)
        _profiles.cache_clear()
    for name in back:  # what it takes for what a profile says has more routes than that, and a client's is not there
        profile = _governing(name)
        if profile is not None and profile["path"].parent != VOLATILE:
            _activate(name, profile)
    _remember([name for name in names if name not in free and (SYSFS / name).exists()])


def _activate(name, profile):
    """Have a device be as a profile says. The first time NetworkManager may take over addresses that are there, with the kernel's routes beside its own."""
    up = ("--wait", str(MAKING), "connection", "up", profile["uuid"])
    _nmcli(*up, check=False)
    held = (each for entry in iproute.read("ip", "-4", "address", "show", "dev", name) for each in entry.get("addr_info", ()))
    if not all(each.get("noprefixroute") for each in held):
        _nmcli(*up, check=False)


def _named():
    """Names of the devices that somebody's profiles are for."""
    found = (_split(line) for line in _nmcli("-t", "-f", "UUID,FILENAME", "connection", "show").splitlines())
    written = [identity for identity, path in found if Path(path).parent != VOLATILE]
    return frozenset(_nmcli("-g", "connection.interface-name", "connection", "show", *written).split()) if written else frozenset()


def number(option, name):
    """The number of a TAP's owner or group, which is given by name or number."""
    if name.isdecimal():
        return name
    try:
        return str(pwd.getpwnam(name).pw_uid if option == "owner" else grp.getgrnam(name).gr_gid)
    except KeyError:
        raise BackendError(f"{option} {name} is not known to this host any more") from None


def _nmcli(*words, check=True):
    """What nmcli prints, '' where it fails and that is not to be an error."""
    done = subprocess.run(["nmcli", *words], capture_output=True, text=True, check=False, env={**os.environ, "LC_ALL": "C"})
    if done.returncode and check:
        raise BackendError(f"nmcli {' '.join(words)} failed: {(done.stderr or done.stdout).strip()}")
    return "" if done.returncode else done.stdout


def _fields(text):
    """{field: value} of what nmcli -t prints, a field a line. The values that are wanted here have no colons."""
    return dict(line.split(":", 1) for line in text.splitlines() if ":" in line)


def _split(line):
    r"""The fields of a line of nmcli -t, which writes a colon within one as \:."""
    return [re.sub(r"\\(.)", r"\1", field) for field in re.split(r"(?<!\\):", line)]
