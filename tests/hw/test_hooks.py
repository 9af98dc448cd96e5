"""One method as the hook of several registers."""

import pytest

from kerneltui.hw.hooks import shared_hook, variant_hook
from kerneltui.hw.register import Field, Register, RegisterError, RegisterTable
from kerneltui.hw.register_file import RegisterFile

NAMES = ("LEFT", "RIGHT")
TABLE = RegisterTable(
    __name__,
    "TABLE",
    "A block",
    size=0x20,
    ref="none",
    registers=(
        *(Register(name, 4 * n, (Field("V", 0, 8),)) for n, name in enumerate(NAMES)),
        Register("CELL{n}", 8, (Field("V", 0, 8),), count=2, stride=4),
        Register("SINK", 16, (Field("V", 0, 8),)),
    ),
)


class Chip:
    def __init__(self):
        self.calls = []
        self.regs = RegisterFile(self, TABLE, cpus=2)

    @variant_hook("peek", NAMES)
    def _shown(self, which, index, cpu):
        return 0x10 * which + cpu

    @variant_hook("write", NAMES, ("CELL",))
    @shared_hook("write", "SINK")
    def _written(self, *told):
        self.calls.append(told)


def test_a_variant_is_told_which_register_it_serves():
    chip = Chip()
    assert [chip.regs.read(offset, cpu=1) for offset in (0, 4)] == [0x01, 0x11]
    chip.regs.write(0, 7)
    chip.regs.write(4, 8, cpu=1)
    assert chip.calls == [(0, 0, 0, 7), (1, 0, 1, 8)]


def test_the_element_of_an_array_comes_after_the_variant():
    chip = Chip()
    chip.regs.write(12, 9)
    assert chip.calls == [(0, 1, 0, 9)]


def test_a_shared_hook_is_told_what_its_own_register_would_tell():
    chip = Chip()
    chip.regs.write(16, 5, cpu=1)
    assert chip.calls == [(0, 1, 5)]


def test_the_method_stays_callable_by_its_own_name():
    assert Chip()._shown(1, 0, 0) == 0x10


def test_a_hook_of_no_register_is_refused():
    class Wrong(Chip):
        @shared_hook("write", "NOWHERE")
        def _nothing(self, index, cpu, value):
            """Never called."""

    with pytest.raises(RegisterError, match=r"Wrong\.write_NOWHERE names no register"):
        Wrong()


@pytest.mark.parametrize("before", [True, False])
def test_a_register_with_two_hooks_of_a_kind_is_refused(before):
    def _own(self, index, cpu, value):
        """Never called."""

    methods = {"_shared": shared_hook("write", "SINK")(lambda self, index, cpu, value: None)}
    own = {"write_SINK": _own}
    with pytest.raises((TypeError, RuntimeError)) as found:
        type("Twice", (), {**own, **methods} if before else {**methods, **own})
    # Until Python 3.12 the error comes wrapped in another.
    assert "Twice.write_SINK is there twice" in str(found.value.__cause__ or found.value)
