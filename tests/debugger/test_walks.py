"""Walks through a machine's time by all commands: a moment looks the same, whatever the way there."""

import random
from unittest.mock import patch

import pytest
from moments import console_and_events, differences, picture

from kerneltui.debugger import history
from kerneltui.debugger.trace import EVENTS_BEHIND
from kerneltui.debugger.watch import NEXT_INTERRUPT, NEXT_TIMER_EVENT, STEP
from kerneltui.scenarios.scenario import load_scenario, open_session, scenario_names
from kerneltui.tui.launch import fitting_boards

S = 1_000_000_000
FARTHEST_NS = 2 * S
STEPS = 18
