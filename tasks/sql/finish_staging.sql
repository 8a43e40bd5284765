update {quality}.quality_load_log
set step = 'staged', raw_rows = $2, layout = $3, layout_fingerprint = $4, message = $5, source = $6
where load_id = $1
