"""Merge accepted readings into core, take loads back, and load rows again from stage."""
