"""Is the SD card's image what it should be, the same each time, and would the checker notice?"""

import fnmatch
import gzip
import os
import re
import subprocess

import card
import check
import harness
import initramfs
import pi_boot
import settings

IMAGE_TOOLS = os.path.join(settings.SOURCE_DIR, "board", "image")
IS_PI = settings.BOARD == "raspberry_pi"
RECIPE = os.path.join(settings.SOURCE_DIR, "board", settings.BOARD)
PARTS = ("kernel8.img", "initramfs.zst", "sdcard.img")
MIB = 1 << 20

# What a board cannot do without, by the names that device trees have for it.
NEEDED_DEVICES = ("*-sdhost", "*-emmc2", "*-rng", "*-rng200", "*-usb", "*-genet-v5", "*-xceiv",
                  "regulator-fixed", "regulator-gpio")  # fmt: skip


def part(name):
    return os.path.join(settings.IMAGE_DIR, name)


def read(path):
    with open(path, "rb") as file:
        return file.read()


def kernel_folder():
    """The cached folder that the kernel was unpacked into; no network is asked."""
    return run([os.path.join(IMAGE_TOOLS, "fetch.sh"), "kernel"]).strip()


def run(command, **more):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **more)
    if done.returncode != 0:
        raise AssertionError(f"{command}: {done.stdout}{done.stderr}")
    return done.stdout


class Image(harness.TestCase):
    def setUp(self):
        super().setUp()
        for name in PARTS:
            self.assertTrue(os.path.exists(part(name)), "make it first: ./run image")
        self.card = card.Card(part("sdcard.img"))

    def test_checker_is_content(self):
        self.assertEqual(check.check_card(part("sdcard.img")), [])

    def test_one_active_partition_of_fat(self):
        (partition,) = self.card.partitions
        self.assertEqual((partition.active, partition.kind), (0x80, 0x0C))
        self.assertEqual(partition.start % MIB, 0)
        self.assertEqual(partition.start + partition.size, os.path.getsize(part("sdcard.img")))

    def test_sizes(self):
        """A card of a power of two, and nothing on it that has grown out of all proportion."""
        size = os.path.getsize(part("sdcard.img"))
        self.assertEqual(size, (128 if IS_PI else 4) * MIB)
        self.assertLess(os.path.getsize(part("initramfs.zst")), 2 * MIB)
        self.assertLess(os.path.getsize(part("kernel8.img")), 24 * MIB)

    def test_card_holds_what_lies_beside_it(self):
        if not IS_PI:
            self.skipTest("this board's kernel is given to QEMU")
        for name in ("kernel8.img", "initramfs.zst"):
            self.assertEqual(self.card.read(name), read(part(name)))

    def test_kernel_is_debians(self):
        (boot,) = [name for name in os.listdir(f"{kernel_folder()}/boot") if "vmlinuz" in name]
        self.assertEqual(
            gzip.decompress(read(part("kernel8.img"))), read(f"{kernel_folder()}/boot/{boot}")
        )

    def test_init_is_the_firmware(self):
        files = check.unpack_initramfs(read(part("initramfs.zst")))
        self.assertEqual(files["/init"], read(settings.program("tls-echo")))

    def test_all_modules_of_the_list_are_inside(self):
        files = check.unpack_initramfs(read(part("initramfs.zst")))
        names = initramfs.module_names(os.path.join(RECIPE, "modules"))
        listed = files["/modules.list"].decode().split()
        for path in initramfs.modules_to_load(kernel_folder(), names):
            self.assertIn(os.path.basename(path).removesuffix(".xz"), map(os.path.basename, listed))
        self.assertEqual(len(set(listed)), len(listed))


class Reproducible(harness.TestCase):
    def make(self, date="1767225600", **environment):
        folder = os.path.join(self.make_folder(), "image")
        command = [os.path.join(IMAGE_TOOLS, "image.sh"), settings.BOARD]
        environment = dict(os.environ, SOURCE_DATE_EPOCH=date, **environment)
        run([*command, settings.program("tls-echo"), folder], env=environment)
        return {name: read(os.path.join(folder, name)) for name in PARTS}

    def test_same_input_same_bytes(self):
        """Whatever the time, the zone, the language and the user's own settings of mtools are."""
        settings_of_mtools = os.path.join(self.make_folder(), "mtoolsrc")
        with open(settings_of_mtools, "w", encoding="ascii") as file:
            file.write('MTOOLS_LOWER_CASE=1\nMTOOLS_NO_VFAT=1\n')
        first = self.make()
        second = self.make(TZ="Asia/Tokyo", LC_ALL="C.UTF-8", MTOOLSRC=settings_of_mtools)
        for name in PARTS:
            self.assertTrue(first[name] == second[name], f"{name} differs")
        later = self.make(date="1767312000")
        self.assertFalse(first["sdcard.img"] == later["sdcard.img"], "the date is not used")


class DamagedCard(harness.TestCase):
    """A copy of the good card, and what the checker says of it."""

    def setUp(self):
        super().setUp()
        self.path = os.path.join(self.make_folder(), "sdcard.img")
        self.restore()

    def restore(self):
        run(["cp", "--sparse=always", part("sdcard.img"), self.path])

    def problems(self):
        return "\n".join(check.check_card(self.path))

    def change(self, name, *replacements):
        image = card.Card(self.path)
        text = image.read_text(name)
        for old, new in replacements:
            self.assertIn(old, text)
            text = text.replace(old, new)
        image.write(name, text.encode())

    def remove(self, name):
        start = card.Card(self.path).partitions[0].start
        run(["mdel", "-i", f"{self.path}@@{start}", f"::{name}"])

    def write_at(self, offset, data):
        with open(self.path, "r+b") as file:
            file.seek(offset)
            file.write(data)


class Checker(DamagedCard):
    """Each damage to a good card is named."""

    def test_no_partition_table(self):
        self.write_at(510, b"\0\0")
        with self.assertRaisesRegex(card.Mistake, "no partition table"):
            self.problems()

    def test_no_fat(self):
        self.write_at(450, b"\x83")
        with self.assertRaisesRegex(card.Mistake, "no FAT"):
            self.problems()

    def test_image_cut_short(self):
        os.truncate(self.path, os.path.getsize(self.path) - 4096)
        self.assertIn("beyond the image", self.problems())

    def test_damaged_file_system(self):
        """The second copy of the table of clusters is not the first."""
        start = card.Card(self.path).partitions[0].start
        with open(self.path, "rb") as file:
            file.seek(start)
            boot_sector = file.read(512)
        reserved = int.from_bytes(boot_sector[14:16], "little")
        length = int.from_bytes(boot_sector[22:24], "little") or int.from_bytes(
            boot_sector[36:40], "little"
        )
        self.write_at(start + (reserved + length) * 512 + 12, b"\x55\x55\x55\x05")
        self.assertIn("fsck.fat", self.problems())

    def test_missing_settings(self):
        self.remove("tls-echo.conf")
        self.assertIn("tls-echo.conf is missing", self.problems())


class PiChecker(DamagedCard):
    """What would keep a Raspberry Pi from booting is named."""

    def setUp(self):
        if not IS_PI:
            self.skipTest("this board has no boot code that reads its card")
        super().setUp()

    def problems(self):
        return "\n".join(check.check_boot(card.Card(self.path)))

    def rebuild_initramfs(self, change):
        """Puts an initramfs onto the card whose files were changed."""
        files = check.unpack_initramfs(card.Card(self.path).read("initramfs.zst"))
        change(files)
        archive = initramfs.Archive()
        for name, content in files.items():
            if content:
                archive.file(name, content)
        packed = initramfs.compress(archive.end())
        card.Card(self.path).write("initramfs.zst", packed)

    def test_each_file_that_a_model_loads(self):
        config = card.Card(self.path).read_text("config.txt")
        names = set()
        for model in pi_boot.MODELS:
            names.update(pi_boot.BootFiles(config, model).names())
        self.assertGreater(len(names), 15)
        for name in names - {"config.txt"}:
            with self.subTest(name):
                self.restore()
                self.remove(name)
                self.assertIn(f"{name} is missing", self.problems())

    def test_file_that_config_txt_names_and_that_is_not_there(self):
        for name in ("kernel=kernel8.img", "initramfs initramfs.zst"):
            with self.subTest(name):
                self.restore()
                self.change("config.txt", (name, name + "x"))
                self.assertRegex(self.problems(), r"(kernel8.imgx|initramfs.zstx) is missing")

    def test_setting_that_nobody_knows(self):
        self.change("config.txt", ("enable_uart", "enable_uort"))
        with self.assertRaisesRegex(card.Mistake, "line 1[0-9].*enable_uort=1"):
            self.problems()

    def test_settings_without_which_nothing_boots(self):
        for name in ("arm_64bit", "upstream_kernel"):
            with self.subTest(name):
                self.restore()
                self.change("config.txt", (f"{name}=1", f"{name}=0"))
                with self.assertRaisesRegex(card.Mistake, f"{name}=1 is missing"):
                    self.problems()

    def test_dark_console(self):
        self.change("config.txt", ("enable_uart=1", "enable_uart=0"))
        self.assertIn("enable_uart=1 is missing", self.problems())

    def test_console_of_another_uart(self):
        self.change("cmdline.txt", ("ttyS1", "ttyAMA0"))
        self.assertIn("console=ttyAMA0, not ttyS1", self.problems())

    def test_command_line_of_two_lines(self):
        self.change("cmdline.txt", (" ", "\n"))
        self.assertIn("must be one line", self.problems())

    def test_crash_that_leaves_the_board_down(self):
        self.change("cmdline.txt", ("panic=", "frantic="))
        self.assertIn("no panic=", self.problems())

    def test_kernel_cut_short(self):
        kernel = card.Card(self.path).read("kernel8.img")
        card.Card(self.path).write("kernel8.img", kernel[: len(kernel) // 2])
        with self.assertRaisesRegex(card.Mistake, "kernel cannot be unpacked"):
            self.problems()

    def test_kernel_of_another_processor(self):
        card.Card(self.path).write("kernel8.img", gzip.compress(b"MZ" + bytes(1 << 20)))
        self.assertIn("no arm64 kernel", self.problems())

    def test_module_of_another_kernel(self):
        def change(files):
            name = files["/modules.list"].decode().split()[0]
            files[name] = re.sub(rb"vermagic=6", b"vermagic=5", files[name])

        self.rebuild_initramfs(change)
        self.assertIn("is not for the kernel 6.", self.problems())

    def test_module_that_is_listed_and_not_there(self):
        def change(files):
            files["/modules.list"] += b"/lib/modules/none.ko\n"

        self.rebuild_initramfs(change)
        self.assertIn("lacks the module /lib/modules/none.ko", self.problems())

    def test_initramfs_without_a_program(self):
        self.rebuild_initramfs(lambda files: files.pop("/init"))
        self.assertIn("no program /init", self.problems())

    def test_initramfs_cut_short(self):
        packed = card.Card(self.path).read("initramfs.zst")
        card.Card(self.path).write("initramfs.zst", packed[:-1000])
        with self.assertRaisesRegex(card.Mistake, "initramfs cannot be unpacked"):
            self.problems()


class Drivers(harness.TestCase):
    """For each device of each model that the firmware needs there is a module, or it is built in."""

    def setUp(self):
        super().setUp()
        if not IS_PI:
            self.skipTest("QEMU makes this board's device tree")
        self.card = card.Card(part("sdcard.img"))
        self.modules = f"{kernel_folder()}/lib/modules/{os.listdir(f'{kernel_folder()}/lib/modules')[0]}"
        self.aliases = self.read_aliases()

    def read_aliases(self):
        """(pattern of a device's name, module) for each driver that is a module."""
        with open(f"{self.modules}/modules.alias", encoding="utf-8") as file:
            words = [line.split() for line in file]
        return [line[1:] for line in words if line[0] == "alias" and line[1].startswith("of:N*T*C")]

    def devices(self, tree):
        """The compatible strings of a device tree."""
        source = run(["dtc", "-q", "-I", "dtb", "-O", "dts", tree])
        lists = re.findall(r"compatible = (.*);", source)
        return set(re.findall(r'[\w.+-]+,[\w.+-]+|[\w.-]+', " ".join(lists).replace("\\0", " ")))

    def module_of(self, device):
        for pattern, module in self.aliases:
            if fnmatch.fnmatchcase(f"of:N*T*C{device}", pattern):
                return module
        return None

    def test_modules(self):
        listed = check.unpack_initramfs(read(part("initramfs.zst")))["/modules.list"].decode()
        loaded = {os.path.basename(path)[:-3].replace("-", "_") for path in listed.split()}
        trees = [name for name in self.card.files() if name.endswith(".dtb")]
        found = set()
        for tree in trees:
            devices = self.devices(self.card.extract(tree, self.make_folder()))
            for device in (d for d in devices if any(fnmatch.fnmatch(d, n) for n in NEEDED_DEVICES)):
                module = self.module_of(device)
                if module is not None:
                    self.assertIn(module, loaded, f"{tree} has {device}")
                    found.add(module)
        self.assertGreaterEqual(
            found, {"bcm2835", "sdhci_iproc", "bcm2835_rng", "iproc_rng200", "dwc2", "genet"}
        )
        # No device tree names these: the chips say themselves what they are.
        self.assertGreaterEqual(loaded, {"smsc95xx", "lan78xx", "bcm2835_wdt", "broadcom"})


class SettingsFile(harness.TestCase):
    """tls-echo.conf as it is shipped."""

    CARD_ONLY = {"role", "peer", "at-end"}
    ALONE = {"message"}  # excludes others
    NEEDS_DEVICE = {"watchdog"}  # that this machine may not have

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.text = card.Card(part("sdcard.img")).read_text("tls-echo.conf")
        cls.program = [*settings.RUNNER, settings.program("tls-echo")]
        cls.options = {role: cls.read_options(role) for role in ("server", "client")}

    @classmethod
    def read_options(cls, role):
        """The names that the role's help page has."""
        page = run([*cls.program, role, "--help"])
        return set(re.findall(r"^ +--([a-z0-9-]+)", page, re.MULTILINE))

    def examples(self):
        """The settings in comments, as (name, value)."""
        return re.findall(r"^#([a-z0-9-]+) = (.*)$", self.text, re.MULTILINE)

    def check_config(self, role, lines):
        """The program takes a file with these lines."""
        path = os.path.join(self.make_folder(), "tls-echo.conf")
        with open(path, "w", encoding="ascii") as file:
            file.writelines(f"{line}\n" for line in lines)
        # The interface is looked at after the file: 71 says that the file was right.
        arguments = [role, "--config", path, "--netif", "stream:connect=/nowhere"]
        arguments += ["localhost"] if role == "client" else []
        done = subprocess.run([*self.program, *arguments], capture_output=True, check=False)
        self.assertEqual(done.returncode, 71, f"{lines}: {done.stderr.decode()}")

    def test_nothing_but_the_role_is_set(self):
        lines = [line for line in self.text.splitlines() if line and not line.startswith("#")]
        self.assertEqual(lines, ["role = server"])

    def test_it_is_plain_text_that_fits_a_terminal(self):
        self.assertTrue(self.text.isascii())
        self.assertLessEqual(max(map(len, self.text.splitlines())), 100)

    def test_each_example_is_right(self):
        """Without its comment sign each line is taken, by the role that it is for."""
        for role, options in self.options.items():
            lines, alternatives = {}, []
            for name, value in self.examples():
                if name in self.NEEDS_DEVICE:
                    continue
                if name in options and (name in lines or name in self.ALONE):
                    alternatives.append(f"{name} = {value}")
                elif name in options:
                    lines[name] = f"{name} = {value}"
            self.assertGreater(len(lines), 10)
            self.check_config(role, lines.values())
            for line in alternatives:
                self.check_config(role, [line])

    def test_each_option_is_there(self):
        """All but those that make no sense on a card."""
        named = {name for name, _ in self.examples()} | {"role"}
        elsewhere = {"help", "version", "print-memory", "config", "certs", "netif", "mac", "stdin"}
        options = self.options["server"] | self.options["client"] | self.CARD_ONLY
        self.assertEqual(sorted(options - named - elsewhere), [])
        self.assertEqual(sorted(named - options), [])


if __name__ == "__main__":
    harness.main(namespace=False)
