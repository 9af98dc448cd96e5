"""The panels of a PC and of several cores, as they are used."""

from __future__ import annotations

import msgspec
import pytest
from dashboard import CPU, INTERRUPTS, REGISTERS, booted, dashboard
from pc_session import IPI_VECTOR, TIMER_VECTOR, UART_VECTOR, pc_session

from kerneltui.debugger.views.clocks import CounterView
from kerneltui.machine.board import load_board
from kerneltui.tui.panels.apics import ApicsPanel
from kerneltui.tui.panels.clocks import ClocksPanel, counter_lines
from kerneltui.tui.panels.cpu import CpuPanel, cores_lines
from kerneltui.tui.panels.firmware import FirmwarePanel
from kerneltui.tui.widgets.lines import line_text
from kerneltui.tui.widgets.looks import LOOKS

CLOCKS, APICS, FIRMWARE = 8, 9, 10
WIDTHS = [55, 66, 76, 138]
MS = 1_000_000


def pc_view(**changes):
    session = pc_session()
    session.view()
    session.run_until(session.machine.now + 250 * MS)
    view = msgspec.structs.replace(session.view(), **changes)
    session.close()
    return view


PC = pc_view()


def content(panel, view=PC, width=66, *, zoomed=False):
    made = panel()
    made.zoomed = zoomed
    return [line_text(line) for line in made.content(view, width)]


def row(lines, start):
    found = [line for line in lines if line.split() and line.split()[0] == start]
    assert len(found) == 1, found
    return found[0]


# -- every panel -----------------------------------------------------------------------------------


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("panel", [ClocksPanel, ApicsPanel, FirmwarePanel])
@pytest.mark.parametrize("zoomed", [False, True])
def test_every_line_fits_and_has_a_known_look(panel, width, zoomed):
    made = panel()
    made.zoomed = zoomed
    lines = made.content(PC, width)
    assert all(style in LOOKS for line in lines for _, style, *_ in line)
    for line in lines:
        assert len(line_text(line)) <= width, line_text(line)


def test_a_board_without_apics_and_tables_says_so_in_one_line():
    view = booted("rpi4").view()
    assert content(ApicsPanel, view) == ["This board has no APICs."]
    assert content(FirmwarePanel, view) == ["This board's firmware leaves no ACPI tables."]
    clocks = content(ClocksPanel, view)
    assert " It keeps none." in clocks
    assert " This board has none." in clocks
    assert any("CNTPCT" in line for line in clocks)


# -- clocks ----------------------------------------------------------------------------------------


def counter(**facts):
    usual = {"device": "acpi", "name": "PM_TMR", "value": 42, "hz": 3_579_545,
             "measured_hz": 3_579_545, "error_ppm": 0, "note": ""}  # fmt: skip
    return CounterView(**(usual | facts))


def shown(width=80, **facts):
    return [line_text(line) for line in counter_lines([counter(**facts)], width)]


def test_a_counter_says_rate_error_and_what_it_should_be():
    assert shown()[1].split() == ["acpi", "PM_TMR", "42", "3.579545", "0", "ppm", "3.579545"]
    fast = shown(measured_hz=3_579_903, error_ppm=100)[1]
    assert fast.startswith("!acpi")
    assert "+100 ppm" in fast
    stopped = shown(measured_hz=0, error_ppm=None, note="stands still")[1]
    assert stopped.split()[:6] == ["!acpi", "PM_TMR", "42", "0.000000", "stands", "still"]
    assert " - " in shown(measured_hz=None, error_ppm=None, note="not yet measured")[1]


@pytest.mark.parametrize("value", [42, (1 << 64) - 1])
def test_the_columns_of_the_counters_stand_under_their_headings(value):
    head, row = shown(value=value)
    for name, found in (("value", str(value)), ("measured MHz", "3.579545")):
        assert head.index(name) + len(name) == row.index(found) + len(found)
    assert head.index("error") == row.index("0 ppm")
    assert head.index("nominal") == row.rindex("3.579545")


def test_where_there_is_no_room_the_nominal_rate_is_left_out_whole():
    head, row = shown(45)
    assert head.split()[-1] == "error"
    assert row.split()[-1] == "ppm"


def test_the_clocks_of_the_pc():
    lines = content(ClocksPanel, width=72)
    assert lines[0].split()[-1] == "nominal"
    assert "0 ppm" in next(line for line in lines if "TSC" in line)
    assert "counts down" in next(line for line in lines if "CUR_COUNT" in line)
    assert "2026-01-01 18:00:00.123 UTC" in row(lines, "Unix").join(lines)
    assert "1767290400.123 456 700 s since 1970" in row(lines, "Unix")
    assert "134117640001234567 x 100 ns since 1601" in row(lines, "XT")
    assert "1.5 us behind" in row(lines, "drift")
    assert "2026-01-01 12:00:00  Thu" in "\n".join(lines)
    assert "00 00 12 05 01 01 26 20" in row(lines, "bytes")


def test_a_clock_that_was_never_compared_says_so_and_one_that_is_no_date_too():
    wall = msgspec.structs.replace(PC.wall_clock, drift_ns=None)
    rtc = msgspec.structs.replace(PC.rtc, date="2026-15-01 12:00:00", updating=True)
    lines = content(ClocksPanel, msgspec.structs.replace(PC, wall_clock=wall, rtc=rtc))
    assert "not compared" in row(lines, "drift")
    assert any("(no date)" in line and "UIP: updating" in line for line in lines)


# -- APICs -----------------------------------------------------------------------------------------


def test_the_maps_show_vectors_where_class_and_column_meet():
    lines = content(ApicsPanel)
    for vector in (TIMER_VECTOR, IPI_VECTOR):
        drawn = row(lines, f"{vector >> 4:x}0")
        columns = next(line for line in lines if "0123456789abcdef" in line)
        assert drawn[columns.index("0") + vector % 16] == "R"
        assert drawn.count("R") == 1
    assert sum(line.count("····") > 8 for line in lines) == 2


def test_in_service_and_level_stand_in_their_own_maps():
    apic = PC.local_apics[0]
    apic = msgspec.structs.replace(apic, irr=0, isr=1 << 0x3F, tmr=1 << 0x30, ppr=0x30)
    view = msgspec.structs.replace(PC, local_apics=(apic, PC.local_apics[1]))
    drawn = row(content(ApicsPanel, view), "30≤")
    assert drawn.split()[1:] == ["·" * 16, "·" * 15 + "S", "T" + "·" * 15]


def test_zoomed_all_classes_show_and_those_below_ppr_are_marked():
    lines = content(ApicsPanel, zoomed=True)
    names = [line[:3] for line in lines if "················ " in line]
    held = [f"{number:x}0≤" for number in range(5)]
    assert list(reversed(names)) == held + [f"{number:x}0 " for number in range(5, 16)]
    assert sum(line.split()[2:3] == ["fixed"] for line in lines) == 48


def test_the_local_vector_table_and_the_timer():
    lines = content(ApicsPanel)
    assert any(f"TIMER {TIMER_VECTOR:#04x}" in line and "LINT1 NMI" in line for line in lines)
    assert "LINT0 ExtINT M" in "\n".join(content(ApicsPanel, zoomed=True))
    assert "of 62500, clock / 16" in row(lines, "timer")
    armed = msgspec.structs.replace(
        PC.local_apics[0], timer_mode="TSC-deadline", timer_deadline=123, errors=("BAD",)
    )
    lines = content(ApicsPanel, msgspec.structs.replace(PC, local_apics=(armed,)))
    assert "deadline 123" in row(lines, "timer")
    assert "ESR BAD" in row(lines, "TPR")


def test_redirections_in_use_name_their_wire():
    lines = content(ApicsPanel)
    uart = row(lines, "4").split()
    assert uart[1:5] == [f"{UART_VECTOR:#04x}", "fixed", "ID", "0x01"]
    assert uart[-1] == "uart0.irq"
    assert row(lines, "9").split()[5:10] == ["low", "level", "M", "·", "·"]
    assert any("ioapic1" in line and "0 entries in use" in line for line in lines)


def test_the_8259s():
    lines = content(ApicsPanel)
    assert row(lines, "master").split()[1:] == ["········", "MM·MMMMM", "········", "········",
                                                "0x20-0x27"]  # fmt: skip
    assert row(lines, "slave").split()[4] == "·L······"


# -- firmware --------------------------------------------------------------------------------------


def test_every_table_is_listed_with_what_it_says():
    lines = content(FirmwarePanel)
    assert sum(" bytes  sound" in line for line in lines) == 6
    assert "  I/O APIC 3 at 0xfec01000, GSIs from 24" in lines


def test_a_broken_table_says_first_what_is_wrong():
    board = load_board("x86")
    firmware = msgspec.structs.replace(board.spec.firmware, bad_checksums=["APIC"])
    session = pc_session(board._with(firmware=firmware))
    lines = content(FirmwarePanel, session.view())
    place = next(n for n, line in enumerate(lines) if line.startswith("▪ APIC"))
    assert "✖ broken" in lines[place]
    assert "wrong checksum" in lines[place + 1]
    assert "1 broken" in FirmwarePanel().caption(session.view())


# -- the dashboard ---------------------------------------------------------------------------------


async def test_8_9_and_0_take_the_place_of_the_registers():
    async with dashboard(session=pc_session()) as seen:
        for key, number in (("8", CLOCKS), ("9", APICS), ("0", FIRMWARE), ("1", REGISTERS)):
            await seen.press(key)
            assert seen.displayed() == sorted([2, 3, 4, 5, 6, 7, number])
            assert seen.current() == number
            assert seen.app.focused is seen.app.panels.numbered(number)
            assert seen.lines(number)
        await seen.press("9", "5")
        assert seen.displayed() == [2, 3, 4, 5, 6, 7, APICS]
        assert seen.current() == CPU


async def test_what_was_behind_is_up_to_date_when_it_comes_back():
    async with dashboard(keys=["9", "n", "1"]) as seen:
        await seen.arrived()
        assert "timer event done" in seen.status()
        before = seen.lines(REGISTERS)
        assert any("CNTP_CVAL" in line for line in before)


PC_TABS = ("9APIC", "0ACPI")


@pytest.mark.parametrize("board", ["rpi4", None])
async def test_at_80x24_the_tabs_are_those_of_panels_that_have_something_to_show(board):
    options = {"board": board} if board else {"session": pc_session()}
    async with dashboard(size=(80, 24), **options) as seen:
        tabs = seen.screen().split("\n")[1].split()
        assert tabs[:8] == [
            "1Reg",
            "2IRQ",
            "3Queue",
            "4UART",
            "5CPU",
            "6Trace",
            "7Timer",
            "8Clock",
        ]
        assert tabs[8:] == [*(PC_TABS if board is None else ()), "tTime", "dPath"]
        # A panel that has nothing yet opens all the same, and has a tab while it is open.
        for key, number in (("0", FIRMWARE), ("8", CLOCKS), ("9", APICS)):
            await seen.press(key)
            assert seen.displayed() == [number]
            assert seen.lines(number)


async def test_the_zoom_shows_everything_and_takes_it_back():
    async with dashboard(session=pc_session(), keys=["9"]) as seen:
        short = len(seen.lines(APICS))
        await seen.press("z")
        assert seen.displayed() == [APICS]
        assert len(seen.lines(APICS)) > short + 40
        await seen.press("z")
        assert len(seen.lines(APICS)) == short


async def test_resizing_with_another_panel_in_the_corner():
    async with dashboard(session=pc_session(), keys=["9", "3"]) as seen:
        await seen.resize(80, 24)
        assert seen.displayed() == [3]
        await seen.resize(140, 40)
        assert seen.displayed() == [2, 3, 4, 5, 6, 7, APICS]


async def test_tab_reaches_the_panel_in_the_corner():
    async with dashboard(session=pc_session(), keys=["0"]) as seen:
        visited = []
        for _ in range(7):
            await seen.press("tab")
            visited.append(seen.current())
        assert sorted(visited) == [2, 3, 4, 5, 6, 7, FIRMWARE]


# -- cores -----------------------------------------------------------------------------------------


async def test_k_shows_the_next_core_with_its_registers_interrupts_and_apic():
    async with dashboard(session=pc_session(), keys=["9"]) as seen:
        assert seen.lines(CPU)[0].startswith("▶0 waiting  1 waiting ")
        assert seen.line(APICS, "Local APIC").startswith("▪ Local APIC of core 0")
        assert any(f"vec {IPI_VECTOR:#04x} " in line for line in seen.lines(INTERRUPTS))
        stack = seen.line(CPU, "RSP")
        instructions = [core.retired for core in seen.session.machine.cores]
        await seen.press("k")
        assert seen.lines(CPU)[0].startswith(" 0 waiting ▶1 waiting ")
        assert seen.line(APICS, "Local APIC").startswith("▪ Local APIC of core 1")
        assert not any(f"vec {IPI_VECTOR:#04x} " in line for line in seen.lines(INTERRUPTS))
        assert seen.line(CPU, "RSP") != stack
        assert "Program.idle" in [line.strip() for line in seen.lines(CPU)]
        await seen.press("k")
        assert seen.lines(CPU)[0].startswith("▶0")
        assert [core.retired for core in seen.session.machine.cores] == instructions


async def test_with_one_core_there_is_no_list_and_k_stays():
    async with dashboard() as seen:
        before = seen.lines(CPU)
        assert before[0].startswith("next")
        await seen.press("k")
        assert seen.lines(CPU) == before
        await seen.choose_in_palette("Core")
        assert seen.session.focus == 0


@pytest.mark.parametrize("width", [31, 38, 138])
def test_eight_cores_take_as_many_lines_as_they_need(width):
    cores = tuple(
        msgspec.structs.replace(PC.cores[0], index=number, depth=number % 2, state="running")
        for number in range(8)
    )
    off = msgspec.structs.replace(PC.cores[0], index=8, state="off")
    lines = [line_text(line) for line in cores_lines(
        msgspec.structs.replace(PC, cores=(*cores, off)), width)]  # fmt: skip
    assert all(len(line) <= width for line in lines)
    assert " ".join(lines).split()[:4] == ["▶0", "running", "1", "running+1"]
    assert sum(line.count("running") for line in lines) == 8


# -- the real kernel -------------------------------------------------------------------------------


async def test_the_panels_of_the_real_kernel():
    async with dashboard("x86") as seen:
        for key, number, words in (
            ("8", CLOCKS, "core 0 TSC"), ("9", APICS, "uart0.irq"), ("0", FIRMWARE, "MADT"),
        ):  # fmt: skip
            await seen.press(key)
            assert any(words in line for line in seen.lines(number))
        await seen.press("8", "n")
        await seen.arrived()
        assert "0 ppm" in seen.line(CLOCKS, "core 0 TSC")


def test_the_address_that_an_interrupt_came_from_is_not_called_where_the_core_is():
    lines = content(CpuPanel)
    assert row(lines, "return").split()[2].startswith("0x")
    assert not any(line.startswith("RIP") for line in lines)
