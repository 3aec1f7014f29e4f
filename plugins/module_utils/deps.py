# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Third-party libraries, imported where they are first needed, with one clear message where they are missing; and the host's programs."""

from __future__ import annotations

import os
import shutil

from .errors import DependencyError

PACKAGES = {
    "libvirt": ("python3-libvirt", "libvirt-python"),
    "lxml": ("python3-lxml", "lxml"),
    "pyroute2": ("python3-pyroute2", "pyroute2"),
}


def libvirt():
    """The libvirt bindings, with libvirt's habit of printing errors to stderr turned off."""
    try:
        import libvirt as module
    except ImportError as err:
        raise missing("libvirt", err) from err
    module.registerErrorHandler(lambda *unused: None, None)
    return module


def etree():
    """lxml.etree."""
    try:
        from lxml import etree as module
    except ImportError as err:
        raise missing("lxml", err) from err
    return module


def pyroute2():
    """pyroute2, whose import takes a tenth of a second."""
    try:
        import pyroute2 as module
    except ImportError as err:
        raise missing("pyroute2", err) from err
    return module


def program(name):
    """Path of a program, also where PATH lacks the folders of administrators' ones; None where it is not there."""
    return shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")


def missing(library, err):
    """The DependencyError for ``library``: its package on Debian and RedHat families, and its name on PyPI."""
    package, pypi = PACKAGES[library]
    return DependencyError(
        f"the managed host's Python cannot import {library} ({err}): install the package {package} (or {pypi} from PyPI), "
        "or point ansible_python_interpreter at /usr/bin/python3"
    )
