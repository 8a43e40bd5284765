-- $1 loads: those among them that go on with an earlier load resolve its waiting rows.
update {quality}.quality_row_errors as errors
set resolved_by = mine.load_id
from {quality}.quality_load_log as mine
join {stage}.stage_raw_measurements as raw on mine.load_id = raw.load_id
where
    mine.load_id = any($1::uuid[])
    and raw.load_id = any($1::uuid[])
    and errors.load_id = mine.requeue_of
    and errors.row_num = raw.row_num
    and errors.sheet is not distinct from raw.sheet
    and errors.reason = 'unmapped_code'
