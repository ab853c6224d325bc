"""What a board takes: time to its first listening, sizes of what it boots, memory."""

import os
import re

# What the kernel calls the guest's memory, when QEMU is given a backend for it.
MEMORY = re.compile(
    r"/memfd:memory-backend-memfd.*\n^Size: +(\d+) kB$(?:.|\n)*?^Rss: +(\d+) kB$", re.MULTILINE
)


def memory_touched(pid):
    """(touched, all) of the memory of an emulator's guest, in MB."""
    with open(f"/proc/{pid}/smaps", encoding="utf-8", errors="replace") as file:
        pairs = MEMORY.findall(file.read())
    return tuple(sum(int(pair[i]) for pair in pairs) / 1024 for i in (1, 0))


def size_text(path):
    return f"{os.path.getsize(path) / 1e6:.1f} MB"


def lines(image, first_s, listening_s, pid):
    """The report, as texts."""
    touched, total = memory_touched(pid)
    yield f"kernel start to the firmware's first event: {first_s:.1f} s (emulated)"
    yield f"kernel start to listening: {listening_s:.1f} s (emulated)"
    for name in ("initramfs.zst", "kernel8.img", "sdcard.img"):
        yield f"{name}: {size_text(os.path.join(image, name))}"
    yield f"memory touched since power-on: {touched:.0f} MB of {total:.0f} MB"
