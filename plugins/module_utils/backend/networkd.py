# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""systemd-networkd: what it has for a device, and having it read its files again."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path

from ..codec import boot, networkd
from ..errors import BackendError
from . import files
from .waiting import until

UNITS = Path("/etc/systemd/network")
NETIF = Path("/run/systemd/netif")
SYSFS = Path("/sys/class/net")
FOLDERS = tuple(map(Path, ("/usr/lib/systemd/network", "/run/systemd/network", "/etc/systemd/network")))
SERVICE = "systemd-networkd.service"
#: what networkd says of a device that it is through with
SETTLED = ("configured", "unmanaged", "failed", "linger")
#: until networkd has made devices; until it is through with them, which may take STP's time where they have ports
MAKING, SETTLING = 20, 5
#: how often in a row, a tenth of a second apart, it must say so
CALM = 10


@cache
def active():
    """True where it runs."""
    return NETIF.exists() and subprocess.run(["systemctl", "is-active", "--quiet", SERVICE], check=False).returncode == 0


@cache
def version():
    """The number of systemd's version, such as 252."""
    said = subprocess.run(["networkctl", "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.split()[1]) if said else 0


def compose(records, names):
    """{name: {path: text}} of the files for the LinkStates ``records``, {name: LinkState}; a text of None stands for what bare() gives.

    What is on top of a device is said in that one's file, wherever that is now; where networkd does not run, to tell, only ``names`` are looked at.
    """
    ours = {*records, *(port for record in records.values() for port in record.port_names)}

    def file(device):
        return f"{networkd.PREFIX}{device}.network" if device in ours else governed(device)

    return {name: {str(UNITS / path): text for path, text in networkd.units(records[name], file).items()} for name in (records if active() else names)}


def makes(record):
    """True where it can make the device of a LinkState."""
    return boot.makes(record, networkd.KEYS, networkd.ELSEWHERE, networkd.KINDS)


def at_boot(records):
    """{name: what is left to be done at boot, entries of codec/boot.py} for LinkStates."""
    default = bool(records) and version() < networkd.CLEARING
    return {name: boot.entries(record, networkd.KEYS, networkd.ELSEWHERE, networkd.KINDS, default) for name, record in records.items()}


def gaps(record):
    """Names of options that nobody sets at boot."""
    return boot.gaps(record, networkd.KEYS, networkd.ELSEWHERE)


def ours(file):
    """True for the name of a file that we wrote."""
    return file.startswith(networkd.PREFIX)


def release(paths):
    """Names of devices whose files are to go, which networkd then leaves alone, or has by what else there is."""
    return [path.stem[len(networkd.PREFIX):] for path in paths if path.parent == UNITS and path.suffix == ".network"]


def give_back(names):
    """Have networkd get to an end with devices that others' files are for. 252 waits for ever to route by an address of IPv6 that it was to give a device,
    and that we gave it meanwhile."""
    back = [name for name in names if governed(name) and not ours(governed(name))]
    if back:
        until(lambda: all(map(_settled, back)), SETTLING, CALM)
    stuck = [name for name in back if not _settled(name)]
    if stuck:
        _networkctl("reconfigure", *stuck)
        until(lambda: all(map(_settled, stuck)), SETTLING, CALM)


def governed(name):
    """Name of the .network file that networkd has for a device, or None."""
    return Path(_netif(name).get("NETWORK_FILE", "")).name or None


def exact(name):
    """True where the .network file that networkd has for a device matches that alone: by its own name without wildcards, or by MAC addresses."""
    path = Path(_netif(name).get("NETWORK_FILE", ""))
    match = re.search(r"^\[Match\]\n(.*?)(?=^\[|\Z)", files.text(path) or "", re.MULTILINE | re.DOTALL) if path.name else None
    pairs = dict(line.split("=", 1) for line in match.group(1).splitlines() if "=" in line and not line.startswith("#")) if match else {}
    return pairs.get("Name") == name or "MACAddress" in pairs or "PermanentMACAddress" in pairs


def inherited(name):
    """(lines for a bridge whose uplink a device is, lines that stay with it) of the units that others have for it."""
    path = Path(_netif(name)["NETWORK_FILE"])
    parts = {each.name: each for folder in _drop_ins(path) for each in folder.glob("*.conf")}  # one in /etc hides those of its name elsewhere
    texts = [files.text(path), *(files.text(parts[each]) for each in sorted(parts) if not each.startswith("virtlab-"))]
    return networkd.inherited(texts, _identity(name))


def _drop_ins(path):
    """Folders of what is added to a unit, wherever that lies."""
    return [folder / f"{path.name}.d" for folder in FOLDERS if (folder / f"{path.name}.d").is_dir()]


def _identity(name):
    """The IAID by which a DHCP server knows a device, as networkd told it; None where it has no lease, or goes by another identity.

    A client identifier of type 255 is 4 bytes of it and the host's DUID (RFC 4361, 6.1).
    """
    lines = _told("leases", name)
    said = next((line.partition("=")[2] for line in lines if line.startswith("CLIENTID=")), "")
    return int(said[2:10], 16) if said.startswith("ff") and len(said) > 10 else None


def _netif(name):
    """What networkd tells of a device, {} where there is none or networkd does not run."""
    return dict(line.split("=", 1) for line in _told("links", name) if "=" in line)


def _told(what, name):
    """Lines of the file that networkd has below a folder for a device; none where there is none."""
    index = (files.text(SYSFS / name / "ifindex") or "").strip()
    return (files.text(NETIF / what / index) or "").splitlines() if index else []


def reload(names):
    """Have networkd read its files again, and wait until the devices of these names are there, and configured."""
    if not active():
        return  # what is gone needs nobody to read it
    _networkctl("reload")
    if not names:
        return
    until(lambda: all((SYSFS / name).exists() for name in names), MAKING)
    # it takes an address away before it gives the same again, and says that it is configuring only when it gets to that
    until(lambda: all(map(_settled, names)), SETTLING, CALM)


def _networkctl(*words):
    done = subprocess.run(["networkctl", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"networkctl {' '.join(words)} failed: {done.stderr.strip()}")


def _settled(name):
    return _netif(name).get("ADMIN_STATE") in SETTLED
