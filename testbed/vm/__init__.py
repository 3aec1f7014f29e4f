# SPDX-License-Identifier: GPL-3.0-or-later
"""Hosts in virtual machines: with a kernel of their own, and all that its modules bring."""
