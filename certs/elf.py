"""Finds a section in an ELF file: 32 and 64 bits, both byte orders."""

import dataclasses
import struct

from blob_format import CertsError

SHT_PROGBITS = 1
SHF_COMPRESSED = 0x800
SHN_XINDEX = 0xFFFF


@dataclasses.dataclass
class Section:
    name_offset: int
    type: int
    flags: int
    offset: int
    size: int
    link: int
    align: int


def is_elf(data: bytes) -> bool:
    return data[:4] == b"\x7fELF"


def find_section(data: bytes, name: str) -> Section:
    """The one section of this name, its bytes within data. Raises CertsError otherwise."""
    sections, name_index = _read_sections(data)
    names = sections[name_index]
    wanted = name.encode() + b"\0"
    found = [s for s in sections if _name_is(data, names, s, wanted)]
    if len(found) != 1:
        count = "no section" if not found else f"{len(found)} sections"
        raise CertsError(f"{count} {name}: this is not a firmware of this project")
    section = found[0]
    if section.type != SHT_PROGBITS or section.flags & SHF_COMPRESSED:
        raise CertsError(f"the section {name} has no plain contents")
    if section.offset + section.size > len(data):
        raise CertsError(f"the section {name} runs over the end of the file")
    return section


def _read_sections(data: bytes) -> tuple[list[Section], int]:
    """All sections, and the index of the one that holds their names."""
    try:
        order = {1: "<", 2: ">"}[data[5]]
        wide = {1: False, 2: True}[data[4]]
        # ELF header: e_shoff at 40 or 32; e_shentsize, e_shnum, e_shstrndx are its last fields.
        table = struct.unpack_from(order + ("Q" if wide else "I"), data, 40 if wide else 32)[0]
        sizes = struct.unpack_from(order + "HHH", data, 58 if wide else 46)
        return _read_table(data, order, wide, table, sizes)
    except (KeyError, IndexError, struct.error):
        raise CertsError("the ELF file is damaged or cut") from None


def _read_table(data, order, wide, table, sizes) -> tuple[list[Section], int]:
    entry_size, count, name_index = sizes
    # sh_name, sh_type, sh_flags, sh_addr, sh_offset, sh_size, sh_link, sh_info, sh_addralign,
    # sh_entsize
    layout = struct.Struct(order + ("IIQQQQIIQQ" if wide else "IIIIIIIIII"))
    if table == 0:
        raise CertsError("the ELF file has no section headers: they were stripped too")
    if table > len(data) or entry_size < layout.size:
        raise CertsError("the ELF file is damaged or cut")

    def read(index: int) -> Section:
        fields = layout.unpack_from(data, table + index * entry_size)
        return Section(*fields[:3], *fields[4:7], fields[8])

    # Files with very many sections keep the real numbers in section 0.
    if count == 0:
        count = read(0).size
    if name_index == SHN_XINDEX:
        name_index = read(0).link
    if count > len(data) // entry_size:
        raise CertsError("the ELF file is damaged or cut")
    sections = [read(index) for index in range(count)]
    sections[name_index]  # IndexError: damaged
    return sections, name_index


def _name_is(data: bytes, names: Section, section: Section, wanted: bytes) -> bool:
    start = names.offset + section.name_offset
    if section.name_offset + len(wanted) > names.size:
        return False
    return data[start : start + len(wanted)] == wanted
