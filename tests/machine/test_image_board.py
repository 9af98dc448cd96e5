"""Boards as an image of machine code finds them: further devices, and what is only declared."""

import functools

import pytest

from kerneltui.builtin import configs_dir
from kerneltui.debugger.onlooker import Indifferent
from kerneltui.errors import UserError
from kerneltui.hw.bus import BusFault
from kerneltui.kernel.programs import program
from kerneltui.kernel.workload import TimeoutRequest, Workload
from kerneltui.machine.board import load_board
from kerneltui.machine.machine import Machine
from kerneltui.machine.native.firmware import FirmwareOptions, board_for_image
from kerneltui.machine.poke import wire_poke

MS = 1_000_000
BOARDS = ("rpi3", "rpi4")
each_board = pytest.mark.parametrize("name", BOARDS)
PERIPHERALS = {"rpi3": 0x3F00_0000, "rpi4": 0xFE00_0000}
WORK = Workload((TimeoutRequest("prints", every_ns=2 * MS, text="tick"),))
HIGH = 0x4_7E00_0000
board = functools.cache(load_board)


def machine(name, *, image=True, **options):
    """A board with a kernel of the laboratory on it: who runs does not matter to the devices."""
    cls = program("timer-callbacks")
    here = board_for_image(board(name), FirmwareOptions(**options)) if image else board(name)
    return Machine(here, lambda cpu: cls(cpu, name, WORK))


class Told(Indifferent):
    """What was told as not modelled."""

    def __init__(self):
        self.texts = []

    def unmodelled(self, text):
        self.texts.append(text)

    def split(self, text):
        self.texts.append(text)


@pytest.fixture
def watched(request):
    made = machine(*request.param) if isinstance(request.param, tuple) else machine(request.param)
    told = Told()
    made.observe(told)
    return made, told.texts


@each_board
def test_without_an_image_nothing_of_it_is_there(name):
    plain = machine(name, image=False)
    assert not {"aux", "gpio"} & set(plain.devices)
    with pytest.raises(BusFault):
        plain.memory.read(PERIPHERALS[name] + 0x20_0000)
    assert plain.declared == []


@pytest.mark.parametrize(
    ("name", "begin", "end"),
    [("rpi3", 0x3F00_0000, 0x4004_0000), ("rpi4", 0xFC00_0000, 0x1_0000_0000),
     ("rpi4", 0x4_7C00_0000, 0x4_7F80_0000), ("rpi4", 0x4_C000_0000, 0x4_C080_0000)],
)  # fmt: skip
def test_all_addresses_of_the_peripherals_answer_and_no_others(name, begin, end):
    memory = machine(name).memory
    for address in (*range(begin, end, 0x4000), end - 4):
        memory.peek(address)
    assert memory.window_at(end) is None
    before = memory.window_at(begin - 1)
    assert before is None or before.name == "dram"


@pytest.mark.parametrize("watched", BOARDS, indirect=True)
def test_what_is_declared_is_told_once_for_each_register_and_access(watched):
    made, texts = watched
    base = next(window.base for window in made.memory.windows if window.name == "dma")
    for _ in range(3):
        made.memory.write(base + 0x40, 0x1234)
        assert made.memory.read(base + 0x40) == 0
    made.memory.peek(base + 0x44)
    assert texts == ["store to dma+0x40 <- 0x1234: not modelled", "read of dma+0x40: not modelled"]


@pytest.mark.parametrize("watched", BOARDS, indirect=True)
def test_where_nothing_is_declared_that_is_told_too(watched):
    made, texts = watched
    base = PERIPHERALS[made.board_name]
    views = {"rpi3": 0x3F00_0000, "rpi4": 0xFC00_0000}
    assert made.memory.read(base + 0xF0_0000) == 0
    offset = base + 0xF0_0000 - views[made.board_name]
    assert texts == [f"read of peripherals+{offset:#x}: not modelled"]


@each_board
def test_a_machine_that_goes_back_tells_it_again(name):
    made = machine(name)
    made.run(idle=True)
    saved, told = made.save(), Told()
    made.observe(told)
    base = next(window.base for window in made.memory.windows if window.name == "pm")
    made.memory.read(base)
    made.load(saved)
    made.memory.read(base)
    assert len(told.texts) == 2
    made.close()


@each_board
def test_both_uarts_are_at_the_terminal(name):
    made, seen = machine(name), []
    made.terminal.on_output = seen.append
    base = PERIPHERALS[name]
    for offset, value in ((0x21_5004, 1), (0x21_504C, 3), (0x21_5068, 270), (0x21_5040, 0x41)):
        made.memory.write(base + offset, value)
    for offset, value in ((0x20_102C, 0x60), (0x20_1030, 0x301), (0x20_1000, 0x42)):
        made.memory.write(base + offset, value)
    made.clock.advance(MS)
    assert sorted(seen) == [0x41, 0x42]
    made.terminal.type(b"z")
    made.clock.advance(3 * MS)
    assert made.memory.read(base + 0x21_5040) == ord("z")
    assert made.memory.read(base + 0x20_1000) == ord("z")


@each_board
def test_the_firmware_leaves_the_mini_uart_off_or_ready(name):
    off, on = machine(name), machine(name, enable_uart=True)
    base = PERIPHERALS[name]
    assert off.memory.read(base + 0x21_5004) == off.memory.read(base + 0x20_0004) == 0
    divisor = {"rpi3": 270, "rpi4": 541}[name]
    assert on.memory.read(base + 0x21_5068) == divisor
    assert on.memory.read(base + 0x20_0004) == 0x0001_2000  # pins 14 and 15: alternate 5
    assert on.devices["aux"].frame_ns() == pytest.approx(10 / 115_200 * 1e9, rel=0.002)


@pytest.mark.parametrize(("core_hz", "divisor"), [(0, 541), (250_000_000, 270)])
def test_the_core_clock_can_be_another(core_hz, divisor):
    on = machine("rpi4", enable_uart=True, core_hz=core_hz)
    assert on.memory.read(0xFE21_5068) == divisor
    assert on.devices["aux"].config.clock_hz == (core_hz or 500_000_000)


def test_the_peripherals_are_in_the_35_bit_map_too():
    made = machine("rpi4")
    made.memory.write(HIGH + 0x21_5004, 1)
    assert made.memory.read(0xFE21_5004) == 1
    assert made.memory.name_at(HIGH + 0x21_5004) == "AUX_ENABLES"
    assert made.memory.name_at(0x4_C004_1000) == "GICD_CTLR"
    assert made.memory.read(0x4_C000_0000) == 0


def test_with_arm_peri_high_they_are_only_there():
    made = machine("rpi4", arm_peri_high=True, enable_uart=True)
    assert made.memory.read(HIGH + 0x21_5004) == 1
    assert made.memory.name_at(0x4_C004_1000) == "GICD_CTLR"
    assert made.memory.name_at(HIGH + 0x7000) == "dma+0x0"
    with pytest.raises(BusFault):
        made.memory.read(0xFE21_5004)


LEGACY = [
    ("aux", "irq", 29),
    ("gpio", "bank0", 49),
    ("gpio", "all", 52),
    ("mailbox", "irq", 65),
    ("system-timer", "match1", 1),
    ("system-timer", "match3", 3),
    ("uart0", "irq", 57),
]


@pytest.mark.parametrize(("device", "output", "number"), LEGACY)
def test_the_legacy_controller_of_the_raspberry_pi_4_has_them_too(device, output, number):
    made = machine("rpi4")
    made.devices[device].outputs[output][0].set(True)
    assert made.controllers["armc"].interrupt(number, 0).line is True


@pytest.mark.parametrize("enable_gic", [True, False])
def test_one_of_both_controllers_has_the_cores(enable_gic):
    made = machine("rpi4", enable_gic=enable_gic)
    made.memory.write(0xFE00_B210, 1 << 29)  # IRQ0_SET_EN_0: AUX
    made.memory.write(0xFE21_5004, 1)
    made.memory.write(0xFE21_5044, 2)
    assert made.memory.read(0xFE00_B200) == 1 << 29
    assert made.memory.read(0xFF80_0060) == 0x100
    assert (made.cores[0].inputs != 0) is not enable_gic
    made.memory.write(0xFE21_5044, 0)
    if not enable_gic:
        assert made.cores[0].inputs == 0
    led = {name for name, ends in made.wiring.items() if "cpu irq" in ends}
    assert led == {f"{'gic' if enable_gic else 'local'}.irq{core}" for core in range(4)}


@pytest.mark.parametrize("name", BOARDS)
def test_the_kernel_of_the_laboratory_runs_there_as_before(name):
    texts = []
    for image in (False, True):
        made, seen = machine(name, image=image), bytearray()
        made.terminal.on_output = seen.append
        made.run(until=50 * MS)
        texts.append(bytes(seen))
        made.close()
    assert texts[0] == texts[1] != b""


@each_board
def test_the_mailbox_reaches_memory_and_knows_what_the_firmware_has_done(name):
    made = machine(name, core_hz=300_000_000, cmdline="quiet")
    words = (56, 0, 0x3_0002, 8, 0, 4, 0, 0x5_0001, 8, 0, 0, 0, 0, 0)
    for place, word in enumerate(words):
        made.memory.write(0x1000 + 4 * place, word)
    made.memory.write(PERIPHERALS[name] + 0xB8A0, 0xC000_1008)
    made.clock.advance(MS)
    assert made.memory.read(PERIPHERALS[name] + 0xB880) == 0xC000_1008
    assert made.memory.read(0x1004) == 0x8000_0000
    assert made.memory.read(0x1018) == 300_000_000
    assert made.memory.read(0x1028, 8).to_bytes(8, "little") == b"quiet\0\0\0"


def test_a_pc_runs_no_image():
    with pytest.raises(UserError, match="x86 has no 'image:'"):
        board_for_image(board("x86"), FirmwareOptions())


INTERRUPTS = [("rpi3", "aux", "irq", 29), ("rpi3", "gpio", "bank0", 49),
              ("rpi3", "gpio", "all", 52), ("rpi4", "aux", "irq", 125),
              ("rpi4", "gpio", "bank0", 145),
              ("rpi4", "gpio", "bank1", 146), ("rpi4", "gpio", "bank2", 147),
              ("rpi4", "gpio", "all", 148), ("rpi3", "mailbox", "irq", 65),
              ("rpi4", "mailbox", "irq", 65)]  # fmt: skip


@pytest.mark.parametrize(("name", "device", "output", "number"), INTERRUPTS)
def test_the_interrupts_arrive_where_the_manuals_say(name, device, output, number):
    made = machine(name)
    controller = made.controllers["ic" if name == "rpi3" else "gic"]
    assert controller.interrupt(number, 0).line is False
    made.devices[device].outputs[output][0].set(True)
    assert controller.interrupt(number, 0).line is True


COPY = (configs_dir() / "images" / "rpi4.yaml").read_text()
MISTAKES = [
    ("console: aux", "console: auxx", "no device 'auxx'; did you mean 'aux'?"),
    ("[uart0]", "[uart0, uart7]", "no device 'uart7'"),
    ("core_hz: 500_000_000", "core_hz: fast", "'core_hz' must be a whole number"),
    ("brcm,bcm2711-gpio", "brcm,bcm2712-gpio", "unknown device 'brcm,bcm2712-gpio'"),
    ("clocks: {base: 0xFE10_1000", "clocks: {base: 0xFE10_0000", "overlaps pm"),
]


@pytest.mark.parametrize(("old", "new", "message"), MISTAKES)
def test_mistakes_name_file_and_line(tmp_path, old, new, message):
    mine = tmp_path / "mine.yaml"
    rpi4 = (configs_dir() / "boards" / "rpi4.yaml").read_text()
    mine.write_text(rpi4.replace("image: rpi4", "image: things.yaml"))
    lines = COPY.replace(old, new).splitlines()
    (tmp_path / "things.yaml").write_text("\n".join(lines))
    (line,) = (number for number, text in enumerate(lines, start=1) if new in text)
    with pytest.raises(UserError) as caught:
        Machine(board_for_image(load_board(str(mine)), FirmwareOptions()), None)
    assert "\n" not in str(caught.value)
    where, _, said = str(caught.value).partition(": ")
    assert message in said
    assert where == f"{tmp_path / 'things.yaml'}:{line}"


def test_a_file_that_is_not_there_is_told(tmp_path):
    mine = tmp_path / "mine.yaml"
    rpi4 = (configs_dir() / "boards" / "rpi4.yaml").read_text()
    text = rpi4.replace("image: rpi4", "image: rpi5")
    mine.write_text(text)
    line = text[: text.index("image: rpi5")].count("\n") + 1
    said = rf"mine.yaml:{line}: no file .*did you mean 'rpi[34]'"
    with pytest.raises(UserError, match=said):
        board_for_image(load_board(str(mine)), FirmwareOptions())


@each_board
def test_a_machine_goes_on_alike_from_what_it_has_saved(name):
    """With a character under way, an answer due, and a pin that is driven."""
    made, base = machine(name, enable_uart=True), PERIPHERALS[name]
    made.run(idle=True)
    made.poke(wire_poke("gpio.pin17", level=True))
    made.memory.write(base + 0x20_004C, 1 << 18)
    made.memory.write(base + 0xB8A0, 0x1008)
    for byte in b"ABC":
        made.memory.write(base + 0x21_5040, byte)
    saved, ends = made.save(), []
    for _ in range(2):
        seen = []
        made.terminal.on_output = seen.append
        made.poke(wire_poke("gpio.pin18", level=True))
        made.run(until=made.now + MS)
        blocks = [
            (file.table.name, slot.name, file.peek(slot.key, slot.register.width // 8))
            for device in ("aux", "gpio", "mailbox")
            for file in made.devices[device].files.values()
            for slot in file.slots()
        ]
        ends.append((bytes(seen), blocks, made.step))
        made.load(saved)
    made.close()
    assert ends[0] == ends[1]
    assert ends[0][0].startswith(b"ABC")
    assert made.memory.read(base + 0x20_0034) >> 17 & 3 == 1
