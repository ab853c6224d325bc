"""Changes what qemu-aarch64 tells a program about its CPU, through the emulator's gdb stub.

The emulator has no CPU model without AES. A program learns of AES from AT_HWCAP in its auxiliary
vector, which lies on its stack when it starts: the stub stops it there, the word is changed, and
the program sees a core as the Raspberry Pi 4 has it. Protocol: "GDB Remote Serial Protocol";
stack: System V ABI, "Process Initialization".
"""

import re
import socket
import struct
import threading

import harness

AT_NULL, AT_HWCAP = 0, 16
HWCAP_AES, HWCAP_PMULL = 1 << 3, 1 << 4
SP_AT = 31 * 8  # of the registers in a "g" answer: x0 to x30, then sp


class GdbStub:
    """One connection to a stub that waits on a Unix socket."""

    def __init__(self, path, timeout_s=20.0):
        self._socket = _connect(path, timeout_s)
        self._socket.settimeout(timeout_s)

    def command(self, text):
        """Sends one packet and returns the answer's text."""
        self._send(text)
        return self._receive()

    def _send(self, text):
        checksum = sum(text.encode()) % 256
        self._socket.sendall(f"${text}#{checksum:02x}".encode())

    def _receive(self):
        data = b""
        while not re.search(rb"\$[^#]*#..", data, re.DOTALL):
            chunk = self._socket.recv(4096)
            if not chunk:
                raise ConnectionError("the gdb stub is gone")
            data += chunk
        self._socket.sendall(b"+")
        return data[data.index(b"$") + 1 : data.index(b"#")].decode("ascii")

    def read(self, address, length):
        return bytes.fromhex(self.command(f"m{address:x},{length:x}"))

    def write(self, address, data):
        answer = self.command(f"M{address:x},{len(data):x}:{data.hex()}")
        if answer != "OK":
            raise ValueError(f"the stub refused to write: {answer}")

    def word(self, address):
        return struct.unpack("<Q", self.read(address, 8))[0]

    def stack_pointer(self):
        registers = bytes.fromhex(self.command("g"))
        return struct.unpack_from("<Q", registers, SP_AT)[0]

    def let_run(self):
        """Lets the program run to its end. The stub goes on asking what to do with each signal:
        a thread has it delivered."""
        self._socket.settimeout(None)
        self._send("c")
        threading.Thread(target=self._deliver_signals, daemon=True).start()

    def _deliver_signals(self):
        try:
            while (stop := self._receive())[0] in "TS":
                self._send("C" + stop[1:3])
        except OSError:
            pass
        self._socket.close()


def _connect(path, timeout_s):
    """The emulator makes the socket some time after it starts."""
    sock = socket.socket(socket.AF_UNIX)

    def connected():
        try:
            sock.connect(path)
            return True
        except (FileNotFoundError, ConnectionRefusedError):
            return False

    harness.wait_until(connected, "gdb stub", timeout_s)
    return sock


def _hwcap_address(stub):
    """Walks argc, argv, envp and the auxiliary vector from the stack pointer at entry."""
    at = stub.stack_pointer()
    at += 8 * (stub.word(at) + 2)  # argc, argv and its NULL
    while stub.word(at):
        at += 8
    at += 8
    while (kind := stub.word(at)) != AT_HWCAP:
        if kind == AT_NULL:
            raise ValueError("no AT_HWCAP in the auxiliary vector")
        at += 16
    return at + 8


def remove_aes(path):
    """Connects to the stub, takes AES away from the program, and lets it run. Returns the hwcap
    that the program would have seen, and the one it sees."""
    stub = GdbStub(path)
    address = _hwcap_address(stub)
    before = stub.word(address)
    after = before & ~(HWCAP_AES | HWCAP_PMULL)
    stub.write(address, struct.pack("<Q", after))
    stub.let_run()
    return before, after
