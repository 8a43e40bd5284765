update {quality}.quality_load_log
set status = 'failed', finished_at = clock_timestamp(), message = $2
where load_id = $1 and status in ('running', 'failed')
