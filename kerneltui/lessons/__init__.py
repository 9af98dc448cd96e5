"""The course: lessons that are played on a machine, and prove themselves."""
