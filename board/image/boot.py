#!/usr/bin/env python3
"""Boots an image in QEMU, with the board's console in this terminal.

A server on the board is reached at a port of this machine's localhost; a client on it reaches one
port of this machine, and nothing else. The image itself stays as it is: the board gets a copy of
its card, with the settings asked for.
"""

import argparse
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading

import machine
import report
from card import Card, Mistake

# Which board each of QEMU's machines emulates.
MACHINES = {"virt": "qemu_virt", "raspi3b": "raspberry_pi"}

# Addresses from 198.18.0.0/15, the network for tests (RFC 2544). The last one leads to a port of
# this machine.
GATEWAY = "198.18.0.1"
FIRST_ADDRESS = "198.18.0.2"
NAME_SERVER = "198.18.0.253"
PEER = "198.18.0.254"

# A serial line may begin with noise.
EVENT = re.compile(r"^[^ -~]*\[ *([0-9.]+)\] [A-Z]+ +\w+ +(\w+)(?: (.*))?$")
# How long a board may take from its last event to being off.
END_DELAY_S = 5

EX_USAGE, EX_UNAVAILABLE, EX_SOFTWARE = 64, 69, 70


class Failure(Exception):
    """What to tell the user, and the status to exit with."""

    def __init__(self, status, text):
        super().__init__(text)
        self.status = status


# ---- The card ------------------------------------------------------------------------------------


def change_settings(text, settings):
    """The text of tls-echo.conf with these settings in place of its own."""
    lines = text.splitlines()
    for name in settings:
        lines = [line for line in lines if not re.match(rf"\s*{re.escape(name)}\s*=", line)]
    return "\n".join([*lines, *(f"{name} = {value}" for name, value in settings.items()), ""])


def copy_card(image, settings, folder):
    """Returns the path of a copy of the image's card with these settings."""
    path = os.path.join(folder, "sdcard.img")
    subprocess.run(
        ["cp", "--sparse=always", os.path.join(image, "sdcard.img"), path], check=True
    )
    card = Card(path)
    text = change_settings(card.read_text("tls-echo.conf"), settings)
    card.write("tls-echo.conf", text.encode())
    return path


# ---- The network ---------------------------------------------------------------------------------


def server_network(host_port, settings):
    address = settings.get("ip", "dhcp").partition("/")[0]
    board = address if address != "dhcp" else FIRST_ADDRESS
    port = settings.get("port", "8433")
    return f"hostfwd=tcp:127.0.0.1:{host_port}-{board}:{port}"


def client_network(host, port):
    """QEMU runs the command for each connection to the peer's address."""
    program = os.path.join(os.path.dirname(os.path.abspath(__file__)), "forward.py")
    command = shlex.join([sys.executable, program, host, port]).replace(",", ",,")
    return f"guestfwd=tcp:{PEER}:{port}-cmd:{command}"


def network(way):
    """QEMU's own network: isolated, but for the one way that is given."""
    net = f"user,id=net0,net=198.18.0.0/24,host={GATEWAY},dhcpstart={FIRST_ADDRESS},dns={NAME_SERVER}"
    return f"{net},ipv6=off,restrict=on,{way}"


def check_port_free(port):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise Failure(
                EX_UNAVAILABLE,
                f"port {port} of localhost cannot be had ({error.strerror});"
                f" choose another: --host-port {port + 1}",
            ) from None


# ---- The console ---------------------------------------------------------------------------------


class Console:
    """What comes out of the board, line by line, copied to `out` as it comes."""

    def __init__(self, stream, out):
        self._stream = stream
        self._out = out

    def lines(self):
        rest = b""
        while data := os.read(self._stream.fileno(), 4096):
            data = data.replace(b"\r", b"")
            self._out.write(data)
            self._out.flush()
            *whole, rest = (rest + data).split(b"\n")
            yield from (line.decode(errors="replace") for line in whole)


def parse_event(line):
    """(seconds, name, fields) of an event of the log, else None."""
    found = EVENT.match(line)
    if not found:
        return None
    fields = dict(re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|\S*)', found.group(3) or ""))
    return float(found.group(1)), found.group(2), fields


class Board:
    """A board that runs until it ends by itself, or its plug is pulled."""

    def __init__(self, command, out=sys.stdout.buffer):
        # Its standard input stays ours: what is typed goes to the board. It does not outlive us.
        bound = ["setpriv", "--pdeathsig", "TERM", *command]
        self._qemu = subprocess.Popen(bound, stdout=subprocess.PIPE)
        self._console = Console(self._qemu.stdout, out)
        self.status = None  # of the firmware's end

    @property
    def pid(self):
        return self._qemu.pid

    def pull_plug(self, *_signal):
        self._qemu.terminate()

    def run(self, on_event=lambda event: None):
        """Follows the log to the board's end. Returns the firmware's exit status; None: it did not
        come to that. on_event gets each event, as (seconds, name, fields)."""
        for event in filter(None, map(parse_event, self._console.lines())):
            self._watch_end(event)
            on_event(event)
        if self._qemu.wait() > 0:
            raise Failure(EX_SOFTWARE, f"{machine.EMULATOR} failed (see above)")
        return self.status

    def _watch_end(self, event):
        _, name, fields = event
        if name == "shutdown":
            self.status = int(fields["status"])
        elif name == "end":
            # Not every machine can switch itself off.
            timer = threading.Timer(int(fields["delay_s"]) + END_DELAY_S, self.pull_plug)
            timer.daemon = True
            timer.start()


# ---- What the user asks for ----------------------------------------------------------------------


def setting(text):
    name, equals, value = text.partition("=")
    if not equals or not name.strip():
        raise argparse.ArgumentTypeError(f"must be NAME=VALUE, not {text}")
    return name.strip(), value.strip()


def port_number(text):
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text} is no port number")
    return int(text)


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise Failure(EX_USAGE, f"{message}; see {self.prog} --help")


def parse_options(argv):
    parser = Parser(prog="./run boot", description="Boots a board in QEMU, console in the terminal.")
    parser.add_argument("machine", nargs="?", default="virt", choices=sorted(MACHINES))
    parser.add_argument("--build", required=True, help=argparse.SUPPRESS)
    parser.add_argument("--host-port", type=port_number, default=int(os.environ.get("PORT", "8433")),
                        metavar="N", help="port of localhost that leads to the server (8433)")  # fmt: skip
    parser.add_argument("--client", nargs="?", const="localhost:8433", metavar="HOST[:PORT]",
                        help="run the client, against this server; without it localhost:8433")  # fmt: skip
    parser.add_argument("--set", action="append", type=setting, default=[], metavar="NAME=VALUE",
                        dest="settings", help="a line of the card's tls-echo.conf, for this time")  # fmt: skip
    parser.add_argument("--report", action="store_true",
                        help="end once the server listens; print times, sizes and memory")  # fmt: skip
    return parser.parse_args(argv)


def plan(options):
    """The settings of the card, and the way that the network is open."""
    settings = machine.settings(MACHINES[options.machine]) | dict(options.settings)
    if not options.client:
        check_port_free(options.host_port)
        return settings, server_network(options.host_port, settings)
    host, _, port = options.client.partition(":")
    port = port or "8433"
    asked = {"role": "client", "peer": f"{PEER}:{port}", "server-name": host, **settings}
    return asked, client_network(host, port)


def hint(options):
    ca = os.path.join(options.build, "certs", "ca.pem")
    print(f"""
The board's server is ready. In another terminal, paste this, type a line and it comes back:

  openssl s_client -connect localhost:{options.host_port} -servername localhost \\
    -verify_hostname localhost -verify_return_error -CAfile '{ca}'

Ctrl-C pulls the board's plug.
""", flush=True)  # fmt: skip


def boot(options, folder):
    board = MACHINES[options.machine]
    image = os.path.join(options.build, "image")
    settings, way = plan(options)
    card = copy_card(image, settings, folder)
    boot_files = machine.Boot(board, image, card, folder)
    command = machine.command(
        board, boot_files, card, network(way), watchdog=True, report=options.report
    )
    running = Board([*command, "-chardev", "stdio,id=console"])
    # A Ctrl-C is QEMU's, which ends at once and gives the terminal back as it was.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, running.pull_plug)
    seen = []

    def on_event(event):
        seen.append(event[0])
        if event[1] == "listening" and options.report:
            print("", *report.lines(image, seen[0], event[0], running.pid), sep="\n", flush=True)
            running.pull_plug()
        elif event[1] == "listening":
            hint(options)

    return running.run(on_event)


def main():
    if not shutil.which(machine.EMULATOR):
        raise Failure(EX_UNAVAILABLE, f"there is no {machine.EMULATOR}: install qemu-system-arm")
    options = parse_options(sys.argv[1:])
    with tempfile.TemporaryDirectory(prefix="tls-echo.") as folder:
        return boot(options, folder) or 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (Failure, Mistake) as problem:
        print(f"run: {problem}", file=sys.stderr)
        sys.exit(getattr(problem, "status", EX_SOFTWARE))
