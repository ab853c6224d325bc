"""Changes the code of a running program, to make it go wrong in ways that it never should.

The program is the one that is shipped, and nothing in it knows of this: an instruction at a
function's entry is overwritten through /proc/PID/mem (proc(5)).
"""

import os
import platform

import elf
import settings

# At a function's entry: return 0 at once, or never get any further.
RETURN = {"x86_64": bytes.fromhex("31c0c3"), "aarch64": bytes.fromhex("000080d2c0035fd6")}
STAY = {"x86_64": bytes.fromhex("ebfe"), "aarch64": bytes.fromhex("00000014")}


def _base(pid):
    """Where the program's file begins in the process's memory."""
    program = os.readlink(f"/proc/{pid}/exe")
    with open(f"/proc/{pid}/maps", encoding="utf-8") as file:
        for line in file:
            addresses, _rights, offset, *rest = line.split()
            if rest[-1] == program and int(offset, 16) == 0:
                return int(addresses.split("-")[0], 16)
    raise ValueError(f"process {pid} does not show where {program} lies")


def _patch(process, function, code):
    address = _base(process.pid) + elf.symbol(settings.program("tls-echo.debug"), function)
    with open(f"/proc/{process.pid}/mem", "r+b", buffering=0) as memory:
        memory.seek(address)
        memory.write(code[platform.machine()])


def hang(process, function):
    """Whoever calls the function from now on stays there, busy."""
    _patch(process, function, STAY)


def disable(process, function):
    """The function returns 0 at once from now on, and does nothing."""
    _patch(process, function, RETURN)
