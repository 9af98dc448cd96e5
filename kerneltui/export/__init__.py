"""Writing what a session knows into files."""
