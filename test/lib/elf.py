"""Reads the few fields of an ELF file that say what it is (ELF-64 object file format)."""

import struct
from dataclasses import dataclass

EM_AARCH64 = 183
ET_EXEC, ET_DYN = 2, 3
PT_LOAD, PT_DYNAMIC, PT_INTERP, PT_GNU_STACK, PT_GNU_RELRO = 1, 2, 3, 0x6474E551, 0x6474E552
PF_EXECUTE = 1
SHT_SYMTAB = 2


@dataclass
class Segment:
    kind: int
    flags: int
    offset: int = 0
    address: int = 0
    size: int = 0


@dataclass
class Section:
    name: str
    kind: int
    address: int
    offset: int
    size: int


@dataclass
class Elf:
    kind: int
    machine: int
    segments: list
    sections: dict

    def segment(self, kind):
        return next((segment for segment in self.segments if segment.kind == kind), None)


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    if data[:5] != b"\x7fELF\x02" or data[5] != 1:
        raise ValueError(f"{path} is no little-endian ELF-64 file")
    kind, machine = struct.unpack_from("<HH", data, 16)
    phoff, shoff = struct.unpack_from("<QQ", data, 32)
    phsize, phcount, shsize, shcount, names_at = struct.unpack_from("<HHHHH", data, 54)
    segments = [
        Segment(*struct.unpack_from("<IIQQ8xQ", data, phoff + index * phsize))
        for index in range(phcount)
    ]
    headers = [
        struct.unpack_from("<IIQQQQ", data, shoff + index * shsize) for index in range(shcount)
    ]
    names_offset = headers[names_at][4]
    sections = [_section(data, names_offset, header) for header in headers]
    return Elf(kind, machine, segments, {section.name: section for section in sections})


def symbol(path, name):
    """The address of a function or variable, as the file has it; it must have just one."""
    with open(path, "rb") as file:
        data = file.read()
    sections = read(path).sections
    table, names = sections[".symtab"], sections[".strtab"]
    wanted = name.encode() + b"\0"
    found = set()
    for at in range(table.offset, table.offset + table.size, 24):
        name_at, _info, _other, section, address, _size = struct.unpack_from("<IBBHQQ", data, at)
        if section and data.startswith(wanted, names.offset + name_at):
            found.add(address)
    if len(found) != 1:
        raise ValueError(f"{path} has {len(found)} symbols {name}")
    return found.pop()


def _section(data, names_offset, header):
    name_at, kind, _flags, address, offset, size = header
    start = names_offset + name_at
    name = data[start : data.index(b"\0", start)].decode("ascii")
    return Section(name, kind, address, offset, size)


def function_offset(path, name):
    """Where in the file the code of a function begins; it must not be stripped."""
    return _file_offset(read(path), symbol(path, name))


def _file_offset(elf, address):
    for segment in elf.segments:
        inside = 0 <= address - segment.address < segment.size
        if segment.kind == PT_LOAD and inside:
            return address - segment.address + segment.offset
    raise ValueError(f"no segment has the address {address:#x}")
