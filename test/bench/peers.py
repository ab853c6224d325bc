"""The servers that are compared: the firmware in its combinations, and what a user would pick instead."""

import os
import re
import subprocess
import time

import networks

START_LIMIT_S = 30.0
FIRMWARE_BUILDS = {
    # peer: (folder of its build, TLS library and IP stack in words)
    "mbedtls-lwip": "Mbed TLS × lwIP (the firmware)",
    "driver-lwip": "Mbed TLS with the crypto driver × lwIP",
    "openssl-lwip": "OpenSSL × lwIP",
    "mbedtls-posix": "Mbed TLS × kernel TCP",
    "driver-posix": "Mbed TLS with the crypto driver × kernel TCP",
    "openssl-posix": "OpenSSL × kernel TCP",
}


class Peer:
    """One kind of server. kinds: which loads it can take; nets: over which networks."""

    def __init__(self, name, label, program, words, nets, kinds, ready="listening"):
        self.name = name
        self.label = label
        self.program = program
        self.words = words
        self.nets = nets
        self.kinds = kinds
        self.ready = ready
        self.any_reply = False

    @property
    def is_built(self):
        return os.access(self.program, os.X_OK)

    @property
    def main_net(self):
        return self.nets[0]


TLS_KINDS = ("handshakes", "bulk", "ping", "memory")
KERNEL_NETS = ("veth", "veth+offload", "loopback")


def _firmware(settings, name):
    label = FIRMWARE_BUILDS[name]
    program = os.path.join(settings.firmware_bin(name), "tls-echo")
    is_lwip = name.endswith("lwip")

    def words(network):
        netif = network.netif if is_lwip else "posix:"
        prefix_len = 8 if network.name == "loopback" else networks.PREFIX_LEN
        return [
            *("server", "--netif", netif, "--ip", f"{network.host}/{prefix_len}", "--ip6", "off"),
            *("--port", str(networks.PORT), "--certs", settings.blob, "--console", "on"),
            *("--max-sessions", str(settings.sessions_max + 2), "--sandbox", "auto"),
        ]

    return Peer(name, label, program, words, ("lwip",) if is_lwip else KERNEL_NETS, TLS_KINDS)


def _tutorial(settings, kind):
    def words(_network):
        return [kind, str(networks.PORT), settings.chain, settings.key]

    label = f"tutorial's OpenSSL thread server, {kind}"
    program = settings.program("bench_tutorial_server")
    return Peer(f"tutorial-{kind}", label, program, words, KERNEL_NETS, TLS_KINDS)


def _mbedtls_poll(settings):
    def words(_network):
        return [str(networks.PORT), settings.chain, settings.key]

    label = "unmodified Mbed TLS, poll loop"
    program = settings.program("bench_mbedtls_server")
    return Peer("mbedtls-default", label, program, words, KERNEL_NETS, TLS_KINDS)


def _ssl_server2(settings):
    def words(_network):
        return [
            *(f"server_port={networks.PORT}", f"crt_file={settings.chain}"),
            *(f"key_file={settings.key}", "auth_mode=none", "tickets=1", "debug_level=0"),
        ]

    label = "unmodified Mbed TLS, its ssl_server2"
    program = settings.program("bench_ssl_server2")
    ready = "Waiting for a remote connection"
    peer = Peer("ssl_server2", label, program, words, ("veth",), ("handshakes",), ready)
    peer.any_reply = True
    return peer


def _raw(settings, net):
    def words(network):
        port = ["--port", str(networks.PORT)]
        if network.netif is None:
            return port
        return [*port, "--netif", network.netif, "--ip", f"{network.host}/{networks.PREFIX_LEN}"]

    label = "raw TCP, lwIP" if net == "lwip" else "raw TCP, kernel"
    nets = ("lwip",) if net == "lwip" else KERNEL_NETS
    program = settings.program(f"bench_raw_echo_{net}")
    return Peer(f"raw-{net}", label, program, words, nets, ("raw",))


def _stock_lwip(settings):
    """Knows TAP alone, and is told its name in the environment."""

    def words(network):
        return [network.host, str(networks.PORT)]

    label = "raw TCP, lwIP's stock unix port"
    program = settings.program("bench_stock_lwip")
    return Peer("stock-lwip", label, program, words, ("lwip",), ("raw",))


def all_peers(settings):
    """In the order of the table; those that were not built included."""
    return [
        *(_firmware(settings, name) for name in FIRMWARE_BUILDS),
        _tutorial(settings, "literal"),
        _tutorial(settings, "tuned"),
        _mbedtls_poll(settings),
        _ssl_server2(settings),
        _raw(settings, "lwip"),
        _stock_lwip(settings),
        _raw(settings, "posix"),
    ]


def crypto_programs(settings):
    """(name, label, program) of each cryptography that is measured by itself."""
    driver = os.path.join(settings.firmware_bin("driver-lwip"), "bench_crypto_own")
    return [
        ("own", "the firmware's Mbed TLS", settings.program("bench_crypto_own")),
        ("driver", "with the crypto driver", driver),
        ("default", "unmodified Mbed TLS", settings.program("bench_crypto_default")),
        ("openssl", "OpenSSL", settings.program("bench_crypto_openssl")),
    ]


class Server:
    """One running peer. Its output is a file, so that nobody has to be woken to read it."""

    def __init__(self, peer, network, core, log_path):
        self.peer = peer
        self.log_path = log_path
        network.renew()
        pin = ["taskset", "--cpu-list", str(core)] if core is not None else []
        words = ["setpriv", "--pdeathsig", "KILL", *network.prefix, *pin, peer.program]
        words += peer.words(network)
        environment = {**os.environ, "PRECONFIGURED_TAPIF": (network.netif or "").partition(":")[2]}
        with open(log_path, "wb") as log:
            self._process = subprocess.Popen(
                words, stdin=subprocess.PIPE, stdout=log, stderr=log, env=environment
            )
        try:
            self._wait_for(peer.ready, START_LIMIT_S)
        except Exception:
            self.close()
            raise

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_running(self):
        return self._process.poll() is None

    def _log(self):
        with open(self.log_path, encoding="utf-8", errors="replace") as log:
            return log.read()

    def _wait_for(self, text, limit_s, since=0):
        deadline = time.monotonic() + limit_s
        while text not in self._log()[since:]:
            if not self.is_running or time.monotonic() > deadline:
                raise RuntimeError(f"{self.peer.name} did not say {text!r}: {self.last_words()}")
            time.sleep(0.01)

    def last_words(self):
        """The first error that it told, or else what it said last."""
        lines = self._log().splitlines() or ["it said nothing"]
        return next((line for line in lines if " ERROR " in line), lines[-1])

    def heap_len(self):
        """Bytes that the firmware itself counts: in use by TLS and lwIP, by TLS alone, and the most
        that TLS ever had; None for others."""
        if self.peer.name not in FIRMWARE_BUILDS:
            return None
        since = len(self._log())
        self._process.stdin.write(b"stats\n")
        self._process.stdin.flush()
        self._wait_for("rx_dropped=", START_LIMIT_S, since)
        counted = dict(re.findall(r" (\w+_heap\w*)=(\d+)", self._log()[since:]))
        tls = int(counted["tls_heap"])
        used = tls + int(counted["net_heap"])
        return {"used": used, "tls": tls, "tls_peak": int(counted["tls_heap_peak"])}

    def stop(self, number, limit_s):
        """Asks it to end, and waits for that."""
        self._process.send_signal(number)
        try:
            self._process.wait(limit_s)
        except subprocess.TimeoutExpired:
            raise RuntimeError(f"{self.peer.name} did not end") from None

    def close(self):
        self._process.kill()
        self._process.wait()
        self._process.stdin.close()
