"""Board support: addresses, interrupt maps and driver bring-up."""
