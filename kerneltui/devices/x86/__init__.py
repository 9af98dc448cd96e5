"""Blocks of the x86 PC: interrupt controllers, clocks and timers."""
