"""Checks of drivers: for each role an executable list of what the kernel relies on."""
