-- One row per file: its last attempt, or, if that was skipped because the same file is already loaded, the load that
-- did it. And one row for each later load of its rejected rows from stage.
create temporary table report_files on commit drop as
with recursive

attempts as (

    select distinct on (source_file)
        source_file,
        load_id,
        checksum,
        status,
        flow_run_id
    from {quality}.quality_load_log
    where business_date = :business_date and requeue_of is null
    order by source_file asc, started_at desc

),

files as (

    select
        coalesce(loaded.load_id, attempts.load_id) as load_id,
        (loaded.load_id is null and attempts.flow_run_id is not distinct from :flow_run_id) as in_this_run
    from attempts
    left join lateral (
        select log.load_id
        from {quality}.quality_load_log as log
        where
            attempts.status = 'skipped'
            and log.checksum = attempts.checksum
            and log.source_file = attempts.source_file
            and log.status in ('success', 'partial', 'held')
        order by log.started_at desc
        limit 1
    ) as loaded on true

),

requeued as (

    select
        load_id,
        in_this_run
    from files
    union all
    select
        log.load_id,
        (log.flow_run_id is not distinct from :flow_run_id)
    from requeued
    inner join {quality}.quality_load_log as log on requeued.load_id = log.requeue_of
    where log.status in ('success', 'partial') or log.flow_run_id = :flow_run_id::uuid

)

select * from requeued
