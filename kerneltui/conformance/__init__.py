"""Conformance: recorded register traces, replayed against the device models."""
