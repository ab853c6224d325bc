#!/usr/bin/env python3
"""Checks an SD card image: would a Raspberry Pi find on it all that it needs to boot?

Prints a line for each thing that is wrong. Exit status: 0 all is well, 1 something is wrong, 2 it
cannot be told.
"""

import gzip
import os
import re
import subprocess
import sys
import tempfile

import card
import pi_boot
from card import Mistake

# What any card has, whatever board it is for.
SETTINGS_FILES = ("tls-echo.conf", "certs/README.txt")
# Bytes at an offset of an uncompressed arm64 kernel (Linux: Documentation/arch/arm64/booting.rst).
ARM64_MAGIC = (56, b"ARM\x64")

CHUNK = 1 << 16


def check_table(image):
    """The partition table, and the file system's own idea of its size."""
    if len(image.partitions) != 1:
        yield f"there are {len(image.partitions)} partitions, not one"
    if image.signature != card.DISK_SIGNATURE:
        yield f"the disk signature {image.signature:08x} is not the fixed one"
    partition = image.partitions[0]
    size = os.path.getsize(image.path)
    if partition.start + partition.size > size:
        yield f"the partition ends beyond the image's {size} bytes"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "fat")
        copy_part(image.path, path, partition)
        environment = dict(os.environ, PATH=os.environ["PATH"] + ":/usr/sbin:/sbin")
        done = run(["fsck.fat", "-n", path], env=environment)
    if done.returncode != 0:
        yield f"fsck.fat finds errors: {done.stdout.strip()}"


def copy_part(source, target, partition):
    """What is zero stays a hole."""
    with open(source, "rb") as image, open(target, "wb") as part:
        image.seek(partition.start)
        for start in range(0, partition.size, CHUNK):
            chunk = image.read(min(CHUNK, partition.size - start))
            if any(chunk):
                part.seek(start)
                part.write(chunk)
        part.truncate(partition.size)


def run(command, **options):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False, **options)
    except FileNotFoundError:
        raise Mistake(f"the command {command[0]} is missing") from None


def check_files(image, wanted):
    """Each file is there, and has something in it."""
    present = image.files()
    for name in wanted:
        if name not in present:
            yield f"{name} is missing"
        elif not image.read(name):
            yield f"{name} is empty"


def check_kernel(content):
    """True to its format; which kernel it is comes from release_of_kernel."""
    offset, magic = ARM64_MAGIC
    if content[offset : offset + len(magic)] != magic:
        yield "the kernel is no arm64 kernel"
    elif len(content) < int.from_bytes(content[8:16], "little") // 2:
        yield "the kernel is cut short"


def unpack_kernel(content):
    try:
        return gzip.decompress(content)
    except (OSError, EOFError) as error:
        raise Mistake(f"the kernel cannot be unpacked: {error}") from None


def release_of_kernel(content):
    found = re.search(rb"Linux version ([^ ]+) ", content)
    return found.group(1).decode() if found else None


def unpack_initramfs(content):
    """The files of an initramfs that initramfs.py made, by path."""
    done = subprocess.run(["zstd", "-dcq"], input=content, capture_output=True, check=False)
    if done.returncode != 0:
        raise Mistake("the initramfs cannot be unpacked")
    files = {}
    data, at = done.stdout, 0
    while data[at : at + 6] == b"070701":
        fields = [int(data[at + 6 + 8 * i : at + 14 + 8 * i], 16) for i in range(13)]
        size, name_size = fields[6], fields[11]
        name = data[at + 110 : at + 109 + name_size].decode()
        start = (at + 110 + name_size + 3) & ~3
        files["/" + name] = data[start : start + size]
        at = (start + size + 3) & ~3
        if name == "TRAILER!!!":
            return files
    raise Mistake("the initramfs is cut short")


def check_initramfs(files, release):
    if not files.get("/init", b"").startswith(b"\x7fELF"):
        yield "the initramfs has no program /init"
    names = files.get("/modules.list", b"").decode().split()
    if not names:
        yield "the initramfs loads no modules"
    for name in names:
        content = files.get(name, b"")
        if not content.startswith(b"\x7fELF"):
            yield f"the initramfs lacks the module {name}"
        elif f"vermagic={release} ".encode() not in content:
            yield f"the module {name} is not for the kernel {release}"


def check_console(image, boot):
    """The kernel's console must be the UART that the device tree names as such."""
    with tempfile.TemporaryDirectory() as folder:
        tree = image.extract(boot.device_tree, folder)
        done = run(["fdtget", tree, "/chosen", "stdout-path"])
    found = re.match(r"serial(\d+):", done.stdout)
    if not found:
        yield f"{boot.device_tree} names no console"
        return
    # UART number 0 of these chips is a PL011, number 1 the mini UART, driven by another driver.
    name = {"0": "ttyAMA0", "1": "ttyS1"}[found.group(1)]
    text = image.read_text(boot.command_line)
    consoles = re.findall(r"\bconsole=([^,\s]+)", text)
    if consoles[-1:] != [name]:
        yield f"{boot.command_line} has console={','.join(consoles)}, not {name}"
    if len(text.splitlines()) != 1:
        yield f"{boot.command_line} must be one line"
    if not re.search(r"\bpanic=[1-9]", text):
        yield f"{boot.command_line} has no panic=: a crashed board would stay down"


def check_model(image, model):
    """All that one model of the Raspberry Pi does until the kernel runs."""
    boot = pi_boot.BootFiles(image.read_text("config.txt"), model)
    missing = list(check_files(image, boot.names()))
    yield from missing
    if not boot.has_console:
        yield "config.txt: enable_uart=1 is missing: the console would stay dark"
    if not missing:
        yield from check_console(image, boot)


def check_system(image, boot):
    kernel = unpack_kernel(image.read(boot.kernel))
    yield from check_kernel(kernel)
    yield from check_initramfs(
        unpack_initramfs(image.read(boot.initramfs)), release_of_kernel(kernel)
    )


def check_boot(image):
    """All that each model of the Raspberry Pi needs, and the system that they share."""
    problems = []
    for model in pi_boot.MODELS:
        problems += [f"model {model}: {text}" for text in check_model(image, model)]
    if not problems:
        boot = pi_boot.BootFiles(image.read_text("config.txt"), "3b")
        problems += check_system(image, boot)
    return problems


def check_card(path):
    """All that is wrong with the image at `path`, as texts."""
    image = card.Card(path)
    problems = [*check_table(image), *check_files(image, SETTINGS_FILES)]
    if "config.txt" in image.files():
        problems += check_boot(image)
    return problems


def main():
    if len(sys.argv) != 2:
        sys.exit("usage: check.py sdcard.img")
    try:
        problems = check_card(sys.argv[1])
    except (Mistake, OSError) as error:
        print(f"check.py: {error}", file=sys.stderr)
        sys.exit(2)
    for text in problems or ["all files that it takes are there, and fit each other"]:
        print(f"{sys.argv[1]}: {text}")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
