#!/usr/bin/env python3
"""Packs the firmware and the kernel modules of a board into an initramfs.

The kernel unpacks it into memory and starts /init, which is the firmware. /modules.list names the
modules that it is to load, one absolute path a line, in this order. The same input gives the same
bytes.
"""

import argparse
import lzma
import os
import stat
import subprocess
import sys

MAGIC = b"070701"  # cpio's "new ASCII" format, see Documentation/driver-api/early-userspace in Linux


class Mistake(Exception):
    """Something about the input that the user can mend."""


class Archive:
    """A cpio archive: regular files, folders and one kind of device, all of them root's."""

    def __init__(self):
        self.data = bytearray()
        self.inode = 0
        self.folders = set()

    def folder(self, path):
        path = path.strip("/")
        if not path or path in self.folders:
            return
        self.folder(os.path.dirname(path))
        self.folders.add(path)
        self._entry(path, stat.S_IFDIR | 0o755)

    def file(self, path, content, mode=0o644):
        self.folder(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFREG | mode, content)

    def character_device(self, path, major, minor):
        self.folder(os.path.dirname(path))
        self._entry(path.strip("/"), stat.S_IFCHR | 0o600, device=(major, minor))

    def end(self):
        self._entry("TRAILER!!!", 0)
        return bytes(self.data)

    def _entry(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        name = name.encode() + b"\0"
        # inode, mode, uid, gid, links, time, size, device that it lies on, device that it is,
        # length of the name, checksum (of another format)
        fields = [self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(name), 0]
        self.data += MAGIC + b"".join(b"%08X" % field for field in fields)
        self._append(name)
        self._append(content)

    def _append(self, part):
        self.data += part
        self.data += bytes(-len(self.data) % 4)


def kernel_release(tree):
    """The name of the kernel in folder `tree`, as `uname -r` will give it."""
    try:
        (release,) = os.listdir(os.path.join(tree, "lib/modules"))
    except (OSError, ValueError):
        raise Mistake(f"{tree} holds no kernel, or more than one") from None
    return release


def module_names(path):
    """The names in a board's list of modules: one a line, `#` begins a comment."""
    with open(path, encoding="utf-8") as lines:
        names = [line.partition("#")[0].strip() for line in lines]
    return [name for name in names if name]


def files_of_module(tree, name):
    """The files that modprobe would load for module `name`, in its order; none if built in."""
    done = subprocess.run(
        # No configuration: that would be the one of the machine that builds.
        ["modprobe", "-C", "/dev/null", "-d", tree, "-S", kernel_release(tree)]
        + ["--show-depends", name],
        env={"PATH": os.environ["PATH"] + ":/usr/sbin:/sbin", "LC_ALL": "C"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise Mistake(f"the kernel has no module {name}: {done.stderr.strip()}")
    words = [line.split() for line in done.stdout.splitlines()]
    return [line[1] for line in words if line[0] == "insmod"]


def modules_to_load(tree, names):
    files = {}  # a dict keeps the order and each path once
    for name in names:
        files.update(dict.fromkeys(files_of_module(tree, name)))
    return list(files)


def read_module(path):
    """The module as the kernel can load it without help: not compressed."""
    with open(path, "rb") as file:
        content = file.read()
    if path.endswith(".ko"):
        return content
    if path.endswith(".ko.xz"):
        return lzma.decompress(content)
    raise Mistake(f"{path} is compressed in a way that is not known here")


def pack(program, tree, names):
    archive = Archive()
    for folder in ("/dev", "/proc", "/sys"):
        archive.folder(folder)
    archive.character_device("/dev/console", 5, 1)
    with open(program, "rb") as file:
        archive.file("/init", file.read(), 0o755)
    paths = []
    for source in modules_to_load(tree, names):
        relative = os.path.relpath(os.path.realpath(source), os.path.realpath(tree))
        path = "/" + relative.removeprefix("usr/").removesuffix(".xz")
        archive.file(path, read_module(source))
        paths.append(path)
    archive.file("/modules.list", "".join(f"{path}\n" for path in paths).encode())
    return archive.end()


def compress(data):
    # One thread and no file name: nothing of the machine gets into the result.
    command = ["zstd", "-19", "--single-thread", "--no-progress", "--quiet", "--stdout"]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def write(path, data):
    with open(path + ".new", "wb") as file:
        file.write(data)
    os.replace(path + ".new", path)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--program", required=True, help="the firmware, a static program")
    parser.add_argument("--kernel", required=True, help="folder that fetch.sh kernel printed")
    parser.add_argument("--modules", required=True, help="the board's list of modules")
    parser.add_argument("--output", required=True)
    options = parser.parse_args()
    names = module_names(options.modules)
    write(options.output, compress(pack(options.program, options.kernel, names)))


if __name__ == "__main__":
    try:
        main()
    except (Mistake, OSError, subprocess.CalledProcessError) as problem:
        sys.exit(f"initramfs.py: {problem}")
