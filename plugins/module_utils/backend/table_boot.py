# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What brings tables and the settings that they need back at boot, and whenever nftables.service is started anew or reloaded, which flushes all tables."""

from __future__ import annotations

from pathlib import Path

from . import files, systemd

FOLDER = Path("/var/lib/virtlab.network/rules")
MAIN = FOLDER.with_suffix(".nft")
SETTINGS = Path("/etc/sysctl.d/99-virtlab-rules.conf")
UNIT = "virtlab-rules.service"
SERVICE = f"""# Made by virtlab.network; goes with the last table.

[Unit]
Description=Address translation and policy of virtlab.network
DefaultDependencies=no
RequiresMountsFor={FOLDER}
Wants=network-pre.target
After=local-fs.target systemd-sysctl.service nftables.service
Before=network-pre.target libvirtd.service virtnetworkd.service libvirt-guests.service shutdown.target
Conflicts=shutdown.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/usr/sbin/nft -f {MAIN}

[Install]
WantedBy=multi-user.target
"""
#: what goes on in the same breath as nftables.service flushes all tables: units that follow it would be late, and would not notice that it starts
FLUSHED = Path("/etc/systemd/system/nftables.service.d/virtlab-rules.conf")
AGAIN = f"""# Made by virtlab.network; goes with the last table.

[Service]
ExecStartPost=-/usr/sbin/nft -f {MAIN}
ExecReload=-/usr/sbin/nft -f {MAIN}
"""


def possible():
    """True where systemd looks after this host."""
    return systemd.runs()


def holds(state, settings):
    """True where all is stored of a table, and of what all need of sysctl(8), {name: value}; and where somebody reads it."""
    stored = files.text(_path(state)) == state.text and all(files.text(path) == text for path, text in _common(settings).items())
    return stored and (systemd.enabled(UNIT, SERVICE) or not systemd.runs())


def _common(settings):
    """{path: text} of what all tables share."""
    lines = "".join(f"{name} = {value}\n" for name, value in sorted(settings.items()))
    return {MAIN: f'include "{FOLDER}/*.nft"\n', SETTINGS: lines, FLUSHED: AGAIN}


def keep(state, settings):
    """Store a table for the next boot."""
    known = files.text(FLUSHED) == AGAIN and systemd.enabled(UNIT, SERVICE)
    files.write(_path(state), state.text)
    for path, text in _common(settings).items():
        files.write(path, text)
    if systemd.runs() and not known:
        systemd.enable(UNIT, SERVICE)
        systemd.reload()
        systemd.start(UNIT, wait=True)


def drop(state, settings):
    """Have nothing of a table be there at the next boot; and nothing that all share with the last."""
    files.remove(_path(state))
    if any(FOLDER.glob("*.nft")):
        files.write(SETTINGS, _common(settings)[SETTINGS])
        return
    files.remove(SETTINGS, folder=False)
    for path in (MAIN, FLUSHED):
        files.remove(path)
    systemd.disable(UNIT)
    if systemd.runs():
        systemd.reload()


def _path(state):
    return FOLDER / f"{state.kind}_{state.name}.nft"
