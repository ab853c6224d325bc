"""Makes small ELF files with a section .cert_blob, sound ones and ones that lie."""

import random
import struct

CAPACITY = 16384
OFFSET = 4096


def make_elf(
    order="<",
    wide=True,
    section=b".cert_blob",
    size=CAPACITY,
    offset=OFFSET,
    align=4096,
    kind=1,
    flags=2,
    copies=1,
) -> bytes:
    """An ELF file of two pages and a blob section of random bytes, its headers at the end."""
    names = b"\0.shstrtab\0" + section + b"\0"
    body = bytearray(random.Random(1).randbytes(OFFSET + CAPACITY + 500))
    names_offset = len(body)
    table = names_offset + len(names)
    headers = section_header(order, wide, 0, 0, 0, 0, 0, 0)
    headers += section_header(order, wide, 1, 3, 0, names_offset, len(names), 1)
    headers += copies * section_header(order, wide, 11, kind, flags, offset, size, align)
    body[:64] = elf_header(order, wide, table, 2 + copies).ljust(64, b"\0")
    return bytes(body) + names + headers


def section_header(order, wide, name, kind, flags, offset, size, align) -> bytes:
    layout = "IIQQQQIIQQ" if wide else "IIIIIIIIII"
    return struct.pack(order + layout, name, kind, flags, offset, offset, size, 0, 0, align, 0)


def elf_header(order, wide, table, count) -> bytes:
    ident = b"\x7fELF" + bytes([2 if wide else 1, 1 if order == "<" else 2, 1]).ljust(12, b"\0")
    layout = "HHIQQQIHHHHHH" if wide else "HHIIIIIHHHHHH"
    sizes = (64, 56, 0, 64) if wide else (52, 32, 0, 40)
    fields = (2, 183, 1, 0, 0, table, 0, *sizes, count, 1)
    return ident + struct.pack(order + layout, *fields)
