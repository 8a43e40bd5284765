-- A file of which nothing was loaded counts as failed until rows of it are requeued.
with

files as (

    select
        log.*, -- noqa: AM04
        log.status = 'partial'
        and log.rows_loaded = 0
        and not exists (
            select
            from {quality}.effective_loads as later
            where later.requeue_of = log.load_id and later.rows_loaded > 0
        ) as has_loaded_nothing
    from report_files as file
    inner join {quality}.quality_load_log as log on file.load_id = log.load_id

)

select
    count(*) filter (where log.requeue_of is null)::integer as files,
    count(*) filter (where log.status = 'success' and log.requeue_of is null)::integer as success,
    count(*) filter (
        where log.status = 'partial' and not log.has_loaded_nothing and log.requeue_of is null
    )::integer as partial,
    count(*) filter (
        where (log.status = 'failed' or log.has_loaded_nothing) and log.requeue_of is null
    )::integer as failed,
    count(*) filter (where log.status = 'held')::integer as held,
    count(*) filter (
        where log.status = 'skipped' and log.problem is distinct from :in_progress and log.requeue_of is null
    )::integer as skipped,
    -- By this run or another.
    count(*) filter (
        where (log.status = 'running' or log.problem = :in_progress) and log.requeue_of is null
    )::integer as running,
    coalesce(sum(log.rows_read), 0)::bigint as rows_read,
    coalesce(sum(log.rows_loaded), 0)::bigint as rows_loaded,
    coalesce(sum(log.rows_inserted), 0)::bigint as rows_inserted,
    coalesce(sum(log.rows_updated), 0)::bigint as rows_updated,
    coalesce(sum(log.rows_unchanged), 0)::bigint as rows_unchanged,
    coalesce(sum(log.rows_rejected), 0)::bigint as rows_rejected,
    coalesce(sum(log.rows_duplicate), 0)::bigint as rows_duplicate,
    coalesce(sum(log.rows_suspect), 0)::bigint as rows_suspect,
    min(log.first_time) filter (where log.rows_loaded > 0) as first_time,
    max(log.last_time) filter (where log.rows_loaded > 0) as last_time
from files as log
