update {quality}.quality_load_log
set problem = :problem, message = :message
where load_id = :load_id and status = 'skipped'
