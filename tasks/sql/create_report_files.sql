-- $1 day, $2 flow run. One row a file: its last attempt; if that was skipped because the same file was
-- loaded before, the load that did it.
create temporary table report_files on commit drop as
with

attempts as (

    select distinct on (source_file)
        source_file,
        load_id,
        checksum,
        status,
        flow_run_id
    from {quality}.quality_load_log
    where business_date = $1
    order by source_file asc, started_at desc

)

select
    coalesce(loaded.load_id, attempts.load_id) as load_id,
    loaded.load_id is null and attempts.flow_run_id is not distinct from $2::uuid as in_this_run
from attempts
left join lateral (
    select log.load_id
    from {quality}.quality_load_log as log
    where
        attempts.status = 'skipped'
        and log.checksum = attempts.checksum
        and log.source_file = attempts.source_file
        and log.status in ('success', 'partial')
    order by log.started_at desc
    limit 1
) as loaded on true
