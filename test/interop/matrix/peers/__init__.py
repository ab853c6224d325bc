"""Other people's TLS stacks, each behind the interface of base.Peer."""

from peers.gnutls import GnuTls
from peers.mbedtls import MbedTls
from peers.nss import Nss
from peers.openssl import OpenSsl
from peers.own import Go, Java, Node, WolfSsl

# In the order of the table.
ALL = {peer.key: peer for peer in (OpenSsl, GnuTls, Nss, Go, WolfSsl, MbedTls, Java, Node)}
