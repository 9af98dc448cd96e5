"""Breakpoints: where a run of the machine is to halt, and on what condition."""
