"""Journeys of keys through the dashboard: what a key does, and what the screen then says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from types import SimpleNamespace
from unittest.mock import patch

import pytest
from dashboard import (
    CONSOLE,
    CPU,
    INTERRUPTS,
    QUEUE,
    REGISTERS,
    TIMERS,
    TRACE,
    dashboard,
)
from panel_classes import PANELS
from rich.style import Style
from textual.command import CommandList
from textual.worker import WorkerFailed

from kerneltui.debugger.watch import CALLBACK_DONE
from kerneltui.tui.offers import OfferKind
from kerneltui.tui.panels.kinds import KINDS, grouped
from kerneltui.tui.screens.choose import ChooseScreen

UART_IRQ = {"rpi4": 153, "rpi3": 57}
BOARDS = ("rpi4", "rpi3")


# -- opening ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS)
async def test_opens_booted_and_halted_at_the_first_idle(board):
    async with dashboard(board) as seen:
        assert "■ paused: idle" in seen.status()
        assert f"{board} · timer-callbacks" in seen.status()
        assert "x1" in seen.status()
        assert seen.line(CPU, "next").split()[:2] == ["next", "wfi"]
        assert "Echoing input now" in seen.console()[-2]
        assert not seen.app.runner.running
        before = seen.now
        await seen.pilot.pause(0.2)
        assert seen.now == before


async def test_all_panels_show_at_140x40():
    async with dashboard() as seen:
        assert seen.displayed() == [1, 2, 3, 4, 5, 6, 7]
        for title in ("1 Registers", "2 Interrupts", "3 Timeout queue", "4 UART console",
                      "5 CPU", "6 Trace", "7 Timer"):  # fmt: skip
            assert title in seen.screen()


# -- stepping --------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS)
async def test_n_shows_the_first_timer_event_at_once(board):
    async with dashboard(board) as seen:
        await seen.go("n")
        assert seen.console()[-2].endswith("] Periodic 1 sec")
        assert "timer event done" in seen.status()
        assert "t=1.0" in seen.status()
        assert "eret" in seen.lines(TRACE)[-1]
        assert "no handler" in seen.line(CPU, "state")
        assert seen.line(INTERRUPTS, "Timer")[0] == " "
        assert seen.line(QUEUE, "Periodic").startswith("▶")
        assert [line.split()[-1] for line in seen.lines(QUEUE)[1:]] == ["sec", "2", "5"]


async def test_n_stops_after_each_callback_in_due_order():
    async with dashboard() as seen:
        said = []
        for _ in range(8):
            before = len(seen.console())
            await seen.go("n")
            said += [line[15:] for line in seen.console()[before - 1 : -1] if line.startswith("[")]
        periodic = "Periodic 1 sec"
        assert said == [periodic, periodic, "Once 2", periodic, periodic, "Once 5", periodic,
                        periodic]  # fmt: skip
        assert len(seen.lines(QUEUE)) == 2


async def test_n_stops_at_each_of_five_callbacks_due_together():
    async with dashboard(scenario="same-deadline") as seen:
        stops = []
        for _ in range(5):
            await seen.go("n")
            stops.append(seen.console()[-2].split("] ")[1])
        assert stops == ["set first", "set second", "set third", "set fourth", "set fifth"]


@pytest.mark.parametrize("board", BOARDS)
async def test_i_stops_at_the_vector_with_the_handler_not_begun(board):
    async with dashboard(board) as seen:
        for count in (1, 2):
            await seen.go("i")
            assert "interrupt taken" in seen.status()
            assert "IRQ taken" in seen.lines(TRACE)[-1]
            assert "handler depth 1" in seen.line(CPU, "state")
            assert "IRQ masked" in seen.line(CPU, "level EL1")
            told = f"{count} interrupt" if count == 1 else f"{count} interrupts"
            assert seen.app.panels.numbered(CPU).border_subtitle.endswith(told)
            # Neither has the controller been asked nor the handler counted.
            timer = seen.line(INTERRUPTS, "Timer")
            assert timer.startswith("!irq ")
            assert f"{count - 1}" in timer.split()
            await seen.go("f")


@pytest.mark.parametrize("board", BOARDS)
async def test_f_runs_to_the_end_of_the_handler(board):
    async with dashboard(board, keys=["i"]) as seen:
        await seen.press("s", "s", "s", "f")
        await seen.arrived()
        assert "handler finished" in seen.status()
        assert "no handler" in seen.line(CPU, "state")
        assert "IRQ open" in seen.line(CPU, "level EL1")
        assert seen.console()[-2].endswith("Periodic 1 sec")
        assert seen.line(INTERRUPTS, "Timer")[0] == " "


async def test_f_outside_any_handler_runs_through_the_next():
    async with dashboard(keys=["f"]) as seen:
        await seen.arrived()
        assert "handler finished" in seen.status()
        assert seen.console()[-2].endswith("Periodic 1 sec")


async def step_to(seen, instruction):
    """Step until that instruction is the next one."""
    for _ in range(600):
        if instruction in seen.line(CPU, "next"):
            return
        await seen.pilot.press("s")
        await seen.pilot.pause()
    raise AssertionError(f"{instruction} never came:\n{seen.screen()}")


async def test_s_shows_a_timer_interrupt_register_by_register():
    """Acknowledge and mask: each is a step of its own, with its register changed."""
    async with dashboard(keys=["i"]) as seen:
        await step_to(seen, "ldr GICC_IAR")
        assert "INTERRUPT_ID=30" in seen.line(REGISTERS, "GICC_IAR")
        assert "all fields are 0" in seen.line(REGISTERS, "GICD_ISACTIVER0")
        retired = seen.session.machine.core.retired
        await seen.press("s")
        assert seen.session.machine.core.retired == retired + 1
        assert "000003ff INTERRUPT_ID=1023(spurious)" in seen.line(REGISTERS, "GICC_IAR")
        assert "→ read 0000001e INTERRUPT_ID=30" in seen.line(REGISTERS, "→ read 0000001e")
        active = seen.line(REGISTERS, "GICD_ISACTIVER0")
        assert active.startswith("*GICD_ISACTIVER0")
        assert "irq 30" in active
        assert seen.line(INTERRUPTS, "Timer").startswith("▶irq 30 ")

        await step_to(seen, "msr CNTP_CTL_EL0")
        assert "ISTATUS=1" in seen.line(REGISTERS, "CNTP_CTL_EL0")
        await seen.press("s")
        control = seen.line(REGISTERS, "CNTP_CTL_EL0")
        assert control.startswith("*CNTP_CTL_EL0")
        assert "00000000 ENABLE=0 IMASK=0 ISTATUS=0" in control
        assert "00000004 ENABLE=0 IMASK=0 ISTATUS=1" in seen.line(REGISTERS, "← wrote")
        place = seen.lines(TIMERS).index(seen.line(TIMERS, "CNTP_CVAL"))
        assert seen.lines(TIMERS)[place + 1] == "   off"
        assert not seen.line(REGISTERS, "GICD_ISACTIVER0").startswith("*")


async def test_s_after_the_callback_shows_re_arm_and_end():
    async with dashboard() as seen:
        seen.app.runner.start(CALLBACK_DONE)
        await seen.arrived()
        assert "timer callback done" in seen.status()
        await step_to(seen, "msr CNTP_CVAL_EL0")
        old = seen.line(REGISTERS, "CNTP_CVAL_EL0")
        await seen.press("s")
        compare = seen.line(REGISTERS, "CNTP_CVAL_EL0")
        assert compare.startswith("*CNTP_CVAL_EL0")
        assert compare.split()[1] in seen.line(REGISTERS, "← wrote")
        assert compare.split()[1] != old.split()[1]

        await step_to(seen, "str GICC_EOIR")
        assert "irq 30" in seen.line(REGISTERS, "GICD_ISACTIVER0")
        await seen.press("s")
        assert "only written" in seen.line(REGISTERS, "GICC_EOIR")
        assert "← wrote 0000001e EOIINTID=30" in seen.line(REGISTERS, "← wrote")
        ended = seen.line(REGISTERS, "GICD_ISACTIVER0")
        assert ended.startswith("*GICD_ISACTIVER0")
        assert "irq 30" not in ended
        assert seen.line(INTERRUPTS, "Timer")[0] == " "
        assert "stepped" in seen.status()


async def test_s_on_the_pi_3_reads_the_local_source_then_ends_at_the_timer():
    async with dashboard("rpi3", keys=["i"]) as seen:
        await step_to(seen, "ldr CORE0_INTERRUPT_SOURCE")
        await seen.press("s")
        source = seen.line(REGISTERS, "CORE0_INTERRUPT_SOURCE")
        assert "00000002 CNTPNSIRQ=1" in source
        assert seen.line(REGISTERS, "→ read").endswith("→ read 00000002")
        await step_to(seen, "msr CNTP_CTL_EL0")
        await seen.press("s")
        assert seen.line(REGISTERS, "CORE0_INTERRUPT_SOURCE").startswith("*")


async def test_a_mark_of_change_lasts_until_the_next_stop():
    async with dashboard(keys=["i", "s", "s"]) as seen:
        assert seen.line(REGISTERS, "GICD_ISACTIVER0").startswith("*")
        await seen.press("s")
        assert seen.line(REGISTERS, "GICD_ISACTIVER0").startswith(" ")


async def test_r_goes_back_to_booted_and_asleep_at_the_speed_x1():
    async with dashboard() as seen:
        opened = seen.now, seen.console(), seen.lines(QUEUE)
        await seen.press("n", "n", "+", "r")
        assert (seen.now, seen.console(), seen.lines(QUEUE)) == opened
        assert "  x1  ◀ before event 1 of 2, 1.999 s back ▕" in seen.status()
        assert seen.status().endswith("▏  ■ paused: idle")


async def test_the_palette_goes_back_to_reset_and_the_boot_can_be_stepped():
    async with dashboard(keys=["n", "n"]) as seen:
        await seen.choose_in_palette("reset")
        await seen.until(lambda: seen.now == 0)
        await seen.painted()
        assert seen.now == 0
        assert "t=0.000 000 000 s" in seen.status()
        assert "at reset" in seen.status()
        assert seen.console() == [""]
        assert "nothing has been sent" in seen.lines(CONSOLE)[0]
        assert seen.lines(QUEUE) == ["The queue is empty."]
        await seen.press("s", "s", "s")
        assert 0 < seen.now < 1_000_000
        assert seen.session.machine.core.retired == 3


async def test_a_restarted_machine_does_the_same_again():
    async with dashboard(keys=["n"]) as seen:
        await seen.arrived()
        first = seen.now, seen.console()
        await seen.press("r", "n")
        await seen.arrived()
        assert (seen.now, seen.console()) == first


# -- running ---------------------------------------------------------------------------------------


async def test_space_runs_and_pauses_at_the_speed_of_the_wall_clock():
    async with dashboard(keys=["space"]) as seen:
        assert "▶ running" in seen.status()
        start = seen.now
        await seen.until(lambda: seen.now > start + 50_000_000)
        await seen.press("space")
        assert "■ paused" in seen.status()
        assert "running" not in seen.status()
        stopped = seen.now
        await seen.pilot.pause(0.1)
        assert seen.now == stopped
        # At x1 it cannot have come as far as a free machine would.
        assert stopped < start + 60_000_000_000


async def test_space_at_full_speed():
    async with dashboard(speed=float("inf"), keys=["space"]) as seen:
        assert "max" in seen.status()
        await seen.until(lambda: seen.now > 20_000_000_000)
        await seen.press("space")
        await seen.until(lambda: "■ paused" in seen.status())
        assert sum("Once 5" in line for line in seen.console()) == 1


async def test_the_screen_follows_while_running():
    async with dashboard(speed=100.0, keys=["space"]) as seen:
        await seen.until(lambda: "] Periodic 1 sec" in seen.screen())
        assert "▶ running" in seen.status()


async def test_a_step_while_running_stops_the_run():
    async with dashboard(speed=10.0, keys=["space"]) as seen:
        await seen.go("s")
        assert "stepped" in seen.status()


async def test_plus_and_minus_walk_through_the_speeds_and_stop_at_the_ends():
    async with dashboard() as seen:
        shown = []
        for key in ["plus"] * 7 + ["minus"] * 10:
            await seen.press(key)
            shown.append(seen.status().split("  ")[2])
        assert shown == ["x2", "x5", "x10", "x100", "x1000", "max", "max", "x1000", "x100", "x10",
                         "x5", "x2", "x1", "x0.5", "x0.25", "x0.1", "x0.1"]  # fmt: skip
        await seen.press("equals_sign")
        assert "x0.25" in seen.status()


async def test_leaving_while_running_ends_the_app():
    for key in ("q", "ctrl+q", "ctrl+c"):
        async with dashboard(keys=["space"]) as seen:
            await seen.press(key)
            assert not seen.app.is_running
        assert seen.app.return_code == 0
        assert not any(not worker.is_finished for worker in seen.app.workers)


# -- panels ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [(140, 40), (80, 24)])
async def test_digits_focus_panels(size):
    async with dashboard(size=size) as seen:
        for number in (7, 4, 1, 2, 6, 3, 5):
            await seen.press(str(number))
            assert seen.current() == number
            assert seen.app.focused is seen.app.panels.numbered(number)
            assert seen.lines(number)


async def test_tab_moves_through_the_panels():
    async with dashboard() as seen:
        visited = []
        for _ in range(7):
            await seen.press("tab")
            visited.append(seen.current())
        assert sorted(visited) == [1, 2, 3, 4, 5, 6, 7]


async def test_z_zooms_the_focused_panel_and_back():
    async with dashboard(keys=["5", "z"]) as seen:
        assert seen.displayed() == [CPU]
        assert "5 CPU" in seen.tabs()
        await seen.press("6")
        assert seen.displayed() == [TRACE]
        assert seen.lines(TRACE)
        await seen.go("n")
        assert "timer_callback_done" in seen.screen()
        await seen.press("z")
        assert len(seen.displayed()) == 7
        assert seen.current() == TRACE
        # What was hidden has caught up.
        assert "Periodic 1 sec" in seen.lines(CONSOLE)[-1]


async def test_escape_leaves_the_zoom():
    async with dashboard(keys=["3", "z", "escape"]) as seen:
        assert len(seen.displayed()) == 7


async def test_a_zoomed_registers_panel_shows_every_field():
    async with dashboard(keys=["1"]) as seen:
        before = len(seen.lines(REGISTERS))
        await seen.press("z")
        assert "IMASK=0" in "\n".join(seen.lines(REGISTERS))
        assert len(seen.lines(REGISTERS)) != before


# -- the filter ------------------------------------------------------------------------------------


async def test_the_filter_works_as_it_is_typed_enter_keeps_it_escape_clears_it():
    async with dashboard(keys=["slash"]) as seen:
        everything = seen.lines(REGISTERS)
        await seen.write("eoir")
        registers = [line for line in seen.lines(REGISTERS) if line[0] in " *"]
        assert {line.split()[0].lstrip("*") for line in registers} >= {"GICC_EOIR"}
        assert all("eoi" in line.lower() for line in seen.lines(REGISTERS) if "GICC_" in line)
        await seen.press("enter")
        assert "/eoir" in seen.app.panels.registers.border_subtitle
        assert seen.app.focused is seen.app.panels.registers
        # The letters are commands again, and the filter stays through a stop.
        await seen.go("n")
        assert "timer event done" in seen.status()
        assert "GICC_EOIR" in seen.line(REGISTERS, "GICC_EOIR")
        assert "GICD_CTLR" not in "\n".join(seen.lines(REGISTERS))
        await seen.press("escape")
        assert len(seen.lines(REGISTERS)) >= len(everything)
        assert "/" not in seen.app.panels.registers.border_subtitle


async def test_letters_in_the_filter_are_no_commands():
    async with dashboard(keys=["slash"]) as seen:
        before = seen.session.machine.core.retired
        await seen.write("snifrqzbotc 1?+-")
        assert seen.session.machine.core.retired == before
        assert seen.app.panels.registers.filter == "snifrqzbotc 1?+-"
        assert "No register matches" in seen.lines(REGISTERS)[0]
        assert seen.footer() == "enter Keep filter esc End filter"
        await seen.press("escape")
        assert seen.app.panels.registers.filter == ""
        assert seen.app.focused is seen.app.panels.registers


async def test_brackets_in_the_filter_are_text():
    async with dashboard() as seen:
        for text in ("[/b]", "[", "]", "[red]", "[@click=app.quit]", "\\["):
            await seen.press("slash", *text, "enter")
            assert seen.app.panels.registers.filter == text
            assert f"/{text}" in seen.screen()
            await seen.press("escape")


async def test_looking_at_filtered_registers_changes_nothing():
    """The filter shows registers that clear bits or take characters when software reads them."""
    async with dashboard(keys=["n"]) as seen:
        await seen.arrived()
        twin = seen.console(), seen.session.machine.core.retired, seen.now
        await seen.press("slash")
        await seen.write("g")
        await seen.press("enter", "escape")
        assert (seen.console(), seen.session.machine.core.retired, seen.now) == twin


# -- typing ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("board", BOARDS)
async def test_typed_keys_reach_the_board_and_the_echo_comes_back(board):
    async with dashboard(board, speed=100.0, keys=["c"]) as seen:
        assert seen.current() == CONSOLE
        assert "typing, Esc leaves" in seen.app.panels.numbered(CONSOLE).border_subtitle
        before = seen.session.machine.core.retired
        await seen.write("snifrqz 1/?bot+-")
        assert seen.session.machine.core.retired == before, "a typed letter was taken for a command"
        assert len(seen.console()[-1]) == 0
        assert "16 wait" not in seen.app.panels.numbered(CONSOLE).border_subtitle
        assert "space runs after Esc" in seen.app.panels.numbered(CONSOLE).border_subtitle
        await seen.press("escape")
        assert "typing" not in seen.app.panels.numbered(CONSOLE).border_subtitle
        await seen.press("space")
        await seen.until(lambda: any("snifrqz 1/?bot+-" in line for line in seen.console()))
        await seen.press("space")
        handled = seen.line(INTERRUPTS, "UART")
        assert handled.split()[:2] == ["irq", str(UART_IRQ[board])]
        assert int(handled.partition(" BCM")[0].split()[-1]) > 0


async def test_typing_while_running_is_echoed_at_once():
    async with dashboard(speed=10.0, keys=["space", "c"]) as seen:
        await seen.write("hi")
        # The periodic line may come between two of the letters.
        periodic = re.compile(r"\[ +[0-9.]+\] Periodic 1 sec\n?")
        await seen.until(lambda: "hi" in periodic.sub("", "\n".join(seen.console())))
        assert "█" in seen.screen()


async def test_what_typing_mode_does_with_each_kind_of_key():
    async with dashboard(keys=["c"]) as seen:
        await seen.press("a", "enter", "tab", "backspace", "ctrl+c", "é", "ctrl+é", "f5", "up")
        typed = b"".join(item.given for item in seen.session.typed)
        assert typed == b"a\r\t\x7f\x03?\x1b[A"
        assert seen.app.focused is seen.app.panels.numbered(CONSOLE)
        assert seen.footer() == "esc Leave typing"


async def test_ctrl_q_quits_in_typing_mode():
    async with dashboard(keys=["c", "ctrl+q"]) as seen:
        assert not seen.app.is_running
        assert seen.session.typed == []


async def test_the_palette_opens_in_typing_mode_and_typing_goes_on_after_it():
    async with dashboard(keys=["c", "ctrl+p"]) as seen:
        assert seen.palette_open()
        await seen.press("escape", "a")
        assert not seen.palette_open()
        assert [item.given for item in seen.session.typed] == [b"a"]


async def test_another_panel_ends_typing():
    async with dashboard(keys=["c"]) as seen:
        await seen.pilot.click("#CpuPanel", offset=(5, 3))
        await seen.press("s")
        assert seen.session.typed == []
        assert "stepped" in seen.status()


async def test_the_footer_returns_when_typing_ends():
    async with dashboard(keys=["4"]) as seen:
        offered = seen.footer()
        assert "s S Step" in offered
        await seen.press("c")
        assert seen.footer() == "esc Leave typing"
        await seen.press("escape")
        assert seen.footer() == offered


async def test_pasted_text_is_typed_with_one_return_a_line():
    async with dashboard(keys=["c"]) as seen:
        from textual.events import Paste

        seen.app.post_message(Paste("one\r\ntwo\nthrée"))
        await seen.pilot.pause()
        assert b"".join(item.given for item in seen.session.typed) == b"one\rtwo\rthr?e"


# -- a halted kernel -------------------------------------------------------------------------------


async def panicked(seen):
    """Take the handler away: the next timer interrupt is one that nobody handles."""
    seen.session.kernel.platform.irq_manager._table._handlers.clear()
    await seen.go("n")


async def test_a_panic_is_shown_and_everything_stays_inspectable():
    async with dashboard(notifications=True) as seen:
        await panicked(seen)
        assert "✖ halted" in seen.status()
        assert "No handler registered for IRQ 30" in seen.status()
        assert "halted" in seen.line(CPU, "state")
        assert "panic" in "\n".join(seen.console()).lower()
        assert "irq 30" in seen.line(REGISTERS, "GICD_ISACTIVER0")
        for key in ("s", "n", "i", "f", "space"):
            await seen.press(key)
            assert "✖ halted" in seen.status()
            assert not seen.app.runner.running
        await seen.until(lambda: "r restarts" in seen.screen())
        for number in range(1, 8):
            await seen.press(str(number))
            assert seen.lines(number)
        await seen.press("slash")
        await seen.write("iar")
        assert "GICC_IAR" in "\n".join(seen.lines(REGISTERS))
        await seen.press("escape", "r")
        assert "halted" not in seen.status()
        # That the handler was gone was not the machine's own doing, and will not come again.
        seen.session.history.forget_rest()
        await seen.go("n")
        assert seen.console()[-2].endswith("Periodic 1 sec")


# -- help and palette ------------------------------------------------------------------------------


async def test_help_lists_every_command_and_every_panel():
    from kerneltui.tui.commands import COMMANDS
    from kerneltui.tui.screens.help import help_text

    async with dashboard(size=(140, 180), keys=["question_mark"]) as seen:
        for command in COMMANDS:
            assert f"{command.shown_key or command.key} " in seen.screen()
            assert command.help in seen.screen()
        for panel in PANELS:
            assert f"{panel.KIND.title}: " in str(help_text(""))
            assert panel.KIND.about[:40] in seen.screen()
        assert "as in the tutorial" in seen.screen()
        for key in ("escape", "question_mark", "q"):
            await seen.press(key)
            assert len(seen.app.screen_stack) == 1
            assert seen.app.is_running
            await seen.press("question_mark")
            assert len(seen.app.screen_stack) == 2


async def test_no_key_works_through_the_help():
    async with dashboard(keys=["question_mark"]) as seen:
        before = seen.session.machine.core.retired
        await seen.press("s", "n", "space", "2")
        assert seen.session.machine.core.retired == before
        assert not seen.app.runner.running
        assert seen.current() == 1


async def test_ctrl_c_leaves_from_a_dialog_too():
    for key in ("question_mark", "o"):
        async with dashboard(keys=[key, "ctrl+c"]) as seen:
            assert not seen.app.is_running


async def test_the_palette_offers_every_command_and_panel():
    from kerneltui.tui.commands import COMMANDS

    async with dashboard() as seen:
        offered = [item.title for item in seen.app.get_system_commands(seen.app.screen)]
        assert {item.label for item in COMMANDS if item.label != "Palette"} <= set(offered)
        assert sum(title.startswith("Panel ") for title in offered) == len(PANELS)
        assert len(offered) == len(set(offered))


async def test_a_click_on_a_line_that_the_palette_has_just_replaced_does_nothing():
    """It finds other commands as one types; a click carries the number of the old line."""
    async with dashboard(keys=["ctrl+p"]) as seen:
        await seen.until(lambda: seen.app.screen.query_one(CommandList).option_count)
        found = seen.app.screen.query_one(CommandList)
        late = SimpleNamespace(style=Style(meta={"option": found.option_count}))
        await found._on_click(late)
        assert seen.palette_open()


async def test_the_palette_can_be_closed_before_it_stands_on_the_screen():
    async with dashboard() as seen:
        seen.app.action_command_palette()
        seen.app.screen.dismiss()
        await seen.painted()
        assert not seen.palette_open()
        await seen.choose_in_palette("zoom")
        assert seen.app.arrangement.zoomed


async def test_the_palette_looks_for_commands_when_it_has_its_list():
    async with dashboard() as seen:
        seen.app.action_command_palette()
        palette = seen.app.screen
        palette._gather_commands("zoom")  # before anything of it is mounted
        await seen.until(
            lambda: palette.query(CommandList) and palette.query_one(CommandList).option_count
        )
        assert seen.palette_open()


async def test_a_click_in_the_palette_runs_the_command():
    async with dashboard(keys=["ctrl+p"]) as seen:
        await seen.write("zoom")
        found = seen.app.screen.query_one(CommandList)
        await seen.until(lambda: found.option_count and found.size.height)
        await seen.click(found.region.x + 3, found.region.y + 1)
        await seen.until(lambda: seen.displayed() == [1])


async def test_the_palette_runs_commands():
    async with dashboard() as seen:
        await seen.choose_in_palette("event")
        await seen.until(lambda: "timer event done" in seen.status())
        await seen.choose_in_palette("zoom")
        await seen.until(lambda: seen.displayed() == [1])
        await seen.choose_in_palette("panel 7")
        await seen.until(lambda: seen.displayed() == [TIMERS])
        await seen.choose_in_palette("type")
        await seen.until(lambda: seen.app.panels.numbered(CONSOLE).typing)
        # In typing mode too: the palette is no typing.
        await seen.choose_in_palette("boot")
        await seen.until(lambda: "paused: idle" in seen.status())
        await seen.choose_in_palette("quit")
        await seen.until(lambda: not seen.app.is_running)


async def test_what_is_typed_into_the_palette_is_no_register_filter():
    async with dashboard(keys=["ctrl+p"]) as seen:
        await seen.write("gic")
        await seen.press("escape")
        assert seen.app.panels.registers.filter == ""


async def test_a_palette_command_over_a_dialog_closes_the_dialog():
    async with dashboard(keys=["question_mark"]) as seen:
        await seen.choose_in_palette("filter")
        await seen.until(lambda: len(seen.app.screen_stack) == 1)
        await seen.write("gicc")
        assert seen.app.panels.registers.filter == "gicc"


# -- mouse -----------------------------------------------------------------------------------------


async def click_text(seen, text):
    """Click on the first place of the screen that says ``text``."""
    for row, line in enumerate(seen.screen().split("\n")):
        column = line.find(text)
        if column >= 0:
            await seen.pilot.click(offset=(column + 1, row))
            await seen.painted()
            return
    raise AssertionError(f"{text!r} is not on the screen")


async def test_the_footer_takes_clicks():
    async with dashboard(size=(240, 40)) as seen:
        await click_text(seen, "n N Event")
        await seen.arrived()
        assert "timer event done" in seen.status()
        await click_text(seen, "s S Step")
        assert "stepped" in seen.status()
        await click_text(seen, "z Zoom")
        assert seen.displayed() == [1]
        await click_text(seen, "+ Faster")
        assert "x2" in seen.status()
        await click_text(seen, "q Quit")
        assert not seen.app.is_running


async def test_the_footer_ends_modes_by_click():
    async with dashboard(keys=["c"]) as seen:
        await click_text(seen, "Leave typing")
        assert not seen.app.panels.numbered(CONSOLE).typing
        await seen.press("slash", "e", "o", "i")
        await click_text(seen, "Keep filter")
        assert seen.app.panels.registers.filter == "eoi"
        await seen.press("slash")
        await click_text(seen, "End filter")
        assert seen.app.panels.registers.filter == ""


async def test_every_footer_command_has_room_at_140_columns():
    from kerneltui.tui.commands import COMMANDS

    async with dashboard() as seen:
        bottom = seen.screen().split("\n")[-1]
        for command in COMMANDS:
            if 0 < command.footer <= 14:
                keys = command.footer_keys or command.keys
                assert f" {keys} {command.label}" in bottom


async def test_the_footer_at_80_columns_has_what_is_needed_most():
    async with dashboard(size=(80, 24)) as seen:
        bottom = seen.screen().split("\n")[-1]
        for label in (
            "? Help",
            "Run",
            ". , Next",
            "s S Step",
            "n N Event",
            "i I IRQ",
            "f F Finish",
            "q Quit",
            "d Path",
        ):
            assert label in bottom


@pytest.mark.parametrize("keys", [[], ["c"], ["slash"]])
async def test_the_status_bar_takes_clicks_in_every_mode(keys):
    async with dashboard(keys=keys) as seen:
        await click_text(seen, "x1")
        assert "x2" in seen.status()
        await click_text(seen, "rpi4")
        await seen.until(lambda: "Enter opens" in seen.screen())
        await seen.press("escape")
        await click_text(seen, "timer-callbacks")
        await seen.until(lambda: "● Timer callbacks" in seen.screen())


@pytest.mark.parametrize("keys", [[], ["c"], ["slash"]])
async def test_the_tabs_take_clicks_in_every_mode(keys):
    async with dashboard(size=(80, 24), keys=keys) as seen:
        for text, number in (("2IRQ", 2), ("7Timer", 7), ("tTime", 12), ("1Reg", 1)):
            await click_text(seen, f" {text} ")
            assert seen.displayed() == [number]
            assert seen.app.focused is seen.app.panels.numbered(number)


async def test_a_click_focuses_a_panel():
    async with dashboard() as seen:
        for number in (3, 6, 7, 5, 4, 2, 1):
            name = seen.app.panels.numbered(number).id
            await seen.pilot.click(f"#{name}", offset=(5, 3))
            await seen.painted()
            assert seen.current() == number


async def test_a_choice_takes_clicks():
    async with dashboard(keys=["o"]) as seen:
        await seen.press("end")
        await seen.click_on("Raspberry Pi 3")
        await seen.until(lambda: "rpi3 · timer-callbacks" in seen.status())


# -- boards and scenarios --------------------------------------------------------------------------


async def test_a_board_chosen_before_anything_ran_is_shown_at_once():
    """Two sessions at their first idle are equally old: no panel may mix them up."""
    async with dashboard() as seen:
        await seen.open("rpi3", OfferKind.BOARD)
        await seen.until(lambda: "rpi3 · timer-callbacks" in seen.status())
        assert "local interrupt controller" in seen.lines(REGISTERS)[0]
        assert "GICD" not in "\n".join(seen.lines(REGISTERS))
        assert "57" in seen.line(INTERRUPTS, "UART")
        assert any("Raspberry Pi 3" in line for line in seen.lines(CONSOLE))
        assert seen.app.focused is seen.app.panels.registers
        await seen.go("n")
        assert seen.console()[-2].endswith("Periodic 1 sec")


async def test_escape_leaves_the_board_as_it_is():
    async with dashboard(keys=["n", "o", "up", "escape"]) as seen:
        assert "rpi4" in seen.status()
        assert "timer event done" in seen.status()


@pytest.mark.parametrize("board", [*BOARDS, "x86"])
async def test_a_scenario_of_every_program_from_inside(board):
    """Each on one of its boards: all scenarios on all boards run in ``tests/scenarios``."""
    from faults import each_once, load_scenario, ordinary

    from kerneltui.tui.dialogs import start

    of_program = {
        load_scenario(name).spec.program: (on, name) for on, name in each_once(ordinary())
    }
    async with dashboard() as seen:
        seen.app.carry_out(start(seen.app.situation, board, "timer-callbacks"))
        for name in (name for on, name in of_program.values() if on == board):
            await seen.open(name)
            await seen.until(lambda: f"{board} · {name}" in seen.status())  # noqa: B023 - called at once
            assert "paused: idle" in seen.status()
            await seen.go("n")
            assert "timer event done" in seen.status(), (board, name)


async def test_puzzles_are_listed_under_a_heading_of_their_own_and_can_be_opened():
    async with dashboard() as seen:
        await seen.open("fault-wrong-eoi")
        await seen.until(lambda: "rpi4 · The last tick is the first" in seen.status())
        title = seen.session.setup.scenario_title
        await seen.press("o")
        await seen.until(lambda: f"● {title}" in seen.screen())


async def test_what_is_for_another_board_opens_there():
    async with dashboard() as seen:
        await seen.open("fault-route")
        await seen.until(lambda: "rpi3 · No tick on the Raspberry Pi 3" in seen.status())


async def test_a_switch_while_running_stops_the_old_machine():
    async with dashboard(keys=["space"]) as seen:
        old = seen.session
        await seen.open("rpi3", OfferKind.BOARD)
        await seen.until(lambda: seen.session is not old)
        left_at = old.machine.now
        await seen.pilot.pause(0.1)
        assert old.machine.now == left_at
        assert "■ paused" in seen.status()


# -- what keys say ---------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["f1", "question_mark"])
async def test_help_names_every_key(key):
    from kerneltui.tui.commands import COMMANDS
    from kerneltui.tui.screens.help import help_text

    async with dashboard(keys=[key]) as seen:
        assert "╭─ Help" in seen.screen()
        text = str(help_text(""))
        for command in COMMANDS:
            assert re.search(
                rf"^ +{re.escape(command.keys)} *{command.help[:20]}", text, re.MULTILINE
            )
        for panel in seen.app.panels.made:
            assert f"  {panel.KIND.key} {panel.KIND.title}: " in text


async def test_a_key_that_does_nothing_says_so_once_while_it_is_held():
    async with dashboard(notifications=True) as seen:
        retired = seen.session.machine.core.retired
        await seen.press("V", "V", "V")
        await seen.until(lambda: "The key V does nothing here." in seen.screen())
        assert seen.screen().count("does nothing here") == 1
        await seen.press("W")
        await seen.until(lambda: "The key W does nothing here." in seen.screen())
        assert seen.session.machine.core.retired == retired


async def test_keys_that_mean_something_say_nothing():
    async with dashboard(notifications=True) as seen:
        await seen.press("n", "down", "pagedown", "1", "z", "z", "tab", "escape", "space", "space")
        await seen.press("slash", "v", "escape", "c", "v", "escape")
        assert "does nothing here" not in seen.screen()


@pytest.mark.parametrize("size", [(80, 24), (140, 40)])
@pytest.mark.parametrize(("board", "scenario", "lacking"), [
    ("rpi4", "timer-callbacks", ["APIC", "ACPI", "Task"]),
    ("rpi4", "round-robin", ["APIC", "ACPI"]),
    ("x86", "timer-callbacks", ["Task"]),
    ("x86", "round-robin", []),
])  # fmt: skip
async def test_tabs_show_at_every_size_what_board_and_program_have(size, board, scenario, lacking):
    async with dashboard(board, scenario, size=size) as seen:
        row = seen.screen().split("\n")[1]
        for group in grouped(KINDS):
            shown = [kind.short for kind in group if kind.short in row]
            known = [kind.short for kind in group if kind.short not in lacking]
            assert shown == (known if size[0] >= 118 else known[:1])


async def test_a_panel_that_the_board_lacks_says_so_when_it_is_asked_for():
    async with dashboard(keys=["9"]) as seen:
        assert seen.lines(9) == ["This board has no APICs."]
        assert "9 APIC" in seen.tabs()


@pytest.mark.parametrize("width", [80, 100, 118, 140])
async def test_the_footer_is_never_cut(width):
    async with dashboard(size=(width, 40)) as seen:
        row = seen.screen().split("\n")[-1]
        shown = seen.commands()
        assert all(f" {text}" in row for text in shown)
        assert {"? Help", "space Run", "n N Event", "f F Finish", "q Quit"} <= {*shown}


async def test_the_moment_after_the_callback_is_a_finer_stop():
    async with dashboard() as seen:
        await seen.choose_in_palette("callback")
        await seen.until(lambda: "paused: timer callback done" in seen.status())
        assert "handler depth 1" in seen.line(CPU, "state")


# -- looks -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("theme", ["projector-dark", "projector-light"])
async def test_themes(theme):
    async with dashboard(theme=theme, keys=["n"]) as seen:
        assert seen.app.theme == theme
        assert "Periodic 1 sec" in seen.screen()


async def test_the_theme_can_be_changed_inside():
    async with dashboard() as seen:
        await seen.choose_in_palette("theme")
        await seen.until(lambda: isinstance(seen.app.screen, ChooseScreen))
        names = [name for _, name in seen.app.screen._choices.values()]
        await seen.press("home", *["down"] * names.index("projector-light"), "enter")
        await seen.until(lambda: seen.app.theme == "projector-light")


ENDS = (1, "q"), (2, "escape"), (3, "enter")
BURSTS = [
    [dialog, *["enter"] * count, last]
    for place, dialog in enumerate(("o", "u", "f1", "question_mark", "ctrl+p", "a", "x"))
    for count, last in (ENDS if dialog in {"o", "ctrl+p"} else [ENDS[place % 3]])
]
"""All ends for a dialog with a list and for the palette; one for each of the others."""


@pytest.mark.parametrize("keys", [*BURSTS, ["ctrl+p", "pagedown"], ["o", "pagedown", "enter"],
                                  ["ctrl+p", "down", "pagedown", "pageup", "enter", "enter"],
                                  ["u", "pageup", "pagedown", "enter"]])  # fmt: skip
async def test_a_dialog_is_answered_once_however_fast_the_keys_come(keys):
    async with dashboard(scenario="shell") as seen:
        await seen.burst(*keys)
        if seen.app.is_running:  # a q behind the Enter of a dialog leaves
            await seen.press("escape", "escape", "s")
        assert seen.app._exception is None


async def test_a_choice_by_two_enters_is_carried_out_once():
    """The second Enter neither starts the scenario again nor goes to what lies below."""
    async with dashboard(keys=["o"]) as seen:
        with patch.object(seen.app, "use", wraps=seen.app.use) as used:
            await seen.burst("enter", "enter")
            await seen.until(lambda: len(seen.app.screen_stack) == 1)
            await seen.painted()
        assert used.call_count == 1


async def test_a_double_click_in_a_list_chooses_once():
    async with dashboard(keys=["o", "home"]) as seen:
        chooser = seen.app.screen.query("OptionList").first()
        with patch.object(seen.app, "use", wraps=seen.app.use) as used:
            await seen.click(chooser.region.x + 4, chooser.region.y + 1, times=2)
            await seen.until(lambda: len(seen.app.screen_stack) == 1)
            await seen.painted()
        assert used.call_count == 1


async def test_a_burst_of_steps_is_served_a_frame_at_a_time():
    """What a frame has no time for is dropped, and not a view is taken for each key."""
    async with dashboard() as seen:
        before = seen.session.machine.core.retired
        with patch.object(seen.app.frames, "draw", wraps=seen.app.show_view) as views:
            await seen.burst(*["s"] * 300)
            await seen.until(lambda: not seen.app.frames.is_asked)
        steps = seen.session.machine.core.retired - before
        assert 8 <= steps <= 300
        assert 1 <= views.call_count <= max(steps // 8, 1) + 2
        await seen.press("s")
        assert seen.session.machine.core.retired == before + steps + 1, "the next key is served"


async def test_what_is_pasted_without_brackets_arrives_whole_in_few_frames():
    text = "The quick brown fox jumps over the lazy dog " * 4
    async with dashboard(keys=["c"]) as seen:
        with patch.object(seen.app.frames, "draw", wraps=seen.app.show_view) as views:
            await seen.burst(*text)
            await seen.until(lambda: not seen.app.frames.is_asked)
        assert b"".join(item.given for item in seen.session.typed).decode() == text
        assert 1 <= views.call_count < len(text) / 4


async def test_other_keys_behind_a_burst_are_served():
    async with dashboard() as seen:
        await seen.burst(*["s"] * 200, "3", "z")
        assert seen.current() == 3
        assert seen.displayed() == [3]


async def test_a_window_that_was_too_small_for_a_while_leaves_focus_and_typing():
    async with dashboard(keys=["3"]) as seen:
        await seen.resize(40, 10)
        await seen.resize(140, 40)
        assert seen.app.focused is seen.app.panels.numbered(QUEUE)
        await seen.press("c", "a")
        for size in ((79, 24), (1, 1), (80, 24)):
            await seen.resize(*size)
        await seen.press("b")
        assert [item.given for item in seen.session.typed] == [b"a", b"b"]


async def test_nothing_is_said_by_colour_alone():
    """Each state has a mark or a word of its own."""
    async with dashboard() as seen:
        assert "■ paused" in seen.status()
        assert seen.lines(QUEUE)[1].startswith("▶ "), "the armed timeout"
        await seen.press("i")
        assert seen.line(INTERRUPTS, "Timer").startswith("!"), "pending"
        assert "14  L E P ·" in seen.line(INTERRUPTS, "Timer")
        assert seen.line(TIMERS, "CNTP_CVAL").startswith("!"), "condition met"
        assert "IRQ masked" in seen.line(CPU, "level EL1")
        await seen.press("s", "s")
        assert seen.line(INTERRUPTS, "Timer").startswith("▶"), "active"
        assert seen.line(REGISTERS, "GICD_ISACTIVER0").startswith("*"), "changed"
        await step_to(seen, "str UARTDR")
        assert seen.lines(QUEUE)[1].startswith("* "), "its callback runs"
        assert "callback runs" in seen.lines(QUEUE)[1]
        await seen.press("space")
        assert "▶ running" in seen.status()
    async with dashboard(size=(80, 24), keys=["3"]) as seen:
        assert seen.screen().split("\n")[1].strip().startswith("1Reg")
        assert "┏" in seen.screen(), "the focused panel has heavy lines"
    async with dashboard(keys=["c"]) as seen:
        assert "╔" in seen.screen(), "typing has double lines"


async def test_an_overdue_timeout_says_so():
    async with dashboard(scenario="overload") as seen:
        for key in "nnni":
            await seen.go(key)
        assert " late " in seen.lines(QUEUE)[1]
        assert "worst lateness" in seen.app.panels.numbered(QUEUE).border_subtitle


NO_COLOUR = """
import re
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.screenshot import picture
session = open_session("rpi4", "timer-callbacks")
session.boot()
svg = picture(session, (140, 40), keys=["n"])
colours = {c for c in re.findall("fill[:=][ \\"]?#([0-9a-f]{6})", svg)}
print(sorted(c for c in colours if not c[0:2] == c[2:4] == c[4:6]))
"""


def test_no_color_leaves_greys_only():
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(
        [sys.executable, "-c", NO_COLOUR],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    # The title and the three buttons are of the picture's window frame, not of the dashboard.
    assert set(eval(done.stdout)) <= {"c5c8c6", "ff5f57", "febc2e", "28c840"}


# -- sizes -----------------------------------------------------------------------------------------


async def test_at_80x24_one_panel_shows_and_tabs_name_the_others():
    async with dashboard(size=(80, 24)) as seen:
        assert seen.displayed() == [1]
        top = seen.screen().split("\n")[1]
        for tab in ("1Reg", "2IRQ", "3Queue", "4UART", "5CPU", "6Trace", "7Timer"):
            assert f" {tab} " in top
        await seen.go("n")
        assert "timer event done" in seen.screen()


@pytest.mark.parametrize("size", [(79, 24), (80, 23), (20, 5), (1, 1)])
async def test_a_smaller_terminal_only_says_what_is_needed(size):
    async with dashboard(size=size) as seen:
        assert seen.displayed() == []
        if size[0] >= 20:
            said = " ".join(seen.screen().split())
            assert said == (
                f"kerneltui needs 80x24; this terminal has {size[0]}x{size[1]}. "
                "Make it larger. q quits."
            )


async def test_resizing_to_and_fro_keeps_everything_working():
    sizes = [(80, 24), (79, 24), (140, 40), (80, 23), (20, 5), (300, 100), (117, 40), (118, 34),
             (118, 33), (1, 1), (140, 40)]  # fmt: skip
    async with dashboard(keys=["3"]) as seen:
        for width, height in sizes:
            await seen.resize(width, height)
            small = width < 80 or height < 24
            shown = 0 if small else 7 if width >= 118 and height >= 34 else 1
            assert len(seen.displayed()) == shown, (width, height)
            assert seen.current() == QUEUE
            before = seen.now
            await seen.go("n")
            assert (seen.now > before) is not small
            if shown:
                assert seen.app.focused is seen.app.panels.numbered(QUEUE)
                assert all(seen.lines(number) for number in seen.displayed())


async def test_typing_goes_on_after_the_terminal_was_too_small():
    async with dashboard(keys=["c"]) as seen:
        await seen.press("a")
        await seen.resize(40, 10)
        await seen.resize(140, 40)
        await seen.press("s")
        assert [item.given for item in seen.session.typed] == [b"a", b"s"]


# -- errors ----------------------------------------------------------------------------------------


async def test_an_error_while_running_ends_the_app_and_is_told():
    """A mistake in the program must not leave a dashboard that says 'running' for ever."""

    async def broken():
        async with dashboard(keys=["space"]) as seen:
            seen.session.advance = lambda *_, **__: 1 // 0
            await seen.until(lambda: not seen.app.is_running)

    with pytest.raises(WorkerFailed, match="ZeroDivisionError"):
        await broken()


# -- keys faster than the focus -------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "text"), [("c", "hi2f"), ("/", "cntp")])
async def test_keys_right_behind_the_key_of_a_mode_belong_to_the_mode(mode, text):
    from textual.events import Key

    async with dashboard() as seen:
        before = seen.now
        names = {"/": "slash"}
        for letter in mode + text:
            seen.app.post_message(Key(names.get(letter, letter), letter))
        await seen.painted()
        await seen.painted()
        assert seen.now == before
        if mode == "c":
            assert b"".join(item.given for item in seen.session.typed) == text.encode()
        else:
            assert sorted(seen.app.panels.registers.filter) == sorted(text)
