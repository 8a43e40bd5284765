"""What an operator asks and does: status, errors, trace, purge, reference data, samples."""
