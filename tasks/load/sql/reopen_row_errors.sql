-- What loads that are rolled back had resolved is open again.
update {quality}.quality_row_errors
set resolved_by = null
where resolved_by = any(:load_ids::uuid[])
