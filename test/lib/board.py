"""A whole board: a kernel and the firmware as its only program, in QEMU's system emulation.

The console is the board's UART, read as the log of any other program; QEMU's monitor pulls the
cable and tells how the board ended.
"""

import os
import shutil
import subprocess
import sys
import tempfile

import harness
import initramfs
import machine
import qmp
import settings
from card import Card
from firmware import EventProcess

# What a guest's end means in the monitor's event SHUTDOWN.
REASONS = {"guest-shutdown": "poweroff", "guest-reset": "reboot", "guest-panic": "panic"}


def image_part(name):
    """A file of the board's image: kernel8.img, initramfs.zst or sdcard.img."""
    return os.path.join(settings.IMAGE_DIR, name)


def require():
    """Ends the test file as skipped where boards cannot be emulated; as failed in CI, which can."""
    if shutil.which(machine.EMULATOR):
        return
    print(f"skipped: there is no {machine.EMULATOR}", file=sys.stderr)
    sys.exit(1 if os.environ.get("CI") else harness.ALL_SKIPPED)


class Board(EventProcess):
    """The board of this build. card: path of an image; wire: what it is joined to, or else network:
    a backend of QEMU's with the id net0; extra: more options for QEMU; kernel_options: more for the
    kernel; initramfs: another one than the image's."""

    def __init__(self, wire=None, card=None, kernel_options="", extra=(), initramfs=None,
                 network=None, **more):  # fmt: skip
        self._folder = tempfile.mkdtemp(prefix="tls-echo-")
        self.monitor = qmp.Monitor(self._folder)
        boot = machine.Boot(settings.BOARD, settings.IMAGE_DIR, card, self._folder)
        boot.command_line = f"{boot.command_line} {kernel_options}".strip()
        boot.initramfs = initramfs or boot.initramfs
        network = wire.qemu_netdev("net0") if wire else network
        argv = machine.command(settings.BOARD, boot, card, network)
        argv += ["-chardev", "stdio,id=console,signal=off", *self.monitor.argv]
        # QEMU's console is its stdout: stderr for us, where we look for a log.
        swap = ["sh", "-c", 'exec "$@" 3>&1 1>&2 2>&3 3>&-', "sh"]
        super().__init__([*argv, *extra], settings.BOARD, prefix=swap, **more)
        try:
            self.monitor.accept()
        except (AssertionError, OSError) as error:
            self.kill()
            said = self.stdout.decode(errors="replace").strip()
            raise AssertionError(f"QEMU did not begin: {error}: {said}") from error

    def on_line(self, line):
        """The console begins with an empty line, in case that the boot code left one unended. Its
        last line may be cut, when somebody pulls the plug."""
        line = line.rstrip("\r")
        try:
            if line:
                super().on_line(line)
        except ValueError:
            self.other_lines.append(line)

    def set_link(self, up):
        """Pulls the cable out, or puts it back."""
        self.monitor.run("set_link", name="nic0", up=up)

    def wait_end(self, timeout_s=20.0):
        """Waits until the board has ended, and says how: poweroff, reboot or panic."""
        event = self.monitor.wait_event("SHUTDOWN", timeout_s)
        self.wait_exit()
        reason = event["data"]["reason"]
        return REASONS.get(reason, reason)

    def kill(self):
        super().kill()
        self.monitor.close()
        shutil.rmtree(self._folder, ignore_errors=True)


def make_card(folder, config, files=None):
    """Copies the board's card into the folder, with these settings and files; returns its path."""
    path = os.path.join(folder, "sdcard.img")
    shutil.copyfile(image_part("sdcard.img"), path)
    card = Card(path)
    card.write("tls-echo.conf", config.encode())
    for name, content in (files or {}).items():
        card.write(name, content)
    return path


def make_initramfs(folder, program):
    """virt's initramfs with another program (its bytes); returns the path. The kernel takes archives
    one after the other; a file of a later one replaces the earlier."""
    path = os.path.join(folder, "initramfs")
    archive = initramfs.Archive()
    archive.file("/init", program, 0o755)
    with open(image_part("initramfs.zst"), "rb") as file:
        base = file.read()
    with open(path, "wb") as file:
        file.write(base + bytes(-len(base) % 4) + archive.end())
    return path


def kernel_folder():
    """Where the image's kernel lies unpacked; no network is asked once an image was made."""
    tool = os.path.join(settings.SOURCE_DIR, "board", "image", "fetch.sh")
    done = subprocess.run([tool, "kernel"], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def pack_initramfs(folder, modules):
    """The board's initramfs with more modules, loaded after its own; returns the path."""
    path = os.path.join(folder, "initramfs")
    names = os.path.join(settings.SOURCE_DIR, "board", settings.BOARD, "modules")
    own = initramfs.module_names(names)
    program = settings.program("tls-echo")
    with open(path, "wb") as file:
        file.write(initramfs.pack(program, kernel_folder(), [*own, *modules]))
    return path
