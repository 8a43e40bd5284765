-- $1 loads that were taken back: what they had resolved is open again.
update {quality}.quality_row_errors set resolved_by = null where resolved_by = any($1::uuid[])
