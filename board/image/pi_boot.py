"""What the Raspberry Pi's boot code would load from a card, by the rules of its config.txt.

See "Boot options" and "Conditional filters" in the Raspberry Pi documentation of config.txt. Only
what image.sh's cards use is understood; anything else is a Mistake rather than a guess.
"""

from card import Mistake

# What each model calls itself in a filter of config.txt, the boot code that it runs, and the device
# tree that it looks for when told upstream_kernel=1.
MODELS = {
    "3b": (("pi3",), "", "bcm2837-rpi-3-b.dtb"),
    "3b+": (("pi3", "pi3+"), "", "bcm2837-rpi-3-b-plus.dtb"),
    "3a+": (("pi3", "pi3+"), "", "bcm2837-rpi-3-a-plus.dtb"),
    "zero2w": (("pi0", "pi0w", "pi02"), "", "bcm2837-rpi-zero-2-w.dtb"),
    "4b": (("pi4",), "4", "bcm2711-rpi-4-b.dtb"),
    "400": (("pi4", "pi400"), "4", "bcm2711-rpi-400.dtb"),
    "cm4": (("pi4", "cm4"), "4", "bcm2711-rpi-4-b.dtb"),
}

KNOWN = (
    "arm_64bit upstream_kernel kernel initramfs enable_uart device_tree cmdline start_file fixup_file"
).split()


def settings_for(text, model):
    """The settings of a config.txt that hold for a model, as a dict."""
    filters = MODELS[model][0]
    settings = {}
    applies = True
    for number, line in enumerate(text.splitlines(), 1):
        line = line.partition("#")[0].strip()
        if line.startswith("["):
            applies = line == "[all]" or line.strip("[]") in filters
        elif line:
            # "initramfs" alone is written without an equals sign.
            name, _, value = line.partition(" " if line.startswith("initramfs") else "=")
            if name not in KNOWN or not value:
                raise Mistake(f"config.txt, line {number}: I do not know what this does: {line}")
            if applies:
                settings[name] = value.strip()
    return settings


class BootFiles:
    """The names of the files that a model loads, in the order it does so."""

    def __init__(self, config_text, model):
        settings = settings_for(config_text, model)
        for name in ("arm_64bit", "upstream_kernel"):
            if settings.get(name) != "1":
                raise Mistake(f"config.txt: {name}=1 is missing: the kernel would not boot")
        _, generation, device_tree = MODELS[model]
        self.boot_code = [] if generation else ["bootcode.bin"]
        self.boot_code.append(settings.get("start_file", f"start{generation}.elf"))
        self.boot_code.append(settings.get("fixup_file", f"fixup{generation}.dat"))
        self.kernel = settings.get("kernel", "kernel8.img")
        self.initramfs, _, address = settings.get("initramfs", "").partition(" ")
        if self.initramfs and address.strip() != "followkernel":
            raise Mistake("config.txt: initramfs is to be loaded at an address that may not be free")
        self.device_tree = settings.get("device_tree", device_tree)
        self.command_line = settings.get("cmdline", "cmdline.txt")
        self.has_console = settings.get("enable_uart") == "1"

    def names(self):
        found = [*self.boot_code, "config.txt", self.kernel, self.initramfs]
        return [name for name in (*found, self.device_tree, self.command_line) if name]
