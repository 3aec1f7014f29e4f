# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The service that runs boot_script.py at each boot, which comes with the first device that needs it and goes with the last."""

from __future__ import annotations

import inspect
from pathlib import Path

from . import boot_script, files, systemd

SCRIPT = Path("/var/lib/virtlab.network/boot")
UNIT = "virtlab-links.service"
SERVICE = f"""# Made by virtlab.network; goes with the last device that needs it.

[Unit]
Description=What nobody else sets of the devices of virtlab.network
After=network.target

[Service]
Type=oneshot
RemainAfterExit=yes
# teamd goes on by itself, also where something else fails
KillMode=process
ExecStart=/usr/bin/python3 {SCRIPT}

[Install]
WantedBy=multi-user.target
"""


def installed():
    """True where it is there, as this release has it."""
    return systemd.enabled(UNIT, SERVICE) and files.text(SCRIPT) == inspect.getsource(boot_script)


def install():
    """Write it, for the next boot."""
    files.write(SCRIPT, inspect.getsource(boot_script))
    systemd.enable(UNIT, SERVICE)


def remove():
    """Remove it."""
    systemd.disable(UNIT)
    SCRIPT.unlink(missing_ok=True)
