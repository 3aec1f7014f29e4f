# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who brings devices back at boot, what they are told, and what was ever asked of each device, which is written down under /var/lib."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

from ..codec import link_record
from ..codec.networkd import bare
from ..codec.udev import guests
from ..model.link import Kept, Rival
from . import boot, files, ifupdown, networkd, networkmanager

RECORDS = Path("/var/lib/virtlab.network/links")
#: backends by the word of the option persist; where both run, the first is asked where nobody says which
KEEPERS = {"networkmanager": networkmanager, "networkd": networkd}
#: NetworkManager takes no profile that others can read
MODES = {".nmconnection": 0o600}


def running():
    """Those of KEEPERS that run, which bring devices back."""
    return tuple(name for name, backend in KEEPERS.items() if backend.active())


def recorded():
    """Names of the devices that come back at boot."""
    return frozenset(path.stem for path in RECORDS.glob("*.json"))


def kept(name):
    """How a device comes back at boot: a Kept, or None."""
    found = _read(RECORDS / f"{name}.json")
    if found is None:
        return None
    intact = all(_intact(Path(path), text) for path, text in found["files"].items())
    record = link_record.load(name, found["record"])
    return Kept(found["by"], record, intact and (not found["boot"] or boot.installed()), makes(found["by"], record))


def _intact(path, text):
    """True where a file is as it was left; what nobody but root may read is taken to be so."""
    try:
        return path.exists() if text is None else files.text(path) == text
    except PermissionError:
        return True


def makes(by, record):
    """True where one of KEEPERS can make the device of a LinkState, and False where we have to."""
    return KEEPERS[by].makes(record)


def gaps(wanted):
    """Names of options of a Kept that nobody sets at boot."""
    return KEEPERS[wanted.by].gaps(wanted.record)


def inherited(name, by):
    """What others' files say of a device: (lines that go to a bridge whose uplink it is, lines that stay with it), each as LinkState has them.

    None where they are another program's than ``by``, which cannot say them.
    """
    found = rival(name)
    if found is None:
        return (), ()
    return KEEPERS[by].inherited(name) if found.by == by else None


def rival(name):
    """The Rival that configures a device at boot, or None."""
    for by, backend in KEEPERS.items():
        file = backend.governed(name)
        if file and not backend.ours(file):
            return Rival(by, file, backend.exact(name))
    path, method = ifupdown.stanza(name) or (None, None)
    return Rival("ifupdown", str(path), True, method, str(ifupdown.BACK)) if path else None


def keep(devices):
    """Have devices come back at boot, each a pair of its name and a Kept, or not any more where that is None.

    Returns the names of those that are to be given back once all else is done.
    """
    held = {name: _read(RECORDS / f"{name}.json") for name in recorded()}
    told = {name: {"by": wanted.by, "record": link_record.dump(wanted.record)} for name, wanted in devices if wanted is not None}
    records = {**{name: record for name, record in held.items() if name not in dict(devices)}, **told}
    _compose(records, told)
    for name, record in records.items():
        if record != held.get(name):
            files.write(RECORDS / f"{name}.json", json.dumps(record, indent=1))
    released = _replace(_files(held), _files(records))
    claims = {name: _claims(name, record) for name, record in records.items()}
    for device in itertools.chain(*(claims[name] for name in told)):
        ifupdown.take(device)
    for device in set(ifupdown.taken()).difference(*claims.values()):
        ifupdown.give_back(device)
    if any(record["boot"] for record in records.values()):
        boot.install()
    elif any(record["boot"] for record in held.values()):
        boot.remove()
    for name in held.keys() - records.keys():  # last, for a run that is killed before
        files.remove(RECORDS / f"{name}.json")
    return released


def give_back(names):
    """Give devices back to whom they were taken from. What NetworkManager gets back it has written down itself, for a run that is killed before."""
    networkmanager.give_back()
    networkd.give_back(names)


def _replace(before, after):
    """Put files in the place of others, both {path: text}. Returns the names of devices that are to be given back."""
    gone = [Path(path) for path in before.keys() - after.keys()]
    networkmanager.release(gone)
    released = networkd.release(gone)
    for path in gone:
        files.remove(path)
    for path, text in after.items():
        if files.text(Path(path)) != text:
            files.write(Path(path), text, MODES.get(Path(path).suffix, 0o644))
    return released


def _compose(records, touched):
    """Put into records what follows from them: files, and what is to be done at boot."""
    for by, backend in KEEPERS.items():
        states = _states(records, by)
        texts, left = backend.compose(states, [name for name in states if name in touched]), backend.at_boot(states)
        for name in texts:
            records[name] = {**records[name], "files": texts[name], "boot": left[name]}


def _states(records, by):
    return {name: link_record.load(name, record["record"]) for name, record in records.items() if record["by"] == by}


def _claims(name, record):
    """Names of the devices that a record has something for: its own, and those of its ports."""
    ports = record["record"]["ports"]
    return [name, *(port if isinstance(port, str) else port["name"] for port in ports)]


def _files(records):
    """{path: text} of what all records say together; a file that nobody has a text for is there for the drop-ins beside it."""
    found = {str(networkd.UNITS / path): text for path, text in guests().items()} if records else {}
    found.update(networkmanager.common(_states(records, "networkmanager")))
    for record in records.values():
        found.update({path: text for path, text in record["files"].items() if text is not None or path not in found})
    return {path: bare(path) if text is None else text for path, text in found.items()}


def _read(path):
    text = files.text(path)
    return None if text is None else json.loads(text)


def reload(names):
    """Have those who bring devices back read their files again, and wait until the devices of these names are there, and configured."""
    told = {name: _read(RECORDS / f"{name}.json") for name in names}
    for by, backend in KEEPERS.items():
        backend.reload([name for name, record in told.items() if record is None or record["by"] == by])
