"""Address spaces and memory."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerneltui.hw.bus import AddressSpace, BusFault, Memory
from kerneltui.hw.register import Field, Register, RegisterTable
from kerneltui.hw.register_file import RegisterFile

POPS = RegisterTable(
    __name__,
    "POPS",
    "A register that counts its reads",
    size=0x10,
    registers=(
        Register("POP", 0x0, (Field("N", 0, 32),)),
        Register("WORD{n}", 0x8, (Field("V", 0, 32),), count=2),
    ),
)


class Chip:
    """A block with one register whose reads have an effect."""

    TABLES = (POPS,)

    def __init__(self):
        self.reads = 0
        self.file = RegisterFile(self, POPS, cpus=2)

    def peek_POP(self, index, cpu):
        return self.reads

    def read_POP(self, index, cpu):
        self.reads += 1
        return self.reads - 1


@pytest.fixture
def space():
    made = AddressSpace("mmio")
    made.attach(0x1000, 0x10, "pops", Chip().file)
    made.attach(0x8000, 0x2000, "ram", Memory(0x2000))
    return made


@pytest.mark.parametrize(
    ("base", "size"), [(0x0FFF, 2), (0x100F, 1), (0x1000, 0x10), (0x0, 0x10000), (0x1004, 4)]
)
def test_an_overlap_is_refused_and_names_both(space, base, size):
    with pytest.raises(ValueError, match=r"new .* overlaps pops \(0x1000-0x100f\)"):
        space.attach(base, size, "new", Memory(size))


def test_windows_may_touch(space):
    space.attach(0x0FF0, 0x10, "below", Memory(0x10))
    space.attach(0x1010, 0x10, "above", Memory(0x10))
    assert [window.name for window in space.windows] == ["below", "pops", "above", "ram"]
    space.write(0x100C, 1)
    space.write(0x1010, 2)
    assert (space.read(0x100C), space.read(0x1010)) == (1, 2)


@pytest.mark.parametrize("address", [0x0, 0xFFF, 0x1010, 0x7FFF, 0xA000, 1 << 40])
def test_an_access_to_nothing_faults_with_space_and_address(space, address):
    for access in (space.read, space.peek):
        with pytest.raises(BusFault, match=f"mmio address {address:#x}"):
            access(address)
    with pytest.raises(BusFault) as caught:
        space.write(address, 1)
    assert (caught.value.space, caught.value.address) == ("mmio", address)


def test_peek_has_no_effect_and_read_has(space):
    assert [space.peek(0x1000) for _ in range(3)] == [0, 0, 0]
    assert [space.read(0x1000) for _ in range(3)] == [0, 1, 2]
    assert space.peek(0x1000) == 3


def test_a_window_attached_later_is_found_where_a_fault_was(space):
    with pytest.raises(BusFault):
        space.read(0x2000)
    space.attach(0x2000, 0x10, "late", Memory(0x10))
    assert space.read(0x2000) == 0


def test_names(space):
    assert space.name_at(0x1000) == "POP"
    assert space.name_at(0x100E) == "WORD1"
    assert space.name_at(0x1004) == "pops+0x4"
    assert space.name_at(0x8010) == "ram+0x10"
    assert space.name_at(0x5000) == ""


def test_a_pickled_space_serves_the_same_windows(space):
    space.write(0x8000, 0xAA55)
    space.read(0x1000)
    copy = pickle.loads(pickle.dumps(space))
    assert copy.read(0x8000) == 0xAA55
    assert copy.read(0x1000) == 1
    assert space.peek(0x1000) == 1
    with pytest.raises(ValueError, match="overlaps"):
        copy.attach(0x1000, 4, "new", Memory(4))


writes = st.lists(
    st.tuples(st.integers(0, 0x1FF8), st.sampled_from([1, 2, 4, 8]), st.integers(0, 2**64 - 1))
)


@given(writes, st.integers(0, 0x1FF8), st.sampled_from([1, 2, 4, 8]))
def test_memory_is_little_endian_bytes(stores, address, size):
    memory, model = Memory(0x2000), bytearray(0x2000)
    for place, width, value in stores:
        memory.write(place, value, width)
        model[place : place + width] = (value % (1 << 8 * width)).to_bytes(width, "little")
    assert memory.read(address, size) == int.from_bytes(model[address : address + size], "little")


def test_an_access_may_cross_a_page():
    memory = Memory(0x2000)
    memory.write(Memory.PAGE - 2, 0x1122_3344, 4)
    assert memory.read(Memory.PAGE - 2, 2) == 0x3344
    assert memory.read(Memory.PAGE, 2) == 0x1122
    assert memory.peek(Memory.PAGE - 2, 4) == 0x1122_3344
