with

attempts as (

    select distinct on (source_file, requeue_of) *
    from {quality}.quality_load_log
    where flow_run_id = :flow_run_id
    order by source_file asc, requeue_of asc, status = 'skipped' asc, started_at desc

),

unchanged as (

    select coalesce(sum(unchanged_files.files), 0) as files
    from {quality}.unchanged_files
    where unchanged_files.flow_run_id = :flow_run_id

)

select
    (count(*) + (select unchanged.files from unchanged))::integer as files,
    count(*) filter (
        where status = 'success' or (status = 'partial' and (rows_loaded > 0 or requeue_of is not null))
    )::integer as loaded,
    (
        count(*) filter (where status = 'skipped' and coalesce(problem <> all(:left::text[]), true))
        + (select unchanged.files from unchanged)
    )::integer as skipped,
    coalesce(sum(rows_read), 0)::bigint as readings_read,
    coalesce(sum(rows_inserted), 0)::bigint as readings_inserted,
    coalesce(sum(rows_updated), 0)::bigint as readings_updated,
    coalesce(sum(rows_unchanged), 0)::bigint as readings_unchanged,
    coalesce(sum(rows_rejected), 0)::bigint as readings_rejected,
    coalesce(sum(rows_duplicate), 0)::bigint as readings_duplicate,
    coalesce(sum(rows_suspect), 0)::bigint as readings_suspect,
    coalesce(sum(rows_requeued), 0)::bigint as readings_requeued
from attempts
