"""The command that emulates a board with QEMU, booting what image.sh made for it."""

import os

from card import Card
from pi_boot import BootFiles

EMULATOR = "qemu-system-aarch64"

BOARDS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))

# Nothing but what is asked for; a restart of the board ends the emulator.
ALWAYS = ["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"]


def _recipe(board, name):
    return os.path.join(BOARDS, board, "image", name)


def _machine_lines(board):
    """(when it is used, the rest) of each line of the board's file "machine"."""
    with open(_recipe(board, "machine"), encoding="ascii") as file:
        lines = [line.strip() for line in file]
    return [line.split(None, 1) for line in lines if line and not line.startswith("#")]


def settings(board):
    """What the card's tls-echo.conf must say in the emulation, by name."""
    lines = [rest for when, rest in _machine_lines(board) if when == "setting"]
    return dict(line.split(" = ", 1) for line in lines)


def _hardware(board, parts):
    """The options for these parts of a machine; what a part is stands in for {its name}."""
    words = []
    for when, option in _machine_lines(board):
        if when == "always" or parts.get(when):
            filled = option.replace(f"{{{when}}}", str(parts.get(when)))
            words += filled.split(" ", 1)
    return words


class Boot:
    """What the boot code would hand to the kernel, from an image folder or, where the board boots
    from its card, from the card itself. Files are put into `folder`."""

    def __init__(self, board, image, card, folder):
        if os.path.exists(_recipe(board, "cmdline.txt")):
            self.kernel = os.path.join(image, "kernel8.img")
            self.initramfs = os.path.join(image, "initramfs.zst")
            self.device_tree = None
            with open(_recipe(board, "cmdline.txt"), encoding="ascii") as file:
                self.command_line = file.read().strip()
        else:
            self._read_card(Card(card), folder)

    def _read_card(self, card, folder):
        """As a Raspberry Pi 3 B would."""
        files = BootFiles(card.read_text("config.txt"), "3b")
        self.kernel = card.extract(files.kernel, folder)
        self.initramfs = card.extract(files.initramfs, folder)
        self.device_tree = card.extract(files.device_tree, folder)
        self.command_line = card.read_text(files.command_line).strip()

    def argv(self):
        words = ["-kernel", self.kernel, "-initrd", self.initramfs, "-append", self.command_line]
        return words + (["-dtb", self.device_tree] if self.device_tree else [])


def command(board, boot, card=None, network=None, watchdog=False, report=False):
    """The words of the command. card: path of an image; network: a backend of QEMU's -netdev with
    the id net0; watchdog: True for one where the machine does not have one anyway;
    report: True for memory that report.py can look at. The caller adds a character device
    "console"."""
    # A comma within a path is written twice.
    parts = {"card": card and card.replace(",", ",,"), "network": network, "watchdog": watchdog}
    parts["report"] = report
    return [EMULATOR, *ALWAYS, *_hardware(board, parts), *boot.argv()]
