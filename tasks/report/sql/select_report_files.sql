-- Failed files first, then held, unfinished (by this run or another) and rolled-back ones, those with rejects, those
-- with suspect readings.
select
    file.source_file,
    file.status,
    file.source,
    file.load_id,
    file.in_this_run,
    file.raw_rows,
    file.rows_read,
    file.rows_loaded,
    file.rows_inserted,
    file.rows_updated,
    file.rows_unchanged,
    file.rows_rejected,
    file.rows_duplicate,
    file.rows_suspect,
    file.first_time,
    file.last_time,
    nullif(concat_ws('; ', file.message, case when file.rows_requeued > 0 then :requeued || file.rows_requeued end), '')
        as message
from report_files as file
order by
    array_position(
        array['failed', 'held', 'running', 'rolled_back', 'partial'],
        case when file.problem = :in_progress then 'running' else file.status end
    ),
    file.rows_suspect = 0,
    file.source_file
limit :max_files
