"""The types of network addresses."""

from __future__ import annotations

from ipaddress import (
    IPv4Address,
    IPv4Interface,
    IPv4Network,
    IPv6Address,
    IPv6Interface,
    IPv6Network,
)
from typing import TypeAlias

#: What inet columns become: an address, or an interface when it has a netmask.
InetAddress: TypeAlias = IPv4Address | IPv4Interface | IPv6Address | IPv6Interface
#: What cidr columns become.
CidrNetwork: TypeAlias = IPv4Network | IPv6Network
