"""Build the quality report of a day from the database: collect it, and write it as HTML and JSON."""

from tasks.build_report.collect import collect
from tasks.build_report.words import headline
from tasks.build_report.write import Written, render, write

__all__ = ["Written", "collect", "headline", "render", "write"]
