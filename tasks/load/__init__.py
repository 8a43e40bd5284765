"""Merge accepted readings into core, roll loads back, and load rows once more from stage."""
