"""Reads and changes an SD card image: its partition table, and the files on its FAT partition.

The files are mtools' business. An image that does not look as image.sh makes it is a Mistake.
"""

import os
import struct
import subprocess

SECTOR = 512
FAT_TYPES = {0x01: "FAT12", 0x04: "FAT16", 0x06: "FAT16", 0x0B: "FAT32", 0x0C: "FAT32", 0x0E: "FAT16"}
DISK_SIGNATURE = 0x544C5345


class Mistake(Exception):
    """Something about the card that its owner can mend; the text names it."""


class Partition:
    """One entry of the partition table. `start` and `size` are bytes."""

    def __init__(self, entry):
        self.active, self.kind, first, count = struct.unpack("<B3xB3xII", entry)
        self.start = first * SECTOR
        self.size = count * SECTOR


class Card:
    """An image with one FAT partition."""

    def __init__(self, path):
        self.path = path
        with open(path, "rb") as image:
            sector = image.read(SECTOR)
        if len(sector) < SECTOR or sector[510:] != b"\x55\xaa":
            raise Mistake(f"{path} has no partition table")
        (self.signature,) = struct.unpack_from("<I", sector, 440)
        entries = (Partition(sector[offset : offset + 16]) for offset in range(446, 510, 16))
        self.partitions = [entry for entry in entries if entry.kind]
        if not self.partitions or self.partitions[0].kind not in FAT_TYPES:
            raise Mistake(f"the first partition of {path} is no FAT")

    def _mtools(self, command, *arguments, **options):
        drive = f"{self.path}@@{self.partitions[0].start}"
        # Settings of the user's own could change what mtools writes.
        environment = dict(os.environ, LC_ALL="C", MTOOLSRC="/dev/null")
        done = subprocess.run(
            [command, "-i", drive, *arguments],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            check=False,
            **options,
        )
        if done.returncode != 0:
            reason = done.stderr.decode(errors="replace").strip()
            raise Mistake(f"{command} {' '.join(arguments)} on {self.path}: {reason}")
        return done.stdout

    def files(self):
        """The paths of all files, without a leading slash."""
        listing = self._mtools("mdir", "-b", "-/", "-f", "::").decode()
        paths = (line.removeprefix("::").lstrip("/") for line in listing.splitlines())
        return sorted(path for path in paths if path and not path.endswith("/"))

    def read(self, path):
        return self._mtools("mcopy", "-n", f"::{path}", "-")

    def read_text(self, path):
        return self.read(path).decode()

    def write(self, path, content):
        """Puts a file there, in place of one of this name."""
        self._mtools("mcopy", "-o", "-", f"::{path}", input=content)

    def make_folder(self, path):
        self._mtools("mmd", f"::{path}")

    def extract(self, path, into):
        """Copies a file to the folder `into` of this machine; returns its path there."""
        target = os.path.join(into, os.path.basename(path))
        with open(target, "wb") as file:
            file.write(self.read(path))
        return target
