"""Source mappings: draft one for an unknown file, and show what a file would load as."""
