"""The structures that can keep the timeouts in order, one a module."""
