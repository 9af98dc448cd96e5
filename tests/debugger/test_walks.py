"""Walks through time by all commands: a moment looks the same, whatever the way there."""

S = 1_000_000_000
FARTHEST_NS = 2 * S
STEPS = 18
