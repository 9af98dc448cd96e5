"""Register tables and files: each access kind, as its own documentation states it."""

import pickle

import pytest

from kerneltui.hw.register import (
    RES0,
    RO,
    RW1C,
    TAG,
    W1C,
    W1S,
    WO,
    Field,
    Register,
    RegisterError,
    RegisterTable,
)
from kerneltui.hw.register_file import RegisterFile

BLOCK = RegisterTable(
    __name__,
    "BLOCK",
    "A block with every kind of register",
    size=0x100,
    registers=(
        Register("PLAIN", 0x00, (Field("ALL", 0, 32),), reset=0x1234_5678),
        Register(
            "MIXED",
            0x04,
            (
                Field("RW", 0, 8),
                Field("RO", 8, 8, RO),
                Field("WO", 16, 8, WO),
                Field("RES0", 24, 8, RES0),
            ),
            reset=0xFFFF_FFFF,
        ),
        Register("ENABLE_SET{n}", 0x10, (Field("E", 0, 32, W1S),), count=3, store="ENABLE",
                 packed=True),
        Register("ENABLE_CLR{n}", 0x20, (Field("E", 0, 32, W1C),), count=3, store="ENABLE",
                 packed=True),
        Register("STATUS", 0x30, (Field("HIT", 0, 4, RW1C), Field("MODE", 4, 4))),
        Register("UNDONE", 0x34, (Field("ON", 0), Field("ABSENT", 1, 3, TAG)), reset=0b0100),
        Register("MAILBOX", 0x38, (Field("V", 0, 32),), banked=True, reset=7),
        Register("ROW{n}", 0x40, (Field("V", 0, 32),), banked=True, count=2, stride=8),
        Register("HALF", 0x60, (Field("V", 0, 32, RO),)),
        Register("FIFO", 0x64, (Field("D", 0, 32),)),
        Register("BYTE{n}", 0x70, (Field("P", 0, 8),), width=8, count=8, first=32),
        Register("LONG", 0x80, (Field("V", 0, 64),), width=64),
        Register("PARTLY", 0x88, (Field("V", 0, 32),), implemented=0x0000_F0F0),
        Register("BITS{n}", 0x90, (Field("V", 0, 32),), count=2, packed=True,
                 implemented=0xFFFF_FFFF | 0x3 << 32),
        Register("PRIVATE{n}", 0xA0, (Field("V", 0, 32),), count=2, packed=True, banked=True),
    ),
)  # fmt: skip

QUIET = RegisterTable(
    __name__, "QUIET", "A block whose reserved addresses are RAZ/WI", size=0x10, raz_wi=True,
    registers=(Register("UNDONE", 0x00, (Field("ON", 0), Field("ABSENT", 1, 1, TAG))),),
)  # fmt: skip


COMMAND = RegisterTable(
    __name__, "COMMAND", "A register whose every write is a command", size=4,
    registers=(Register("SHOW", 0, (Field("STATE", 0, 8, RO),)),),
)  # fmt: skip


class Chip:
    """The owner of a block: a computed register, a read with an effect, a write hook."""

    TABLES = (BLOCK,)

    def __init__(self, cpus=1, **kwargs):
        self.queue = [11, 22, 33]
        self.seen = []
        self.file = RegisterFile(self, BLOCK, cpus=cpus, **kwargs)

    def peek_HALF(self, index, cpu):
        return 0xABCD + cpu

    def peek_FIFO(self, index, cpu):
        return self.queue[0] if self.queue else 0

    def read_FIFO(self, index, cpu):
        return self.queue.pop(0) if self.queue else 0

    def write_MIXED(self, index, cpu, value):
        self.seen.append(("MIXED", index, cpu, value))

    def write_BYTE(self, index, cpu, value):
        self.seen.append(("BYTE", index, cpu, value))


@pytest.fixture
def chip():
    return Chip()


# -- access kinds -------------------------------------------------------------------------------


def test_rw_reads_back_what_was_written(chip):
    assert chip.file.read(0x00) == 0x1234_5678
    chip.file.write(0x00, 0xCAFE_F00D)
    assert chip.file.read(0x00) == 0xCAFE_F00D


def test_each_field_of_one_register_keeps_its_own_kind(chip):
    # Reset is all ones: WO and RES0 read as zero nevertheless.
    assert chip.file.read(0x04) == 0x0000_FFFF
    chip.file.write(0x04, 0x5555_0011)
    assert chip.file.read(0x04) == 0x0000_FF11  # RO kept its reset value


def test_the_write_hook_sees_the_bits_as_written_after_the_state_has_changed(chip):
    chip.file.write(0x04, 0x00AB_CD22)
    assert chip.seen == [("MIXED", 0, 0, 0x00AB_CD22)]
    assert chip.file.store("MIXED")[0] & 0xFF == 0x22


def test_set_and_clear_registers_are_faces_of_one_state(chip):
    chip.file.write(0x10, 0b1100)
    chip.file.write(0x10, 0b0001)  # zeros leave bits alone
    assert chip.file.read(0x10) == chip.file.read(0x20) == 0b1101
    chip.file.write(0x20, 0b0100)
    assert chip.file.read(0x10) == chip.file.read(0x20) == 0b1001


def test_rw1c_is_cleared_by_a_one_and_never_set_by_software(chip):
    status = chip.file.store("STATUS")
    status[0] = 0b0110
    chip.file.write(0x30, 0b0010 | 0x50)
    assert chip.file.read(0x30) == 0b0100 | 0x50
    chip.file.write(0x30, 0x51)
    assert chip.file.read(0x30) == 0b0100 | 0x50


def test_tag_reads_its_reset_value_and_reports_a_store(chip):
    reports = []
    chip.file.on_unmodelled = reports.append
    chip.file.write(0x34, 0b0001)
    assert reports == []
    chip.file.write(0x34, 0b1011)
    assert chip.file.read(0x34) == 0b0101
    assert len(reports) == 1
    assert "UNDONE" in reports[0]
    assert "0xa" in reports[0]  # the bits that have no effect


@pytest.mark.parametrize("size", [1, 4])
def test_an_undeclared_offset_reads_zero_and_is_reported(chip, size):
    reports = []
    chip.file.on_unmodelled = reports.append
    assert chip.file.read(0xE0, size) == 0
    chip.file.write(0xE0, 1, size)
    assert len(reports) == 2
    assert all("BLOCK+0xe0" in report for report in reports)


def test_a_block_whose_reserved_addresses_are_raz_wi_reports_none():
    quiet, reports = RegisterFile(object(), QUIET), []
    quiet.on_unmodelled = reports.append
    for size in (1, 4):
        quiet.write(0x8, 0xFF, size)
        assert quiet.read(0x8, size) == 0
    assert reports == []
    quiet.write(0x0, 0b0011)
    assert quiet.read(0x2, 4) == 0
    assert len(reports) == 2, "what is not modelled, and what is not aligned"
    assert quiet.read(0x0) == 0b0001


def test_a_register_gives_a_field_by_its_name():
    assert BLOCK["MIXED"]["WO"].mask == 0x00FF_0000
    assert BLOCK["STATUS"]["MODE"].extract(0x53) == 5
    with pytest.raises(RegisterError, match="STATUS has no field 'MOOD'"):
        BLOCK["STATUS"]["MOOD"]


def test_peek_at_an_undeclared_offset_is_silent(chip):
    reports = []
    chip.file.on_unmodelled = reports.append
    assert chip.file.peek(0xE0) == 0
    assert reports == []


def test_unimplemented_bits_read_as_zero_and_ignore_stores(chip):
    chip.file.write(0x88, 0xFFFF_FFFF)
    assert chip.file.read(0x88) == 0x0000_F0F0


# -- computed values and effects ----------------------------------------------------------------


def test_a_computed_register_is_read_through_its_peek_hook():
    chip = Chip(cpus=2)
    assert chip.file.read(0x60, 4, cpu=1) == chip.file.peek(0x60, 4, cpu=1) == 0xABCE


def test_read_has_its_effect_and_peek_has_none(chip):
    assert [chip.file.peek(0x64) for _ in range(3)] == [11, 11, 11]
    assert [chip.file.read(0x64) for _ in range(4)] == [11, 22, 33, 0]


def test_a_narrow_first_read_has_the_effect_once(chip):
    assert chip.file.read(0x64, 1) == 11
    assert chip.queue == [22, 33]


# -- arrays, banks, packing ---------------------------------------------------------------------


def test_a_banked_register_has_a_copy_for_each_core():
    chip = Chip(cpus=3)
    chip.file.write(0x38, 99, cpu=1)
    assert [chip.file.read(0x38, cpu=cpu) for cpu in range(3)] == [7, 99, 7]


def test_a_banked_array_keeps_element_and_core_apart():
    chip = Chip(cpus=2)
    for cpu in range(2):
        for index, offset in enumerate((0x40, 0x48)):
            chip.file.write(offset, 10 * cpu + index, cpu=cpu)
    assert [chip.file.read(o, cpu=c) for c in range(2) for o in (0x40, 0x48)] == [0, 1, 10, 11]
    assert chip.file.store("ROW") == [0, 1, 10, 11]  # core-major


def test_an_unbanked_register_is_one_for_all_cores():
    chip = Chip(cpus=2)
    chip.file.write(0x00, 5, cpu=1)
    assert chip.file.read(0x00, cpu=0) == 5


def test_a_packed_array_is_one_integer_with_element_n_at_bit_n_times_width(chip):
    chip.file.write(0x18, 0x8000_0001)
    chip.file.write(0x10, 0x2)
    assert chip.file.store("ENABLE") == [0x8000_0001 << 64 | 0x2]
    assert [chip.file.read(0x10 + 4 * n) for n in range(3)] == [2, 0, 0x8000_0001]
    chip.file.write(0x28, 0x8000_0000)
    assert chip.file.store("ENABLE") == [1 << 64 | 0x2]


def test_a_banked_packed_array_is_one_integer_for_each_core():
    chip = Chip(cpus=2)
    chip.file.write(0xA4, 3, cpu=1)
    chip.file.write(0xA0, 5, cpu=0)
    assert chip.file.store("PRIVATE") == [5, 3 << 32]
    assert [chip.file.read(0xA4, cpu=cpu) for cpu in range(2)] == [0, 3]


def test_implemented_masks_a_packed_array_over_the_whole_integer(chip):
    chip.file.write(0x90, 0xFFFF_FFFF)
    chip.file.write(0x94, 0xFFFF_FFFF)
    assert chip.file.store("BITS") == [0x3_FFFF_FFFF]
    chip.file.write(0x90, 5)
    assert chip.file.store("BITS") == [0x3_0000_0005]
    assert chip.file.read(0x94) == 3


# -- access sizes -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("offset", "size", "value"),
    [(0, 1, 0x78), (1, 1, 0x56), (3, 1, 0x12), (0, 2, 0x5678), (2, 2, 0x1234)],
)
def test_a_narrow_read_takes_its_byte_lanes(chip, offset, size, value):
    assert chip.file.read(offset, size) == chip.file.peek(offset, size) == value


def test_a_narrow_write_leaves_the_other_bytes(chip):
    chip.file.write(0x02, 0xAB, 1)
    assert chip.file.read(0x00) == 0x12AB_5678
    chip.file.write(0x00, 0xBEEF, 2)
    assert chip.file.read(0x00) == 0x12AB_BEEF


def test_a_narrow_write_to_a_set_register_sets_only_its_own_byte(chip):
    chip.file.write(0x10, 0x0000_00FF)
    chip.file.write(0x21, 0xFF, 1)  # clears bits 15:8, of which none is set
    assert chip.file.read(0x10) == 0xFF
    chip.file.write(0x13, 0x80, 1)
    assert chip.file.read(0x10) == 0x8000_00FF


def test_a_narrow_write_does_not_clear_status_bits_beside_it(chip):
    chip.file.store("STATUS")[0] = 0b1111
    chip.file.write(0x31, 0xFF, 1)
    assert chip.file.read(0x30) == 0b1111


def test_a_narrow_write_reaches_the_hook_with_the_lanes_that_it_drives(chip):
    lanes = []
    chip.file.port(chip.file.slot_at(0x04)).write = lambda *_: lanes.append(chip.file.driven)
    chip.file.write(0x04, 0x11, 1)
    chip.file.write(0x06, 0x2233, 2)
    chip.file.write(0x04, 0x1)
    assert lanes == [0xFF, 0xFFFF_0000, -1]


@pytest.mark.parametrize("place", [0x05, 0x07])
def test_a_narrow_write_that_drives_nothing_writable_is_none(chip, place):
    chip.file.write(place, 0xFF, 1)
    assert chip.seen == []


def test_a_narrow_write_brings_zeros_in_write_only_lanes_that_it_does_not_drive(chip):
    chip.file.write(0x04, 0xAB, 1)
    chip.file.write(0x06, 0xCD, 1)
    assert chip.seen == [("MIXED", 0, 0, 0xAB), ("MIXED", 0, 0, 0xCD_00AB)]


def test_a_failing_hook_leaves_no_lanes_behind(chip):
    def fail(*_):
        raise RuntimeError

    chip.file.port(chip.file.slot_at(0x04)).write = fail
    with pytest.raises(RuntimeError):
        chip.file.write(0x04, 0, 1)
    assert chip.file.driven == -1


def test_a_register_of_read_only_bits_takes_a_narrow_write_as_a_command():
    class Commanded:
        TABLES = (COMMAND,)

        def __init__(self):
            self.count = 0
            self.file = RegisterFile(self, COMMAND)

        def write_SHOW(self, index, cpu, value):
            self.count += 1

    chip = Commanded()
    chip.file.write(0, 0, 1)
    chip.file.write(2, 0, 2)
    assert chip.count == 2


def test_fields_are_found_by_name():
    register = BLOCK["MIXED"]
    assert register["WO"].mask == 0x00FF_0000
    assert register.masks("RW", "RES0") == (0xFF, 0xFF00_0000)
    with pytest.raises(RegisterError, match=r"MIXED has no field .NONE."):
        register["NONE"]


def test_a_wide_access_to_byte_registers_touches_each_in_turn(chip):
    chip.file.write(0x74, 0x4433_2211, 4)
    assert chip.seen == [("BYTE", n, 0, 0x11 * (n - 3)) for n in range(4, 8)]
    assert chip.file.read(0x74, 4) == 0x4433_2211
    assert chip.file.read(0x70, 8) == 0x4433_2211 << 32


def test_a_64_bit_register_can_be_read_and_written_in_halves(chip):
    chip.file.write(0x84, 0x1111_2222, 4)
    chip.file.write(0x80, 0x3333_4444, 4)
    assert chip.file.read(0x80, 8) == 0x1111_2222_3333_4444
    assert chip.file.read(0x84, 4) == 0x1111_2222


def test_a_64_bit_access_covers_two_32_bit_registers(chip):
    chip.file.write(0x00, 0x0000_0022_0000_0001, 8)
    assert chip.file.read(0x00) == 1
    assert chip.file.read(0x04) == 0xFF22
    assert chip.file.read(0x00, 8) == 0xFF22_0000_0001


# -- names --------------------------------------------------------------------------------------


def test_an_offset_within_a_register_names_it(chip):
    assert chip.file.slot_at(0x02).name == "PLAIN"
    assert chip.file.slot_at(0x73).name == "BYTE35"  # the array starts at number 32
    assert chip.file.slot_at(0x87).name == "LONG"
    assert chip.file.slot_at(0x0C) is None


def test_fields_extract_their_value():
    assert Field("F", 4, 8).extract(0xABC5) == 0xBC
    assert Field("F", 4, 8).mask == 0xFF0


# -- reset, changes, pickling -------------------------------------------------------------------


def test_reset_restores_every_register_and_keeps_the_stores(chip):
    store = chip.file.store("PLAIN")
    chip.file.write(0x00, 1)
    chip.file.write(0x10, 1)
    chip.file.reset()
    assert chip.file.read(0x00) == 0x1234_5678
    assert chip.file.read(0x10) == 0
    assert chip.file.store("PLAIN") is store


def test_changes_adapt_single_registers_of_one_file():
    changed = Chip(changes={"PLAIN": {"reset": 0x66}, "PARTLY": {"implemented": 0xF}})
    changed.file.write(0x88, 0xFF)
    assert changed.file.read(0x00) == 0x66
    assert changed.file.read(0x88) == 0xF
    assert Chip().file.read(0x00) == 0x1234_5678


def test_a_change_to_no_register_is_refused():
    with pytest.raises(RegisterError, match="NOSUCH"):
        Chip(changes={"NOSUCH": {"reset": 0}})


def test_a_pickled_file_keeps_state_hooks_and_shared_stores():
    chip = Chip(cpus=2, changes={"PLAIN": {"reset": 0x66}})
    chip.file.write(0x10, 0b101)
    chip.file.write(0x38, 42, cpu=1)
    copy = pickle.loads(pickle.dumps(chip))
    assert copy.file.table is BLOCK
    assert copy.file.read(0x20) == 0b101
    assert copy.file.read(0x38, cpu=1) == 42
    assert copy.file.read(0x64) == 11
    assert (copy.queue, chip.queue) == ([22, 33], [11, 22, 33])
    copy.file.reset()
    assert copy.file.read(0x00) == 0x66


def test_a_pickled_owner_and_its_file_share_one_state():
    chip = Chip()
    chip.mine = chip.file.store("PLAIN")
    copy = pickle.loads(pickle.dumps(chip))
    copy.file.write(0x00, 3)
    assert copy.mine == [3]


# -- tables that contradict themselves ----------------------------------------------------------


def table(*registers, size=0x10, byte_addressed=True):
    return RegisterTable(
        __name__, "T", "t", size=size, registers=registers, byte_addressed=byte_addressed
    )


def test_overlapping_registers_are_named():
    with pytest.raises(RegisterError, match=r"HIGH1 overlaps LOW"):
        table(Register("LOW", 0x4), Register("HIGH{n}", 0x0, count=2))


def test_registers_overlap_by_their_bytes_not_only_their_offsets():
    with pytest.raises(RegisterError, match=r"B overlaps A"):
        table(Register("A", 0x0), Register("B", 0x2, width=16))


def test_overlapping_fields_are_named():
    with pytest.raises(RegisterError, match=r"R: UP overlaps DOWN"):
        table(Register("R", 0, (Field("DOWN", 0, 4), Field("UP", 3, 2))))


def test_a_field_beyond_the_register_is_named():
    with pytest.raises(RegisterError, match=r"R\.F.*8 bits"):
        table(Register("R", 0, (Field("F", 7, 2),), width=8))


def test_a_register_outside_the_block_is_named():
    with pytest.raises(RegisterError, match=r"LAST4 is outside"):
        table(Register("LAST{n}", 0, count=5))


def test_one_name_twice_is_refused():
    with pytest.raises(RegisterError, match=r"A is declared twice"):
        table(Register("A", 0), Register("A", 4))


def test_where_addresses_name_whole_registers_neighbours_do_not_overlap():
    made = table(
        Register("A", 0, (Field("V", 0, 64),), width=64),
        Register("B", 1, (Field("V", 0, 64),), width=64),
        byte_addressed=False,
    )
    assert [offset for _, offset in made.elements(made["B"])] == [1]


@pytest.mark.parametrize("hook", ["peek_NOSUCH", "read_NOSUCH", "write_NOSUCH"])
def test_a_hook_that_names_no_register_is_refused_at_construction(hook):
    wrong = type("Wrong", (Chip,), {hook: lambda self, *rest: 0})
    with pytest.raises(RegisterError, match=f"{hook} names no register"):
        wrong()


# -- overlays and windows -------------------------------------------------------------------------

UART = RegisterTable(
    __name__,
    "UART",
    "Registers that share offsets",
    size=4,
    registers=(
        Register("RBR", 0, (Field("DATA", 0, 8, RO),), width=8, overlay="receive"),
        Register("THR", 0, (Field("DATA", 0, 8, WO),), width=8, overlay="transmit"),
        Register("DLL", 0, (Field("LOW", 0, 8),), width=8, overlay="divisor"),
        Register("LCR", 3, (Field("DLAB", 7),), width=8),
    ),
)


class Uart:
    TABLES = (UART,)

    def __init__(self):
        self.sent = []
        self.file = RegisterFile(self, UART)

    def overlay(self, offset, write):
        if self.file.store("LCR")[0]:
            return "divisor"
        return "transmit" if write else "receive"

    def write_THR(self, index, cpu, value):
        self.sent.append(value)


def test_the_owner_chooses_among_registers_at_one_offset():
    uart = Uart()
    uart.file.write(0, 0x41, 1)
    uart.file.store("RBR")[0] = 0x61
    assert (uart.sent, uart.file.read(0, 1)) == ([0x41], 0x61)
    uart.file.write(3, 0x80, 1)
    uart.file.write(0, 0x1A, 1)
    assert (uart.sent, uart.file.read(0, 1), uart.file.peek(0, 1)) == ([0x41], 0x1A, 0x1A)
    uart.file.write(3, 0, 1)
    assert uart.file.read(0, 1) == 0x61


class ByValue(Uart):
    """A store of a high value is for the divisor."""

    def overlay_of_store(self, offset, value):
        return "divisor" if value & 0x80 else "transmit"


def test_a_store_may_choose_by_what_it_brings():
    uart = ByValue()
    uart.file.write(0, 0x41, 1)
    uart.file.write(0, 0x91, 1)
    assert (uart.sent, uart.file.store("DLL")) == ([0x41], [0x91])
    assert uart.file.slot_at(0).name == "RBR"
    assert [uart.file.slot_at(0, write=True, value=value).name for value in (0x7F, 0x80)] == [
        "THR", "DLL",
    ]  # fmt: skip


def test_overlays_may_share_an_offset_but_not_with_a_plain_register():
    with pytest.raises(RegisterError, match="PLAIN overlaps RBR"):
        RegisterTable(
            __name__, "T", "", 4,
            (Register("RBR", 0, width=8, overlay="receive"), Register("PLAIN", 0, width=8)),
        )  # fmt: skip


SELECT = RegisterTable(
    __name__,
    "SELECT",
    "An index/data pair",
    size=8,
    registers=(
        Register("INDEX", 0, (Field("INDEX", 0, 8),)),
        Register("DATA", 4, (Field("DATA", 0, 32),), window=("BEHIND", "INDEX")),
    ),
)
BEHIND = RegisterTable(
    __name__,
    "BEHIND",
    "What the pair reaches",
    size=0x20,
    byte_addressed=False,
    registers=(Register("ENTRY{n}", 0x10, (Field("VALUE", 0, 32),), count=4),),
)


class Pair:
    TABLES = (SELECT, BEHIND)

    def __init__(self):
        self.files = {table.name: RegisterFile(self, table) for table in self.TABLES}


def test_a_window_passes_accesses_to_the_selected_register():
    pair = pickle.loads(pickle.dumps(Pair()))
    front = pair.files["SELECT"]
    front.write(0, 0x12)
    front.write(4, 0xCAFE)
    front.write(0, 0x11)
    front.write(4, 0xBEEF)
    assert pair.files["BEHIND"].store("ENTRY") == [0, 0xBEEF, 0xCAFE, 0]
    front.write(0, 0x12)
    assert (front.read(4), front.peek(4)) == (0xCAFE, 0xCAFE)


def test_a_narrow_store_to_a_window_keeps_the_other_lanes_of_what_is_selected():
    pair = Pair()
    front, behind = pair.files["SELECT"], pair.files["BEHIND"].store("ENTRY")
    behind[:] = [0, 0x1234_5678, 0x9ABC_DEF0, 0]
    front.write(0, 0x12)
    front.write(4, 0xFFFF_FFFF)
    front.write(0, 0x11)
    front.write(5, 0xEE, 1)
    assert behind == [0, 0x1234_EE78, 0xFFFF_FFFF, 0]
    front.write(0, 0x17)
    texts = []
    pair.files["BEHIND"].on_unmodelled = texts.append
    front.write(4, 1, 2)
    assert len(texts) == 1
