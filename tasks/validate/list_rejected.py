"""List what of a file would be rejected, whatever the reference tables say of its meters."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

from schemas.reasons import Reason
from schemas.settings import Settings
from schemas.table_schema import TableSchema
from tasks.validate.apply_rules import apply_rules
from tasks.validate.problem_bits import REASON_BITS
from tasks.validate.row_errors import row_errors, without_flags


def list_rejected(schemas: Sequence[TableSchema], parsed: pa.Table, settings: Settings) -> pa.Table:
    """List the errors (columns of `row_errors`) of all readings of a file; its tables are numbered as `schemas` are.

    What only the reference tables know is left out: unknown codes, and the intervals that they state.
    """
    intervals = [schema.stated_interval for schema in schemas]
    readings = without_flags(apply_rules(parsed, {}, settings, [0] * len(schemas), intervals).readings)
    known = pc.bit_wise_and(readings.column("problems"), ~REASON_BITS[Reason.UNMAPPED_CODE])
    readings = readings.set_column(readings.schema.get_field_index("problems"), "problems", known)
    rejected = readings.filter(pc.not_equal(known, 0)).sort_by([("table", "ascending"), ("row_num", "ascending")])
    return row_errors(schemas, rejected) if len(rejected) else rejected
