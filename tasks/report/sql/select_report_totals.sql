-- A file of which nothing was loaded counts as failed until rows of it are requeued. What is rolled back is not in
-- core.
with

files as (

    select
        file.*, -- noqa: AM04
        file.status = 'partial' and file.rows_loaded = 0 as has_loaded_nothing,
        file.status <> 'rolled_back' as counts
    from report_files as file

)

select
    count(*)::integer as files,
    count(*) filter (where file.status = 'success')::integer as success,
    count(*) filter (where file.status = 'partial' and not file.has_loaded_nothing)::integer as partial,
    count(*) filter (where file.status = 'failed' or file.has_loaded_nothing)::integer as failed,
    count(*) filter (where file.status = 'held')::integer as held,
    count(*) filter (where file.status = 'rolled_back')::integer as rolled_back,
    count(*) filter (
        where file.status = 'skipped' and file.problem is distinct from :in_progress
    )::integer as skipped,
    -- By this run or another.
    count(*) filter (where file.status = 'running' or file.problem = :in_progress)::integer as running,
    coalesce(sum(file.rows_read) filter (where file.counts), 0)::bigint as rows_read,
    coalesce(sum(file.rows_loaded) filter (where file.counts), 0)::bigint as rows_loaded,
    coalesce(sum(file.rows_inserted) filter (where file.counts), 0)::bigint as rows_inserted,
    coalesce(sum(file.rows_updated) filter (where file.counts), 0)::bigint as rows_updated,
    coalesce(sum(file.rows_unchanged) filter (where file.counts), 0)::bigint as rows_unchanged,
    coalesce(sum(file.rows_rejected) filter (where file.counts), 0)::bigint as rows_rejected,
    coalesce(sum(file.rows_duplicate) filter (where file.counts), 0)::bigint as rows_duplicate,
    coalesce(sum(file.rows_suspect) filter (where file.counts), 0)::bigint as rows_suspect,
    min(file.first_time) filter (where file.counts and file.rows_loaded > 0) as first_time,
    max(file.last_time) filter (where file.counts and file.rows_loaded > 0) as last_time
from files as file
