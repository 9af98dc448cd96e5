"""Special instructions, recognised by their words."""

import pytest

from kerneltui.machine.native.opcodes import (
    Countdown,
    Special,
    closes_idle_loop,
    countdown,
    decode,
    may_store,
)

NOP, ISB = 0xD503201F, 0xD5033FDF
SUBS_X0, SUBS_W3_BY_4, SUB_X5 = 0xF1000400, 0x71001063, 0xD10004A5
BNE_BACK_1, BNE_BACK_2 = 0x54FFFFE1, 0x54FFFFC1
CBNZ_X5_BACK_1, CBNZ_W5_BACK_1 = 0xB5FFFFE5, 0x35FFFFE5


@pytest.mark.parametrize(
    ("word", "kind", "operand"),
    [
        (0xD69F03E0, Special.ERET, 0), (0xD503207F, Special.WFI, 0), (0xD503205F, Special.WFE, 0),
        (0xD503209F, Special.SEV, 0), (0xD50320BF, Special.SEVL, 0),
        (0xD50342DF, Special.MASK, 2), (0xD5034FFF, Special.UNMASK, 15),
        (0xD51B4225, Special.SET_MASKS, 5),
    ],
)  # fmt: skip
def test_instructions(word, kind, operand):
    assert decode(word) == (kind, operand)


@pytest.mark.parametrize("word", [NOP, 0, 0xD51B4205, 0xD5384240, 0xD65F03C0])
def test_other_instructions(word):
    assert decode(word) is None


@pytest.mark.parametrize(
    ("words", "closes"),
    [
        ([0x14000000], True), ([NOP, 0x17FFFFFF], True), ([ISB, NOP, 0x17FFFFFE], True),
        ([SUBS_X0, 0x17FFFFFF], False), ([0x17FFFFFF], False), ([NOP, 0x14000001], False),
        ([NOP, NOP, NOP, NOP, 0x17FFFFFC], False),
    ],
)  # fmt: skip
def test_idle_loops(words, closes):
    assert closes_idle_loop(words) is closes


@pytest.mark.parametrize(
    ("words", "loop"),
    [
        ([SUBS_X0, BNE_BACK_1], Countdown(2, 0, 1, True, True)),
        ([NOP, NOP, SUBS_W3_BY_4, BNE_BACK_1], Countdown(2, 3, 4, False, True)),
        ([NOP, SUBS_W3_BY_4, BNE_BACK_2], Countdown(3, 3, 4, False, True)),
        ([SUB_X5, CBNZ_X5_BACK_1], Countdown(2, 5, 1, True, False)),
        ([SUB_X5, CBNZ_W5_BACK_1], None),  # looks at half of it only
        ([SUB_X5, BNE_BACK_1], None),  # sets no flags
        ([SUBS_X0, SUBS_X0, BNE_BACK_2], None),
        ([0xF1000420, BNE_BACK_1], None),  # subs x0, x1, #1
        ([0xF100041F, BNE_BACK_1], None),  # cmp
        ([0xF1400400, BNE_BACK_1], None),  # lsl #12
        ([SUBS_X0, 0x54000041], None),  # forwards
        ([NOP, BNE_BACK_1], None),
        ([BNE_BACK_1], None),
    ],
)
def test_counting_loops(words, loop):
    assert countdown(words) == loop


@pytest.mark.parametrize(
    ("word", "stores"),
    [
        (0xB9400022, False),  # ldr w2, [x1]
        (0xB9000022, True),  # str w2, [x1]
        (0x38401402, False),  # ldrb w2, [x0], #1
        (0x3900001F, True),  # strb wzr, [x0]
        (0xA9BF07E0, True),  # stp x0, x1, [sp, #-16]!
        (0xA8C107E0, False),  # ldp x0, x1, [sp], #16
        (0x885FFC02, False),  # ldaxr w2, [x0]
        (0x88037C01, True),  # stxr w3, w1, [x0]
        (0x88DFFC02, False),  # ldar w2, [x0]
        (0x889FFC1F, True),  # stlr wzr, [x0]
        (0x58000441, False),  # ldr x1, =...
        (0x3D800000, True),  # str q0, [x0]
        (0x3DC00000, False),  # ldr q0, [x0]
        (0x4C007000, True),  # st1
        (SUBS_X0, False), (BNE_BACK_1, False), (NOP, False),
    ],
)  # fmt: skip
def test_what_may_store(word, stores):
    assert may_store(word) is stores
