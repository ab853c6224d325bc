"""CPU time and memory of a server: its own, and the busy time of the core that it is pinned to."""

import os
import time

from process import process_cpu_s


def core_not_working_s(core):
    """Seconds since boot in which a core was idle, or the hypervisor had taken it away. The kernel
    measures these; the times in which a core works it only samples."""
    with open("/proc/stat", encoding="ascii") as file:
        line = next(line for line in file if line.startswith(f"cpu{core} "))
    fields = [int(word) for word in line.split()[1:]]
    idle, iowait, steal = fields[3], fields[4], fields[7]
    return (idle + iowait + steal) / os.sysconf("SC_CLK_TCK")


def core_busy_s(core):
    """Seconds of work, against some point in the past."""
    return time.monotonic() - core_not_working_s(core)


class Meter:
    """What was used between its making and read(). core None: nobody is pinned."""

    def __init__(self, pid, core):
        self._pid = pid
        self._core = core
        self._begin = self._sample()

    def _sample(self):
        busy = core_busy_s(self._core) if self._core is not None else 0.0
        return busy, process_cpu_s(self._pid)

    def read(self):
        (busy, own), (busy_then, own_then) = self._sample(), self._begin
        own -= own_then
        # The kernel may tell of idle time late; what the process worked, its core worked.
        core = max(busy - busy_then, own) if self._core is not None else None
        return {"core_cpu_s": core, "process_cpu_s": own}


def core_noise(core, seconds=1.0):
    """The share of a core's time that others use, while the benchmark does nothing."""
    begin = core_busy_s(core)
    time.sleep(seconds)
    return max(0.0, (core_busy_s(core) - begin) / seconds)


def memory_len(pid):
    """(resident now, most resident so far) in bytes."""
    found = {}
    with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as file:
        for line in file:
            if line.startswith(("VmRSS:", "VmHWM:")):
                name, value, _unit = line.split()
                found[name] = int(value) * 1024
    return found["VmRSS:"], found["VmHWM:"]


def forget_peak(pid):
    """The most resident so far is what is resident now (proc(5), clear_refs)."""
    with open(f"/proc/{pid}/clear_refs", "w", encoding="ascii") as file:
        file.write("5")


def stack_len(pid):
    """Bytes of the first thread's stack that were ever touched; its arguments and environment count."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as file:
        is_stack = False
        for line in file:
            if "-" in line.split(" ", 1)[0]:
                is_stack = line.rstrip().endswith("[stack]")
            elif is_stack and line.startswith("Rss:"):
                return int(line.split()[1]) * 1024
    return 0
