# SPDX-License-Identifier: GPL-3.0-or-later
"""Disposable libvirt hosts for tests: real systemd, real libvirtd, real guests, in namespaces."""
