-- Failed files first, then held and unfinished ones, by this run or another, those with rejects, those with suspect
-- readings.
select
    log.source_file,
    log.status,
    log.source,
    log.load_id,
    file.in_this_run,
    log.raw_rows,
    log.rows_read,
    log.rows_loaded,
    log.rows_inserted,
    log.rows_updated,
    log.rows_unchanged,
    log.rows_rejected,
    log.rows_duplicate,
    log.rows_suspect,
    log.first_time,
    log.last_time,
    log.message
from report_files as file
inner join {quality}.quality_load_log as log on file.load_id = log.load_id
order by
    array_position(
        array['failed', 'held', 'running', 'partial'],
        case when log.problem = :in_progress then 'running' else log.status end
    ),
    log.rows_suspect = 0,
    log.source_file
limit :max_files
