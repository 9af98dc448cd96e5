"""What all emulated hardware shares: registers, lines, time, the bus.  Knows no device."""
