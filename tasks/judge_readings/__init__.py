"""Judge the rows of a file: read times, numbers and codes, apply the rules, write verdicts to stage."""

from tasks.judge_readings.heap import use_one_heap
from tasks.judge_readings.judge import Judged, Meter, judge
from tasks.judge_readings.parse import parse
from tasks.judge_readings.report_errors import unreadable
from tasks.judge_readings.spool import Spool
from tasks.judge_readings.store import StagedLoad, find_staged, judge_loads

__all__ = ["Judged", "Meter", "Spool", "StagedLoad", "find_staged", "judge", "judge_loads", "parse", "unreadable"]

use_one_heap()
