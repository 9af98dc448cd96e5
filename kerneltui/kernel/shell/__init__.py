"""The command line on the console."""
