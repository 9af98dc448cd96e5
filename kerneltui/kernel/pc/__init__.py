"""What a PC brings along: its firmware's tables, boot parameters, and a choice of clocks."""
