"""Widgets that know nothing of machines."""
