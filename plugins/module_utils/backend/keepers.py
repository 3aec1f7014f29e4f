# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who brings devices back at boot, what they are told, and what was ever asked of each device, which is written down under /var/lib."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

from .. import deps
from ..codec import link_record, networkd
from ..errors import BackendError
from ..model.link import Kept
from .waiting import until

RECORDS = Path("/var/lib/virtlab.network/links")
UNITS = Path("/etc/systemd/network")
NETIF = Path("/run/systemd/netif")
SYSFS = Path("/sys/class/net")
#: what networkd says of a device that it is through with
SETTLED = ("configured", "unmanaged", "failed", "linger")
#: until networkd has made devices; until it is through with them, which may take STP's time where they have ports
MAKING, SETTLING = 20, 5
#: how often in a row, a tenth of a second apart, it must say so
CALM = 10


def keeper():
    """networkd where it runs, networkmanager where that does, None where nobody brings devices back."""
    running = {"networkmanager": Path("/run/NetworkManager"), "networkd": NETIF}
    services = {"networkmanager": "NetworkManager.service", "networkd": "systemd-networkd.service"}
    return next((name for name, path in running.items() if path.exists() and _active(services[name])), None)


def version():
    """The number of systemd's version, such as 252."""
    said = subprocess.run(["networkctl", "--version"], capture_output=True, text=True, check=False).stdout
    return int(said.split()[1]) if said else 0


def _active(service):
    return subprocess.run(["systemctl", "is-active", "--quiet", service], check=False).returncode == 0


def kept(name):
    """How a device comes back at boot: a Kept, or None."""
    path = RECORDS / f"{name}.json"
    if not path.exists():
        return None
    found = json.loads(path.read_text(encoding="utf-8"))
    record = link_record.load(name, found["record"])
    intact = all(Path(file).exists() if text is None else _text(Path(file)) == text for file, text in found["files"].items())
    return Kept(found["by"], record, intact)


def _text(path):
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None


def keep(devices):
    """Have devices come back at boot, each a pair of its name and a Kept, or not any more where that is None."""
    files = {path.stem: _files(path) for path in RECORDS.glob("*.json")}
    for name, wanted in devices:
        before, after = files.pop(name, {}), {}
        if wanted is not None:
            after = {str(UNITS / file): text for file, text in networkd.units(wanted.record, governed).items()}
        others = set().union(*files.values())
        _replace(before, after, others)
        path = RECORDS / f"{name}.json"
        if wanted is None:
            path.unlink(missing_ok=True)
        else:
            _write(path, json.dumps({"by": wanted.by, "record": link_record.dump(wanted.record), "files": after}, indent=1))
            files[name] = after


def _files(path):
    """What a record says of files: {path: text}."""
    return json.loads(path.read_text(encoding="utf-8"))["files"]


def _replace(before, after, others):
    """Put a device's files in the place of those that it had. Those that ``others`` need as well stay, without what was asked of this one."""
    for file in before:
        if file not in after and file not in others:
            _remove(Path(file))
    for file, text in {**{file: None for file in before if file in others}, **after}.items():
        if text is not None:
            _write(Path(file), text)
        elif file not in after or not Path(file).exists():
            _write(Path(file), networkd.bare(file))


def _write(path, text):
    try:
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        scratch = path.with_name(f".{path.name}.new")
        scratch.write_text(text, encoding="utf-8")
        scratch.chmod(0o644)
        os.replace(scratch, path)
    except OSError as err:
        raise BackendError(f"cannot write {path}: {err.strerror}") from err


def _remove(path):
    path.unlink(missing_ok=True)
    if path.parent.name.endswith(".d") and path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def governed(name):
    """Name of the .network file that networkd has for a device, or None."""
    return Path(_netif(name).get("NETWORK_FILE", "")).name or None


def rival(name):
    """Who else than we configures a device at boot, in words, or None."""
    file = governed(name)
    if file and not file.startswith(networkd.PREFIX):
        return f"{file} of networkd"
    stanza = re.compile(rf"^\s*iface\s+{re.escape(name)}(\s|$)", re.MULTILINE)
    return next((f"{path} of ifupdown" for path in _ifupdown() if stanza.search(_text(path))), None) if deps.program("ifup") else None


def exact(name):
    """True where the .network file that networkd has for a device matches that alone: by its own name without wildcards, or by MAC addresses."""
    path = Path(_netif(name).get("NETWORK_FILE", ""))
    match = re.search(r"^\[Match\]\n(.*?)(?=^\[|\Z)", _text(path) or "", re.MULTILINE | re.DOTALL)
    pairs = dict(line.split("=", 1) for line in match.group(1).splitlines() if "=" in line and not line.startswith("#")) if match else {}
    return pairs.get("Name") == name or "MACAddress" in pairs or "PermanentMACAddress" in pairs


def _ifupdown():
    """The files that ifupdown reads. Source: interfaces(5)."""
    return [path for path in (Path("/etc/network/interfaces"), *sorted(Path("/etc/network/interfaces.d").glob("*"))) if path.is_file()]


def _netif(name):
    """What networkd tells of a device, {} where there is none or networkd does not run."""
    index = (_text(SYSFS / name / "ifindex") or "").strip()
    lines = (_text(NETIF / "links" / index) or "").splitlines() if index else ()
    return dict(line.split("=", 1) for line in lines if "=" in line)


def reload(names):
    """Have networkd read its files again, and wait until the devices of these names are there, and configured."""
    if not names and not _active("systemd-networkd.service"):
        return  # what is gone needs nobody to read it
    done = subprocess.run(["networkctl", "reload"], capture_output=True, text=True, check=False)
    if done.returncode:
        raise BackendError(f"networkctl reload failed: {done.stderr.strip()}")
    if not names:
        return
    until(lambda: all((SYSFS / name).exists() for name in names), MAKING)
    # it takes an address away before it gives the same again, and says that it is configuring only when it gets to that
    until(lambda: all(_netif(name).get("ADMIN_STATE") in SETTLED for name in names), SETTLING, CALM)
