"""Who has made bits what they hold, where others have written the same since."""

from __future__ import annotations

import pytest
from moments import spot

from kerneltui.debugger.ear import By
from kerneltui.debugger.last_write import last_write
from kerneltui.debugger.writers import event_of, in_words
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
SHUT = {"rpi3": ("DAIF", 1 << 7, "DAIF.I=1"), "rpi4": ("DAIF", 1 << 7, "DAIF.I=1"),
        "x86": ("RFLAGS", 1 << 9, "RFLAGS.IF=0")}  # fmt: skip
LOCKED = {"rpi3": "8400us", "rpi4": "8200us", "x86": "43500us"}
"""Just before the kernel sets its timeouts, in a critical section, after it has let interrupts in.
"""


def changer(session, name, mask, owner="core 0", window=""):
    place = spot(session, owner, window, name, mask)
    return last_write(session.history, owner, place, is_change=True)


@pytest.mark.parametrize("board", SHUT)
def test_a_lock_that_puts_the_mask_back_has_not_shut_it(board):
    name, mask, poke = SHUT[board]
    session = open_session(board, "timer-callbacks", Changes(pokes=(f"{LOCKED[board]}:{poke}",)))
    session.run_until(60 * MS)
    found = changer(session, name, mask)
    assert (found.by, found.again.function) == (By.POKE, "IrqLock.__exit__")
    assert found.again.t_ns > found.t_ns
    told = in_words(found)
    assert told.startswith("last changed by your poke at ")
    assert "; last written, with that same value, by IrqLock.__exit__ (" in told
    plain = last_write(session.history, "core 0", spot(session, "core 0", "", name, mask))
    assert plain.function == "IrqLock.__exit__"
    session.close()


@pytest.mark.parametrize(
    ("board", "scenario"), [("rpi3", "fault-daif"), ("rpi4", "fault-daif"), ("x86", "fault-if")]
)
def test_a_mask_that_nobody_has_opened_is_the_resets(board, scenario):
    name, mask, _ = SHUT[board]
    session = open_session(board, scenario)
    session.boot()
    found = changer(session, name, mask)
    assert (found.by, found.again.function) == (By.RESET, "IrqLock.__exit__")
    assert in_words(found).startswith("as it is out of reset: nobody has changed it; last written")
    assert event_of(found) is None
    session.close()


@pytest.mark.parametrize("board", SHUT)
def test_of_each_instruction_that_writes_the_mask_it_is_known_what_it_does(board):
    """The bits as followed by the instructions are those that the core has: at each exception."""
    name, mask, _ = SHUT[board]
    session = open_session(board, "timer-callbacks")
    session.run_until(1_050 * MS)
    opened = changer(session, name, mask)
    returns = "iret" if board == "x86" else "eret"
    assert (opened.by, opened.instruction, opened.again) == (By.CODE, returns, None)
    session.next_interrupt()
    assert changer(session, name, mask).by is By.EXCEPTION
    session.close()


def test_a_store_of_what_the_device_has_out_of_reset_is_a_choice():
    session = open_session("rpi4", "fault-pmr")
    session.boot()
    found = changer(session, "GICC_PMR", 0xF8, "gic", "GICC")
    assert (found.by, found.function, found.again) == (By.CODE, "Gicv2.init_core", None)
    session.close()
