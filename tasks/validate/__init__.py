"""Validate the rows of a file: parse times, numbers and codes, apply the rules, record the outcome."""
