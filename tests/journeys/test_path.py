"""The signal path: the first screen, step by step, at every size."""

from __future__ import annotations

import pytest
from dashboard import CONSOLE, INTERRUPTS, QUEUE, REGISTERS, booted, dashboard

from kerneltui.configfile import available
from kerneltui.debugger.timeline import Window
from kerneltui.scenarios.changes import Changes
from kerneltui.scenarios.scenario import open_session
from kerneltui.tui.panels.path import PathPanel, caption
from kerneltui.tui.panels.path_picture import with_its_unit
from kerneltui.tui.widgets.lines import line_text

PATH = 13
BOARDS = ("rpi3", "rpi4", "x86")
WIDE, BRIEF, SMALL = (140, 40), (100, 30), (80, 24)
SIZES = pytest.mark.parametrize("size", [WIDE, BRIEF, SMALL], ids=["140x40", "100x30", "80x24"])
BOARDS_AND_SIZES = pytest.mark.parametrize(
    ("board", "size"),
    [("rpi3", BRIEF), ("rpi4", WIDE), ("rpi4", BRIEF), ("rpi4", SMALL), ("x86", WIDE),
     ("x86", SMALL)],
    ids=["rpi3-100x30", "rpi4-140x40", "rpi4-100x30", "rpi4-80x24", "x86-140x40", "x86-80x24"],
)  # fmt: skip
MOST = 90
"""Meaningful steps within which an event of each kind has come."""
EVENTS = [
    ("timer", "timer-callbacks"),
    ("uart", "shell"),
    ("ipi", "ipi"),
    ("syscall", "starvation"),
]


def path(seen):
    return "\n".join(seen.lines(PATH))


@pytest.mark.parametrize("board", BOARDS)
async def test_it_opens_with_the_path_and_the_four_panels_with_rows_of_use(board):
    async with dashboard(board, with_path=True) as seen:
        assert seen.displayed() == [REGISTERS, INTERRUPTS, QUEUE, CONSOLE, PATH]
        for number in (REGISTERS, INTERRUPTS, QUEUE, CONSOLE):
            assert seen.app.panels.numbered(number).size.height >= 5
        assert "STEP 1/12 ASLEEP" in path(seen)
        assert "Its timer is due in" in path(seen)


async def test_a_projector_has_the_queue_and_the_console_beside_it():
    async with dashboard(size=BRIEF, with_path=True) as seen:
        assert seen.displayed() == [QUEUE, CONSOLE, PATH]
        await seen.press("1")
        assert seen.displayed() == [REGISTERS, CONSOLE, PATH]


async def test_a_small_screen_has_the_end_of_the_console_below_it():
    async with dashboard(size=SMALL, with_path=True) as seen:
        assert seen.displayed() == [PATH]
        assert "Echoing input now" in path(seen)


async def test_the_choice_between_path_and_panels_is_told_to_who_remembers_it():
    told = []
    async with dashboard("rpi4", with_path=True, on_path=told.append) as seen:
        await seen.press("d")
        await seen.press("d")
    assert told == [False, True]


async def test_d_goes_to_all_panels_and_back():
    async with dashboard(with_path=True) as seen:
        await seen.press("d")
        assert PATH not in seen.displayed()
        assert len(seen.displayed()) == 7
        await seen.press("d")
        assert seen.displayed() == [REGISTERS, INTERRUPTS, QUEUE, CONSOLE, PATH]


@BOARDS_AND_SIZES
async def test_a_timer_event_step_by_step_and_back_again(board, size):
    """Each screen forwards is the same backwards; row 1 alone says where one is.

    One station or wire is marked on each.
    """
    async with dashboard(board, size=size, with_path=True) as seen:
        forwards = []
        while "STEP 12/12 RETURN" not in path(seen):
            await seen.go("full_stop")
            assert path(seen).count("▶") == 1, path(seen)
            forwards.append(seen.screen().splitlines()[1:])
            assert len(forwards) < 30
        for expected in reversed(forwards[:-1]):
            await seen.go("comma")
            assert seen.screen().splitlines()[1:] == expected


async def test_arrows_step_too():
    async with dashboard(with_path=True) as seen:
        await seen.go("right")
        assert "STEP 2/12 TIME REACHED" in path(seen)
        await seen.go("left")
        assert "STEP 1/12 ASLEEP" in path(seen)


async def test_the_step_is_the_same_however_one_came_there():
    async with dashboard(with_path=True) as seen:
        await seen.go(*4 * ["full_stop"])
        by_steps, there = path(seen), seen.session.here
        async with dashboard(with_path=True) as other:
            await other.go("i")
            assert other.session.here == there
            assert path(other) == by_steps


async def test_between_two_steps_it_says_in_the_middle_of_what():
    async with dashboard(with_path=True, keys=["i"]) as seen:
        await seen.arrived()
        await seen.go("s")  # the read of GICC_IAR is the next one that means something
        await seen.go(*3 * ["s"])
        assert "STEP" in path(seen)


async def test_levels_stand_on_the_arrows():
    async with dashboard(with_path=True) as seen:
        assert "HIGH" not in path(seen)
        await seen.go("i")
        assert path(seen).count("HIGH") == 2


async def test_a_shut_gate_breaks_the_arrow_and_its_mend_stands_below():
    async with dashboard(scenario="fault-pmr", with_path=True) as seen:
        await seen.go(*3 * ["full_stop"])
        assert "══✗" in path(seen)
        assert "needs a mask number above 0x00" in path(seen)


async def test_what_a_handler_has_switched_off_for_a_while_is_no_fault():
    async with dashboard(with_path=True) as seen:
        await seen.go(*6 * ["full_stop"])
        assert "STEP 7/12 QUIET THE SOURCE" in path(seen)
        assert "✗" not in path(seen)


async def to(seen, heading):
    """Step on to a heading; what the path says there."""
    for _ in range(MOST):
        await seen.press("full_stop")
        await seen.arrived()
        if heading in path(seen):
            return path(seen)
    raise AssertionError(f"no {heading}")


async def test_what_is_of_the_same_instant_is_shown_as_far_as_the_story_has_come():
    async with dashboard(with_path=True) as seen:
        told = await to(seen, "STEP 2/12")
        assert "✓ time reached" in told
        assert "· pending" in told
        assert "HIGH" not in told
        assert "CHANGED CNTP_CTL_EL0 0x1 → 0x5" in told
        told = await to(seen, "STEP 3/12")
        assert "▶WIRE" in told
        assert "· pending" in told
        assert told.count("HIGH═→") == 1
        assert "CHANGED timer.cntpnsirq0 low → HIGH" in told
        assert "NEXT The controller notes it. At this same instant: other panels show it" in told
        told = await to(seen, "STEP 4/12")
        assert "✓ pending" in told
        assert told.count("HIGH═→") == 2
        assert "CHANGED GICD_ISPENDR0 0x0 → 0x40000000" in told
        assert "same instant" not in told


async def test_changes_are_those_since_the_step_before():
    async with dashboard(with_path=True) as seen:
        told = {}
        for number in range(2, 13):
            text = await to(seen, f"STEP {number}/12")
            told[number] = text[text.index("CHANGED") :] if "CHANGED" in text else ""
        assert "GICD_ISACTIVER0 0x0 → 0x40000000" in told[6]
        assert "CNTP_CTL_EL0 0x5 → 0x0" in told[7]
        assert "CNTP_CVAL_EL0 0x33ec91f → 0x676c29f" in told[10]
        assert "CNTP_CTL_EL0 0x0 → 0x1" in told[11]  # switched on before the end
        assert "GICD_ISACTIVER0 0x40000000 → 0x0" in told[11]
        assert told[5].startswith("CHANGED only the core's own state: it keeps its place")
        assert told[12].startswith("CHANGED only the core's own state, which it takes back")
        await seen.press("full_stop")
        assert "CHANGED no register: the core waits" in path(seen)


async def test_a_poked_register_is_among_the_changes():
    async with dashboard(scenario="fault-pmr", with_path=True) as seen:
        await to(seen, "STEP 4/12")
        await seen.press("full_stop")
        await seen.arrived()
        seen.app.poke_now(("gic/GICC_PMR=0xff",))
        await seen.painted()
        assert "GICC_PMR" in path(seen)


@pytest.mark.parametrize("board", BOARDS)
async def test_boxes_are_as_wide_at_their_top_as_below(board):
    """With the most stations that there are: an interrupt through two controllers."""
    async with dashboard(board, "shell", size=WIDE, with_path=True) as seen:
        await to(seen, "STEP 3/11")
        top = next(n for n, line in enumerate(seen.lines(PATH)) if "SOURCE" in line)
        rows = seen.lines(PATH)[top : top + 7]
        assert [at for at, sign in enumerate(rows[0]) if sign in "╭┏"] == [
            at for at, sign in enumerate(rows[-1]) if sign in "╰┗"
        ]
        assert [at for at, sign in enumerate(rows[0]) if sign in "╮┓"] == [
            at for at, sign in enumerate(rows[-1]) if sign in "╯┛"
        ]


async def test_gates_keep_their_order():
    async with dashboard(size=SMALL, with_path=True) as seen:
        for _ in range(12):
            row = seen.line(PATH, "2 CONTROLLER gic")
            shown = [name for name in ("pending", "inactive", "enabled", "may pre-empt")
                     if f" {name}" in row]  # fmt: skip
            assert shown == sorted(shown, key=row.index)
            await seen.press("full_stop")
            await seen.arrived()


async def test_only_the_path_of_the_timer_leads_to_callbacks_and_back():
    async with dashboard(scenario="timer-callbacks", with_path=True) as seen:
        assert "re-arm for the head of the queue" in path(seen)
        seen.app.go_to("2.499s")
        await seen.arrived()
        assert "re-arm" not in await to(seen, "STEP 2/11")


async def test_the_signs_have_a_legend_at_every_size():
    for size in (WIDE, BRIEF, SMALL):
        async with dashboard(size=size, with_path=True) as seen:
            title = seen.screen().splitlines()[2]
            for sign in ("▶ here", "● behind", "✓ holds", "· soon", "○ not yet", "✗ shut",
                         "◆ timer set"):  # fmt: skip
                assert sign in title


@SIZES
async def test_the_cursor_goes_with_the_step(size):
    async with dashboard(size=size, with_path=True) as seen:
        for heading, owner in (
            ("STEP 3/12", "timer.cntpnsirq0"), ("STEP 4/12", "gic"), ("STEP 5/12", "core 0"),
            ("STEP 6/12", "irq 30"), ("STEP 10/12", "timeout"),
        ):  # fmt: skip
            await to(seen, heading)
            assert owner in str(seen.app.under_cursor), (heading, seen.app.under_cursor)


async def test_the_task_of_a_puzzle_is_told_on_opening():
    async with dashboard(scenario="fault-spi-offset", with_path=True) as seen:
        await seen.until(lambda: list(seen.app._notifications))
        told = " ".join(item.message for item in seen.app._notifications)
        assert seen.session.setup.about in told
    async with dashboard(with_path=True) as seen:
        assert not list(seen.app._notifications)


@SIZES
async def test_row_1_counts_steps_and_events(size):
    async with dashboard(size=size, with_path=True) as seen:
        for keys, said in (
            (("i", "i", "full_stop", "comma"), "step 5 of 12, in event 2 of 2, "),
            (("comma",), "step 4 of 12, after event 1 of 2, "),
            (("I",), "step 5 of 12, in event 1 of 2, 1.000 s back"),
            (("r",), "step 1 of 12, before event 1 of 2, 1.999 s back"),
        ):
            await seen.go(*keys)
            words = said if size in {WIDE, BRIEF} else said.replace(" of ", "/")
            assert f"◀ {words}" in seen.screen().splitlines()[0]


@pytest.mark.parametrize("board", BOARDS)
async def test_the_handler_of_a_system_call_is_not_that_of_the_timer(board):
    async with dashboard(board, "starvation", size=SMALL, with_path=True) as seen:
        await to(seen, "STEP 2/5 LOOK THE CALL UP")
        assert "▶4 HANDLER    System call" in path(seen)


async def test_long_after_a_step_it_says_how_long_and_that_nothing_comes():
    async with dashboard("x86", "fault-no-eoi", size=SMALL, with_path=True) as seen:
        seen.app.go_to("3s")
        await seen.arrived()
        assert "s after the last step. Core 0 sleeps (HLT)." in path(seen)
        assert "NEXT Nothing, until what the sign ✗ stands at is mended." in path(seen)
        assert "✗ an interrupt never ended" in path(seen)


async def test_between_two_steps_the_instruction_to_come_is_told_as_to_come():
    async with dashboard(with_path=True) as seen:
        await to(seen, "STEP 7/12")
        await seen.press("s")
        await seen.arrived()
        assert "Core 0 will execute next: " in path(seen)


@pytest.mark.parametrize("board", BOARDS)
@pytest.mark.parametrize(("kind", "scenario"), EVENTS, ids=[kind for kind, _ in EVENTS])
async def test_every_kind_of_event_has_a_path(board, kind, scenario):
    """Step by step through the first of its kind: each has a name, a sentence and its station.

    Each kind is looked at at each size, and on each board.
    """
    place = BOARDS.index(board) + EVENTS.index((kind, scenario))
    size = (WIDE, BRIEF, SMALL)[place % 3]
    session = booted(board, scenario)
    async with dashboard(session=session, size=size, with_path=True) as seen:
        for _ in range(MOST):
            await seen.go("full_stop")
            step = session.story.step()
            assert step is not None
            assert step.title.upper() in path(seen)
            told = " ".join(path(seen).split())
            assert step.sentence.split(".")[0][:40] in told
            if step.course == kind and step.number == step.total:
                break
        else:
            pytest.fail(f"no {kind} within {MOST} steps of {scenario}")


@pytest.mark.parametrize("name", sorted(available("scenarios")))
def test_a_path_or_none_for_every_scenario(name):
    session = booted(None, name)
    panel = PathPanel()
    view = session.view(frozenset(PathPanel.PARTS), Window(0, 1))
    assert any(line_text(line).strip() for line in panel.content(view, 78))
    session.close()


def test_before_the_first_step_and_when_stopped_for_good_the_caption_says_so():
    def told():
        view = session.view(frozenset({"path"}))
        return "\n".join(map(line_text, caption(view, view.path, 120)))

    session = open_session("rpi4", "timer-callbacks")
    session.follows_story = True
    assert "NO STEP YET" in told()
    assert "The kernel boots; core 0 has taken no interrupt since reset." in told()
    session.run_until(3_000)
    said = " ".join(told().split("\n"))
    assert "It has just executed: str GICD_ITARGETSR44 <- 0x1010101." in said
    assert "Core 0 will execute next: str GICD_ITARGETSR45 <- 0x1010101." in said
    session.machine.core._halted("its driver is not finished")
    session.generation += 1
    assert "HALTED" in told()
    cpu = next(stop for stop in session.view(frozenset({"path"})).path.stops if stop.kind == "cpu")
    assert cpu.facts[0].text == "halted"
    session.close()


def test_a_machine_that_runs_freely_says_nothing_of_its_steps():
    session = booted("rpi4")  # nobody follows the story: so it is while the machine runs
    view = session.view(frozenset({"path"}))
    assert not "".join(map(line_text, caption(view, view.path, 120))).strip()
    session.close()


@pytest.mark.parametrize(("board", "after_ns"), [("rpi3", 1_960_000_000), ("rpi4", 1_960_000_000)])
def test_a_core_that_is_busy_without_interrupts_is_not_told_to_have_no_step(board, after_ns):
    def told():
        view = session.view(frozenset({"path"}))
        return "\n".join(map(line_text, caption(view, view.path, 120))).strip()

    session = open_session(board, "fault-daif")
    session.run_until(after_ns)
    assert session.machine.core.interrupts_taken == 0
    assert not told(), "it runs freely"
    session.follows_story = True
    assert "WFI is over at once" in told()
    session.close()


def test_a_core_that_stops_amid_a_step_has_nothing_next():
    session = booted("rpi4", "fault-no-handler")
    session.follows_story = True
    while not session.machine.halt_reason:
        session.next_step()
    view = session.view(frozenset({"path"}))
    assert "NEXT Nothing: this core has stopped" in "\n".join(
        map(line_text, caption(view, view.path, 120))
    )
    session.close()


@pytest.mark.parametrize(
    ("text", "room", "shown"),
    [
        ("in 999.6 ms", 11, "in 999.6 ms"), ("in 999.6 ms", 10, "in 999 ms"),
        ("in 999.6 ms", 8, "999 ms"), ("in 71.565 min", 9, "in 71 min"),
        ("let through", 6, "let through"),
    ],
)  # fmt: skip
def test_a_time_in_a_narrow_box_keeps_its_unit(text, room, shown):
    assert with_its_unit(text, room) == shown


def test_seven_boxes_keep_their_units():
    session = open_session("x86", "timer-callbacks", Changes(append="clock=hpet apic=off"))
    session.boot()
    panel = PathPanel()
    lines = panel.content(session.view(panel.parts()), 138)
    text = "\n".join(map(line_text, lines))
    assert "○ 999 ms" in text
    assert "999.…" not in text
    session.close()


@pytest.mark.parametrize(
    ("scenario", "names"),
    [("timer-callbacks", ("✓ vector is legal", "✓ timer started", "✓ globally enabled",
                          "✓ INTR let in")),
     ("pair-of-8259s", ("✓ count set", "✓ GATE high", "✓ let through", "✓ INTR let in"))],
)  # fmt: skip
def test_names_of_gates_are_whole_where_boxes_have_room_to_spare(scenario, names):
    session = open_session("x86", scenario)
    session.boot()
    panel = PathPanel()
    text = "\n".join(map(line_text, panel.content(session.view(panel.parts()), 138)))
    assert not [name for name in names if name not in text]
    session.close()


def test_registers_that_have_changed_and_have_no_room_are_counted():
    session = open_session("rpi4", "timer-callbacks")
    session.follows_story = True
    session.boot()
    panel = PathPanel()
    told = []
    for _ in range(12):
        session.next_step()
        view = session.view(panel.parts())
        lines = [line_text(line) for line in panel.content(view, 78)]
        told += [line for line in lines if "CHANGED" in line and len(view.path.changes) > 2]
    assert told
    assert all(line.endswith("+1") for line in told)
    session.close()
