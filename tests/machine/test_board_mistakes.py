"""Board files: slips of a person who writes one, each told with its key, its line and the mend."""

import pytest
from test_board import RPI4, changed, complaint

from kerneltui.configfile import available
from kerneltui.errors import UserError
from kerneltui.machine.board import load_board
from kerneltui.validation import validate_file

X86 = available("boards")["x86"].read_text()
SLIPS = {
    "a pin without its number": ("gic spi 121", "gic spi", 54, "'gic spi' has no number: write"),
    "a number in hex": (
        "gic spi 121",
        "gic spi 0x79",
        54,
        "no number in decimal digits; write 121",
    ),
    "a negative number": ("gic spi 121", "gic spi -1", 54, "'-1' is no number in decimal digits"),
    "digits of other scripts": ("gic spi 121", "gic spi \u0661", 54, "no number in decimal digits"),
    "a number for a pin alone": ("gic spi 121", "uart0 cts 0", 54, "write 'uart0 cts'"),
    "a number as a wire": ("irq: gic spi 121", "irq: 121", 54, "like 'gic spi 121'"),
    "the same wire twice": ("irq: gic spi 121", "irq: [gic spi 1, gic  spi 1]", 54, "remove one"),
    "an odd base": (
        "0xFE20_1000",
        "0xFE20_1001",
        51,
        "PL011 must lie at a multiple of 4, by the width",
    ),
    "odd memory": ("base: 0x0", "base: 0x1", 20, "'base' must be a multiple of 4"),
    "a typo in what is needed": (
        "{frequency_hz",
        "{frequncy_hz",
        33,
        "has no parameter 'frequncy_hz'; did you mean 'frequency_hz'?",
    ),
    "a window in small letters": ("{PL011:", "{pl011:", 51, "did you mean 'PL011'?"),
    "a device in capitals": ("arm,pl011", "ARM,PL011", 50, "did you mean 'arm,pl011'?"),
    "nine cores": ("cores: 4", "cores: 9", 9, "'cores' is out of range: from 1 to 8, not '9'"),
    "a size with its unit": ("0x4000_0000", "1 GiB", 20, "not '1 GiB'; write 1_073_741_824"),
    "a rate with its unit": ("54_000_000", "54MHz", 33, "not '54MHz'; write 54_000_000"),
    "an address without 0x": ("0xFE20_1000", "FE20_1000", 51, "write 0xFE20_1000"),
    "an address in quotes": ("0xFE20_1000", "'0xFE201000'", 51, "write 0xFE201000 without quotes"),
    "beyond 44 bits": ("0xFE20_1000", "0x1000_0000_0000", 51, "the last address of this processor"),
    "memory beyond them": ("base: 0x0", "base: 0xFFF_F000_0000", 20, "goes beyond the last"),
    "a device called cpu": ("  system-timer:", "  cpu:", 40, "choose another"),
    "a device called core1": ("  system-timer:", "  core1:", 40, "choose another"),
    "a name with a dot": ("  system-timer:", "  system.timer:", 40, "a name of letters, digits"),
    "instructions without time": (
        "store: 60ns",
        "store: 0s",
        13,
        "'store' must be from 1ns to 1ms",
    ),
    "instructions for hours": ("load: 100ns", "load: 1h", 12, "must be from 1ns to 1ms, not 1h"),
    "a PC's key": ("  cores: 4", "  cores: 4\n  features: [arat]", 10, "'features' is nothing for"),
    "a table that is not aligned": ("[0xD8,", "[0xD9,", 10, "0xd9 is no multiple of 8"),
    "a table outside memory": ("[0xD8,", "[0x8000_0000,", 10, "there is no memory at 0x80000000"),
    "one entry for two cores": ("[0xD8, 0xE0,", "[0xD8, 0xD8,", 10, "0xd8 stands here twice"),
    "a PC's board support": ("bsp: rpi4", "bsp: x86", 3, "write rpi3 or rpi4"),
    "the console is a timer": ("console: uart0", "console: timer", 4, "not a UART; write uart0"),
    "a processor without its key": (
        "cpu:\n  compatible: arm,cortex-a72\n  cores: 4\n",
        "cpu: arm,cortex-a72\nimages:\n",
        7,
        "'cpu' must be a mapping, not 'arm,cortex-a72'; its keys are compatible, cores",
    ),
    "wires without their outputs": (
        "    interrupts:\n      irq: gic spi 121",
        "    interrupts: gic spi 121",
        53,
        "write 'key: value' lines below it",
    ),
}


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_is_told_with_its_line_and_the_mend(tmp_path, slip):
    old, new, line, said = SLIPS[slip]
    path = tmp_path / "mine.yaml"
    path.write_text(RPI4.replace(old, new, 1))
    with pytest.raises(UserError) as caught:
        validate_file(path)
    told = [str(each) for each in caught.value.each]
    assert any(text.startswith(f"{path}:{line}: ") and said in text for text in told), told


def test_a_typo_is_one_mistake_and_not_two(tmp_path):
    path, _ = changed(tmp_path, "{frequency_hz", "{frequncy_hz")
    assert "more" not in complaint(path)
    path, _ = changed(tmp_path, "bsp: rpi4", "bspp: rpi4")
    assert "more" not in complaint(path)


def test_a_register_of_eight_bytes_lies_at_a_multiple_of_eight(tmp_path):
    path, line = changed(tmp_path, "HPET: 0xFED0_0000", "HPET: 0xFED0_0004", X86)
    assert f":{line}: HPET must lie at a multiple of 8" in complaint(path)


@pytest.mark.parametrize(
    ("old", "new", "unit"),
    [
        ("I8254_PORTS: 0x40", "I8254_PORTS: 0x42", 4),
        ("I8259_MASTER: 0x20", "I8259_MASTER: 0x21", 2),
        ("NS16550: 0x3F8", "NS16550: 0x3FA", 8),
    ],
)
def test_ports_lie_where_the_low_address_lines_choose_them(tmp_path, old, new, unit):
    path, line = changed(tmp_path, old, new, X86)
    name = old.partition(":")[0]
    assert f":{line}: {name} must lie at a multiple of {unit}" in complaint(path)


def test_a_wire_that_each_core_has_is_told_once_and_each_that_leads_nowhere(tmp_path):
    text = RPI4.replace("gic spi 64 ", "gic spi 300 ").replace("gic spi 65\n", "gic spi 300\n")
    text = text.replace("gic ppi 13", "gic ppi 16")
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        validate_file(path)
    assert [each.line for each in caught.value.each] == [35, 44, 45]


@pytest.mark.parametrize(("board", "last"), [("rpi3", 40), ("rpi4", 44), ("x86", 36)])
def test_a_window_ends_where_the_processors_addresses_end(tmp_path, board, last):
    text = available("boards")[board].read_text()
    old = {"rpi3": "PL011: 0x3F20_1000", "rpi4": "PL011: 0xFE20_1000", "x86": "HPET: 0xFED0_0000"}
    name = old[board].partition(":")[0]
    size = 0x400 if board == "x86" else 0x1000
    path, _ = changed(tmp_path, old[board], f"{name}: {(1 << last) - size:#x}", text)
    load_board(str(path))
    validate_file(path)
    path, _ = changed(tmp_path, old[board], f"{name}: {(1 << last) - size + 8:#x}", text)
    assert f"{(1 << last) - 1:#x}" in complaint(path)


MANY = (
    ("title: Raspberry Pi 4", "title: ''"),
    ("cores: 4", "cores: 9"),
    ("load: 100ns", "load: 100"),
    ("irqs: 224", "irqs: 225"),
    ("cntpsirq: gic ppi 13", "cntpsirq: gic ppi"),
    ("frequency_hz", "frequncy_hz"),
    ("SYSTEM_TIMER: 0xFE00_3000", "SYSTEM_TIMER: 0xFE20_1000"),
    ("match0: gic spi 64", "match9: gic spi 64"),
)


def test_all_mistakes_are_told_in_the_order_of_their_lines(tmp_path):
    text = RPI4
    for old, new in MANY:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(UserError) as caught:
        validate_file(path)
    lines = [each.line for each in caught.value.each]
    assert lines == [2, 9, 12, 26, 33, 44, 51], [str(each) for each in caught.value.each]
    assert str(caught.value).startswith(f"{path}:2: 'title' needs at least 1 character (and 6 more")
    with pytest.raises(UserError) as at_start:
        load_board(str(path))
    assert str(at_start.value) == str(caught.value)


def test_what_leads_to_a_wrong_device_is_no_mistake_of_its_own(tmp_path):
    path, _ = changed(tmp_path, "arm,gic-400", "arm,gic-401")
    assert complaint(path).endswith("did you mean 'arm,gic-400'?")
