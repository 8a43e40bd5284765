"""Make a small city's days of raw files, as day-sheets and as csv, with an account of what they should load to."""

from tasks.operate.generate_samples.account import ExpectedFile, Sample
from tasks.operate.generate_samples.city import DEMO_BUILDINGS, City, make_city, write_reference
from tasks.operate.generate_samples.generate import MIN_BUILDINGS, generate
from tasks.operate.generate_samples.long_files import write_long_csv

__all__ = [
    "DEMO_BUILDINGS",
    "MIN_BUILDINGS",
    "City",
    "ExpectedFile",
    "Sample",
    "generate",
    "make_city",
    "write_long_csv",
    "write_reference",
]
