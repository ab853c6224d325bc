#!/bin/sh
# Makes the network interface of the TLS echo server: tls-echo0, alone in the network namespace
# tls-echo, so that neither the kernel's IP stack nor any other program of this machine uses it.
#
#   netif up macvlan PARENT   a hardware address of its own on the Ethernet interface PARENT
#   netif up bridge BRIDGE    a port of a bridge that is there
#   netif down                removes what "up" made
set -eu

namespace=tls-echo
interface=tls-echo0
bridge_port=tls-echo-port

die() {
    echo "netif: $*" >&2
    exit 1
}

usage() {
    sed -n '2,/^set /{/^#/s/^# \{0,1\}//p;}' "$0" >&2
    exit 64
}

# Sets address to the words for ip(8): a locally administered address (bit 1 of the first byte), the
# same after each start, so that a DHCP server knows this machine again.
find_address() {
    id=$(cat /etc/machine-id 2>/dev/null) || id=
    if [ -z "$id" ]; then
        echo "netif: no id in /etc/machine-id: the hardware address is another one each time" >&2
        address=
        return
    fi
    address="address $(printf 'tls-echo netif %s' "$id" | sha256sum |
        sed 's/^\(..\)\(..\)\(..\)\(..\)\(..\).*/02:\1:\2:\3:\4:\5/')"
}

make_macvlan() {
    [ ! -e "/sys/class/net/$1/phy80211" ] ||
        die "$1 is Wi-Fi, where an access point talks to one hardware address alone: use a wired" \
            "interface, or a bridge of this machine that routes"
    # shellcheck disable=SC2086 # two words, or none
    ip link add link "$1" name "$interface" netns "$namespace" $address type macvlan mode bridge
}

make_bridge_port() {
    [ -n "$(ip link show dev "$1" type bridge)" ] || die "$1 is no bridge"
    # shellcheck disable=SC2086 # two words, or none
    ip link add "$bridge_port" type veth peer name "$interface" netns "$namespace" $address
    ip link set "$bridge_port" master "$1" up
}

# The kernel gets no address on it, not even IPv6's own: the firmware is alone there. All multicast
# comes in, as the kernel does not know which groups the firmware is in.
switch_on() {
    ip -n "$namespace" link set "$interface" addrgenmode none allmulticast on
    ip -n "$namespace" link set "$interface" up
}

remove() {
    ip link delete "$bridge_port" 2>/dev/null || true
    # A server that still runs keeps the namespace, but no longer the interface.
    ip -n "$namespace" link delete "$interface" 2>/dev/null || true
    ip netns delete "$namespace" 2>/dev/null || true
}

make() {
    ip link show dev "$2" >/dev/null 2>&1 || die "there is no interface $2"
    find_address
    remove
    ip netns add "$namespace"
    trap remove EXIT
    case $1 in
    macvlan) make_macvlan "$2" ;;
    bridge) make_bridge_port "$2" ;;
    esac
    switch_on
    trap - EXIT
}

case ${1:-}:${2:-}:$# in
up:macvlan:3 | up:bridge:3) make "$2" "$3" ;;
down::1) remove ;;
*) usage ;;
esac
