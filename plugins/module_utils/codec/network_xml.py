# Copyright: (c) 2026, virtlab.network contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""libvirt's ``<network>`` format. Source: https://libvirt.org/formatnetwork.html"""

from __future__ import annotations

from dataclasses import replace

from ..errors import ValidationError
from ..model import network, port, services
from ..model.option import Bag
from . import xml_table
from .xml_table import ON_OFF, YES_NO, Cidr, Fragments, Own, Row, attributes, elements, ignored

DNSMASQ = "http://libvirt.org/schemas/network/dnsmasq/1.0"
#: what the collection keeps in a network's metadata, of which libvirt keeps one element of each namespace: the ownership mark; bridge_ports; and proxied
LAB = Own("lab", "metadata", "{urn:virtlab:network:1}lab")
PORT, PORTS = "{urn:virtlab:bridge-ports:1}port", "{urn:virtlab:bridge-ports:1}ports"
ADDRESS, PROXIED = "{urn:virtlab:proxied:1}address", "{urn:virtlab:proxied:1}proxied"

TABLES = {
    network.Network: attributes("ipv6", "trust_guest_rx_filters", words=YES_NO) + ignored("connections") + (
        Row("name", "name"),
        Row("uuid", "uuid"),
        Row("title", "title"),
        Row("description", "description"),
        Fragments("metadata", "metadata", own=(LAB.item, PORTS, PROXIED)),
        Own("bridge_ports", "metadata", PORT, PORTS),
        Own("proxied", "metadata", PROXIED, kind=network.Proxied),
        Row("mtu", "mtu", "size"),
        Row("mac", "mac", "address"),
        Row("ips", "ip", kind=services.Ip, many=True),
        Row("routes", "route", kind=services.Route, many=True),
        Row("portgroups", "portgroup", kind=network.Portgroup, many=True),
        Row("dnsmasq_options", f"{{{DNSMASQ}}}options", "value", items=f"{{{DNSMASQ}}}option", many=True),
    ) + elements(
        forward=network.Forward, bridge=network.Bridge, domain=network.Domain, dns=services.Dns, vlan=port.Vlan,
        virtualport=port.VirtualPort, bandwidth=port.Bandwidth, port=network.Port,
    ),
    network.Bridge: attributes("name", "delay", "zone", "mac_table_manager") + attributes("stp", words=ON_OFF),
    network.Proxied: attributes("dev") + (Row("addresses", ADDRESS, many=True),),
    network.Domain: attributes("name") + attributes("local_only", "register", words=YES_NO),
    network.Forward: attributes("mode", "dev") + attributes("managed", words=YES_NO) + (
        Row("interfaces", "interface", kind=network.ForwardInterface, many=True),
        Row("addresses", "address", kind=network.PciAddress, many=True),
    ) + elements(driver=network.Driver, pf=network.PhysicalFunction, nat=network.Nat),
    network.Driver: attributes("name", "model"),
    network.PhysicalFunction: attributes("dev"),
    network.ForwardInterface: attributes("dev") + ignored("connections"),
    network.PciAddress: attributes("domain", "bus", "slot", "function") + (Row(attribute="type", fixed="pci"),) + ignored("connections"),
    network.Nat: attributes("ipv6", words=YES_NO) + elements(address=network.AddressRange, port=network.PortRange),
    network.AddressRange: attributes("start", "end"),
    network.PortRange: attributes("start", "end"),
    network.Port: attributes("isolated", words=YES_NO),
    network.Portgroup: attributes("name") + attributes("default", "trust_guest_rx_filters", words=YES_NO) + elements(
        vlan=port.Vlan, virtualport=port.VirtualPort, bandwidth=port.Bandwidth,
    ),
    port.Vlan: attributes("trunk", words=YES_NO) + (Row("tags", "tag", kind=port.VlanTag, many=True),),
    port.VlanTag: attributes("id", "native_mode"),
    port.VirtualPort: attributes("type") + elements(parameters=port.VirtualPortParameters),
    port.VirtualPortParameters: attributes("managerid", "typeid", "typeidversion", "instanceid", "profileid", "interfaceid"),
    port.Bandwidth: elements(inbound=port.Rate, outbound=port.Rate),
    port.Rate: attributes("average", "peak", "burst", "floor"),
    services.Dns: attributes("enable", "forward_plain_names", words=YES_NO) + (
        Row("forwarders", "forwarder", kind=services.Forwarder, many=True),
        Row("txts", "txt", kind=services.Txt, many=True),
        Row("srvs", "srv", kind=services.Srv, many=True),
        Row("hosts", "host", kind=services.DnsHost, many=True),
    ),
    services.Forwarder: attributes("domain", "addr"),
    services.Txt: attributes("name", "value"),
    services.Srv: attributes("service", "protocol", "domain", "target", "port", "priority", "weight"),
    services.DnsHost: attributes("ip") + (Row("hostnames", "hostname", many=True),),
    services.Ip: (Cidr("address"),) + ignored("prefix", "netmask") + attributes("family") + attributes("local_ptr", words=YES_NO) + elements(
        tftp=services.Tftp, dhcp=services.Dhcp,
    ),
    services.Tftp: attributes("root"),
    services.Dhcp: (
        Row("ranges", "range", kind=services.DhcpRange, many=True),
        Row("hosts", "host", kind=services.DhcpHost, many=True),
    ) + elements(bootp=services.Bootp),
    services.DhcpRange: attributes("start", "end") + elements(lease=services.Lease),
    services.DhcpHost: attributes("id", "mac", "name", "ip") + elements(lease=services.Lease),
    services.Lease: attributes("expiry", "unit"),
    services.Bootp: attributes("file", "server"),
    services.Route: (Cidr("address"),) + ignored("prefix", "netmask") + attributes("family", "gateway", "metric"),
}


def parse(document, source="xml"):
    """Read a ``<network>`` document (text) into a Network. Raises ValidationError that names ``source``."""
    root = xml_table.parse(document, source)
    if root.tag != "network":
        raise ValidationError(source, xml_table.shorten(document), f"must be a <network> document, not <{root.tag}>")
    read, unknown = xml_table.read(TABLES, network.Network, root)
    return replace(read, lab=LAB.read(TABLES, root, "")[0], unknown=Bag(unknown))


#: elements that are written by themselves
TAGS = {
    services.DhcpHost: "host", services.DhcpRange: "range", services.DnsHost: "host", services.Txt: "txt", services.Srv: "srv",
    network.Portgroup: "portgroup", network.ForwardInterface: "interface",
}


def part(value):
    """Write a part of a Network as the element (text) that virNetworkUpdate takes."""
    return xml_table.text(xml_table.build(TABLES, value, TAGS[type(value)]))


def check_places(held, wanted):
    """Raise ValidationError where parts that ``held`` (a Network or None) has and this collection does not know would come to another element.

    They are found by their number; an element under it that differs in its attributes may be another.
    """
    build(wanted)
    roots = [xml_table.build(TABLES, replace(each, unknown=()), "network") for each in (held, wanted) if each]
    for path, content in wanted.unknown:
        if held and (path, content) in held.unknown:
            before, after = (xml_table.holder_of(root, path) for root in roots)
            if "[" in path and (before is None or after is None or dict(before.attrib) != dict(after.attrib)):
                raise xml_table.misplaced(path, content)


def build(definition):
    """Write a Network as a ``<network>`` document (text)."""
    root = xml_table.build(TABLES, definition, "network", definition.unknown, {"dnsmasq": DNSMASQ} if definition.dnsmasq_options else None)
    LAB.write(TABLES, definition.lab, root)
    return xml_table.text(root)
