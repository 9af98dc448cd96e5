"""What a person has done in the laboratory, as a file: saved, opened, run again, compared."""
