"""Who wrote it last, where that was a reset: of a local APIC, or of a core, but by power-on."""

from __future__ import annotations

import pytest
from moments import spot

from kerneltui.debugger.ear import By
from kerneltui.debugger.last_write import last_write
from kerneltui.debugger.writers import event_of, in_words
from kerneltui.kernel.drivers import local_apic
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session

MS = 1_000_000
MASKED, ENABLED = 1 << 16, 1 << 8
TO_DEADLINE = 2 << 17


@pytest.fixture
def session(request):
    """A PC of two cores, 100 ms after power-on."""
    pokes = getattr(request, "param", ())
    made = open_session("x86", "ipi", Changes(pokes=pokes))
    made.boot()
    made.run_until(100 * MS)
    yield made
    made.close()


def writer(session, owner, window, name, mask, cpu=0):
    return last_write(session.history, owner, spot(session, owner, window, name, mask, cpu))


def apics(session, name, mask, cpu):
    return writer(session, "lapic", "LOCAL_APIC", name, mask, cpu)


def test_the_kernel_starts_a_core_by_an_init_message(session):
    """SDM 3A 10.4.7.3: that resets its local APIC; what the kernel stores there comes after."""
    found = apics(session, "LVT_THERMAL", MASKED, 1)
    assert (found.by, found.is_reset, found.core, found.register) == (By.CODE, True, 0, "ICR_LOW")
    assert found.file == local_apic.__file__
    assert found.caller.function == "LocalApicDriver._send_to"
    assert "with a store to ICR_LOW" in in_words(found)
    enabled = apics(session, "SVR", ENABLED, 1)
    assert (enabled.by, enabled.is_reset, enabled.core) == (By.CODE, False, 1)
    assert apics(session, "LVT_THERMAL", MASKED, 0).by is By.RESET
    session.go_to_event(event_of(found))
    assert apics(session, "LVT_THERMAL", MASKED, 1) == found


def test_the_identity_and_what_hardware_sets_are_left_alone(session):
    """All but the APIC ID is reset (10.4.7.3); of IRR nothing was there to be changed."""
    assert apics(session, "APIC_ID", 0xFF << 24, 1).by is By.RESET
    assert apics(session, "IRR0", 1, 1).by is By.HARDWARE


def test_a_poke_switches_the_apic_off(session):
    """IA32_APIC_BASE (10.4.3), of that core alone."""
    session.poke("IA32_APIC_BASE.EN=0", 0)
    for name, mask in (("SVR", ENABLED), ("LVT_TIMER", MASKED), ("TPR", 0xF0)):
        found = apics(session, name, mask, 0)
        assert (found.by, found.is_reset, found.t_ns) == (By.POKE, True, 100 * MS)
        assert in_words(found) == "last reset by your poke of IA32_APIC_BASE at 0.100 000 000 s"
    assert apics(session, "SVR", ENABLED, 1).by is By.CODE
    base = writer(session, "lapic", "LOCAL_APIC_MSR", "IA32_APIC_BASE", 1 << 11)
    assert (base.by, base.is_reset) == (By.POKE, False)


TO_CORE_1 = ("50ms:ioapic0/IOREDTBL4_HIGH=0x01000000", "50ms:ioapic0/IOREDTBL4_LOW=0x500")


@pytest.mark.parametrize("session", [TO_CORE_1], indirect=True)
def test_an_io_apic_sends_init_as_a_line_rises(session):
    """Delivery mode 101 (82093AA, 3.2.4); the serial port's line is no store."""
    session.type(b"x")
    session.run_until(200 * MS)
    found = apics(session, "SVR", ENABLED, 1)
    assert (found.by, found.is_reset, found.function) == (By.SIGNAL, True, "")
    assert found.t_ns > 100 * MS
    cores_own = writer(session, "core 1", "", "RFLAGS", 1 << 9)
    assert (cores_own.by, cores_own.t_ns) == (By.SIGNAL, found.t_ns)
    assert in_words(found).startswith("last reset by an INIT message that no core has sent, at ")
    assert apics(session, "SVR", ENABLED, 0).by is By.CODE


@pytest.mark.parametrize("session", [TO_CORE_1], indirect=True)
def test_an_earlier_moment_knows_nothing_of_it(session):
    session.type(b"x")
    session.run_until(200 * MS)
    session.go_to_time(100 * MS)
    assert apics(session, "SVR", ENABLED, 1).by is By.CODE


def test_a_change_of_the_timers_mode_clears_its_deadline(session):
    """SDM 3A 10.5.4.1."""

    def deadline():
        return writer(session, "lapic", "LOCAL_APIC_MSR", "IA32_TSC_DEADLINE", 1)

    session.poke(f"LVT_TIMER={MASKED | TO_DEADLINE:#x}", 0)
    session.poke(f"IA32_TSC_DEADLINE={1 << 60 | 1:#x}", 0)
    assert deadline().register == "IA32_TSC_DEADLINE"
    session.poke(f"LVT_TIMER={MASKED:#x}", 0)
    assert (deadline().register, deadline().is_reset) == ("LVT_TIMER", False)


def test_a_control_word_takes_the_count_of_its_counter(session):
    """Intel 8254, "Control Word Format": SC names the counter."""
    session.poke("I8254_PORTS/CONTROL_WORD=0x30", 0)
    found = writer(session, "pit", "I8254_PORTS", "COUNTER0", 0xFF)
    assert (found.by, found.register) == (By.POKE, "CONTROL_WORD")
    assert writer(session, "pit", "I8254_PORTS", "COUNTER1", 0xFF).by is not By.POKE
