"""Prints how much flash and RAM a built firmware takes, per library and per file.

usage: sizes.py BUILD_DIR [--files N] [--json]

What it says is read from the linker's map. Every byte of a section belongs to what the linker put
there last before it, so padding counts, and a string that two files share counts once. Flash is
code, constants and the first values of variables. The C library and the compiler's own are summed
apart: a board without an operating system has others.
"""

import argparse
import collections
import json
import os
import re
import subprocess
import sys

# What an output section is to a board.
KINDS = {
    ".init": "text",
    ".plt": "text",
    ".text": "text",
    ".fini": "text",
    ".rodata": "rodata",
    ".data.rel.ro": "rodata",  # constants that hold addresses
    ".data": "data",
    ".tdata": "data",
    ".bss": "bss",
    ".tbss": "bss",
}
# What a program file has besides, in one sum each.
APART = {
    "certificates": [".cert_blob"],
    "unwind tables": [".eh_frame_hdr", ".eh_frame", ".gcc_except_table"],
    "relocations": [".rela.dyn", ".rela.plt", ".got", ".got.plt"],
}
PADDING = "padding for the Cortex-A53"
STUBS = "linker stubs"  # around an erratum of the core; each is as large as a page
FLASH = ("text", "rodata", "data")
COLUMNS = (*FLASH, "bss")
LIBC = "C library"
SHARED = "(shared)"  # files of several libraries have a symbol of that name
APP = "app"  # of which the program's own object file is a part
# Libraries as the table names them; one of ours has the name of its folder.
NAMES = {"third_party_mbedtls": "Mbed TLS", "third_party_lwip": "lwIP"}

OUTPUT_SECTION = re.compile(r"^([._]\w[\w.]*)(?:\s+0x([0-9a-f]+)\s+0x([0-9a-f]+))?")
ROW = re.compile(r"^ (\S+)?\s+0x([0-9a-f]+)\s+0x([0-9a-f]+) (\S.*)$")
INPUT_SECTION = re.compile(r"^ [.\w]\S*$")
ADDRESS_AND_SIZE = re.compile(r"^\s+0x([0-9a-f]+)\s+0x([0-9a-f]+)")
SYMBOL_OF_SECTION = re.compile(
    r"^\.(?:text|rodata|data|bss)(?:\.rel\.ro)?(?:\.local)?\.(?:unlikely\.|startup\.)?(\w+)"
)
SYMBOL = re.compile(r"^ *\d+: [0-9a-f]+ +\w+ +(?:FUNC|OBJECT) .* (?!UND)\w+ (\w+)")

Row = collections.namedtuple("Row", "address section object")


class Map:
    """What a linker's map says of the program's sections."""

    def __init__(self, path):
        self.sections = {}  # name: (address, size)
        self.rows = collections.defaultdict(list)  # section: [Row], what lies in it
        self.objects = {}  # that were linked; in order, the values mean nothing
        with open(path, encoding="utf-8", errors="replace") as file:
            lines = file.read().partition("\nLinker script and memory map\n")[2].splitlines()
        if not lines:
            raise SystemExit(f"sizes: {path} is no map of the GNU linker")
        self.section, self.name = None, None
        for line in lines:
            self.read_line(line)

    def read_line(self, line):
        """A name that is too long for its column has the rest in the line after it."""
        if line.startswith("LOAD "):
            self.objects[line.removeprefix("LOAD ")] = True
        elif output := OUTPUT_SECTION.match(line):
            self.section, self.name = output.group(1), None
            if output.group(2):
                self.sections[self.section] = numbers(*output.group(2, 3))
        elif self.section not in self.sections and (rest := ADDRESS_AND_SIZE.match(line)):
            self.sections[self.section] = numbers(*rest.groups())
        elif row := ROW.match(line):
            self.add_row(row.group(1) or self.name, *numbers(*row.group(2, 3)), row.group(4))
            self.name = None
        else:
            self.name = line.strip() if INPUT_SECTION.match(line) else None

    def add_row(self, name, address, size, path):
        if name and address and size and name != "*fill*":
            self.rows[self.section].append(Row(address, name, path))

    def shares(self, section):
        """(row, bytes) for each row of an output section; together they are all of it."""
        address, size = self.sections.get(section, (0, 0))
        rows = [row for row in self.rows[section] if address <= row.address < address + size]
        rows.sort(key=lambda row: row.address)
        ends = [row.address for row in rows[1:]] + [address + size]
        return [(row, end - row.address) for row, end in zip(rows, ends)]

    def size(self, section):
        return self.sections.get(section, (0, 0))[1]


def numbers(*texts):
    return tuple(int(text, 16) for text in texts)


def library_of(path):
    name = os.path.basename(path).removeprefix("lib").removesuffix(".a")
    return NAMES.get(name, name)


class Owners:
    """Which library and file an input section is from."""

    def __init__(self, build_dir, objects, readelf):
        self.files = collections.defaultdict(set)  # of a symbol: {(library, file)}
        ours = [path for path in objects if not os.path.isabs(path) and path != STUBS]
        owner = None
        for line in run(readelf, "--symbols", "--wide", *ours, cwd=build_dir).splitlines():
            if line.startswith("File: "):
                owner = self.find_object(line.removeprefix("File: "))
            elif symbol := SYMBOL.match(line):
                self.files[symbol.group(1)].add(owner)

    @staticmethod
    def find_object(path):
        """The library and file of an object file, which may be a member of an archive."""
        archive, _, member = path.removesuffix(")").partition("(")
        if os.path.isabs(path):
            return LIBC, os.path.basename(member or path).removesuffix(".o")
        library = library_of(archive) if member else APP
        return library, os.path.basename(member or path).removesuffix(".o")

    def find(self, row):
        if ".ltrans" in row.object:
            return self.find_symbol(row.section)
        return self.find_object(row.object)

    def find_symbol(self, section):
        """With link-time optimisation the map has symbols, but no files."""
        match = SYMBOL_OF_SECTION.match(section)
        name = match.group(1) if match else section
        owners = self.files.get(name, set())
        libraries = {library for library, _file in owners}
        if len(owners) == 1:
            return next(iter(owners))
        return (libraries.pop() if len(libraries) == 1 else SHARED), name


def run(*command, cwd):
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=True).stdout


def cache_value(build_dir, name):
    with open(os.path.join(build_dir, "CMakeCache.txt"), encoding="utf-8") as file:
        match = re.search(rf"^{name}:\w+=(.*)$", file.read(), re.MULTILINE)
    return match.group(1) if match else ""


def measure(build_dir):
    """{"files": {(library, file): {kind: bytes}}, "apart": {what: bytes}} of a build."""
    path = os.path.join(build_dir, "tls-echo.map")
    if not os.path.exists(path):
        raise SystemExit(f"sizes: there is no {path}: build the firmware first")
    linked = Map(path)
    readelf = cache_value(build_dir, "CMAKE_READELF") or "readelf"
    owners = Owners(build_dir, linked.objects, readelf)
    files, stubs = collections.defaultdict(collections.Counter), 0
    for section, kind in KINDS.items():
        for row, size in linked.shares(section):
            if row.object == STUBS:
                stubs += size
            else:
                files[owners.find(row)][kind] += size
    apart = {what: sum(map(linked.size, names)) for what, names in APART.items()}
    return {"files": files, "apart": {**apart, PADDING: stubs}}


def flash(counter):
    return sum(counter[kind] for kind in FLASH)


def per_library(measured):
    libraries = collections.defaultdict(collections.Counter)
    for (library, _file), counter in measured["files"].items():
        libraries[library].update(counter)
    return libraries


def without_libc(measured):
    """The sum over all that is not the C library's or the compiler's."""
    total = collections.Counter()
    for library, counter in per_library(measured).items():
        if library != LIBC:
            total.update(counter)
    return total


def by_flash(counters):
    return sorted(counters.items(), key=lambda item: (-flash(item[1]), item[0]))


def print_row(name, counter):
    print(f"{name:<44}" + "".join(f"{counter[kind]:>9}" for kind in COLUMNS) + f"{flash(counter):>9}")


def print_tables(measured, file_count):
    print(f"{'bytes':<44}" + "".join(f"{kind:>9}" for kind in COLUMNS) + f"{'flash':>9}")
    libraries = per_library(measured)
    for library, counter in by_flash(libraries):
        if library != LIBC:
            print_row(library, counter)
    print_row("all without the C library", without_libc(measured))
    print_row(LIBC, libraries[LIBC])
    print("besides: " + ", ".join(f"{what} {size}" for what, size in measured["apart"].items()))
    ours = {owner: counter for owner, counter in measured["files"].items() if owner[0] != LIBC}
    print(f"\nthe {min(file_count, len(ours))} largest of {len(ours)} files")
    for (library, file), counter in by_flash(ours)[:file_count]:
        print_row(f"{library}/{file}", counter)


def print_json(measured):
    total = without_libc(measured)
    page = {
        "flash_without_libc": flash(total),
        "ram_without_libc": total["data"] + total["bss"],
        "apart": measured["apart"],
        "files": [
            {"library": library, "file": file, **counter, "flash": flash(counter)}
            for (library, file), counter in by_flash(measured["files"])
        ],
    }
    json.dump(page, sys.stdout, indent=1)
    print()


def main():
    parser = argparse.ArgumentParser(prog="sizes", description=__doc__.partition("\n")[0])
    parser.add_argument("build_dir")
    parser.add_argument("--files", type=int, default=40, metavar="N", help="how many files to show")
    parser.add_argument("--json", action="store_true", help="all of it, for programs")
    args = parser.parse_args()
    measured = measure(args.build_dir)
    if args.json:
        print_json(measured)
    else:
        print_tables(measured, args.files)


if __name__ == "__main__":
    main()
