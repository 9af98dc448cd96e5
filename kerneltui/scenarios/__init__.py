"""Scenarios: what a program does and what is typed when, as YAML."""
