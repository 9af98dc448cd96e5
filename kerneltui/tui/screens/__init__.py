"""Screens over the dashboard: help, and choosing from a list."""
