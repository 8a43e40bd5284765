-- One row per file: its last attempt, or, if that was skipped because the same content is already loaded or held, the
-- load that did it; or, if that was rolled back, the version that counts since. The loads of its rejected rows from
-- stage are counted with it: such a row was rejected before, and a reading beside it that was loaded then is no other
-- reading now. And one row per such load of this run that failed.
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

roots as (

    select
        coalesce(counted.load_id, known.load_id, attempts.load_id) as load_id,
        (known.load_id is null and attempts.flow_run_id is not distinct from :flow_run_id) as in_this_run
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
    ) as known on true
    left join {quality}.quality_load_log as last
        on coalesce(known.load_id, attempts.load_id) = last.load_id
    left join lateral (
        select log.load_id
        from {quality}.effective_loads as log
        where
            last.rolled_back_at is not null
            and log.business_date = :business_date
            and log.source_file = attempts.source_file
            and log.requeue_of is null
        order by log.effective_at desc
        limit 1
    ) as counted on true

),

families as (

    select
        load_id as root,
        load_id,
        in_this_run
    from roots
    union all
    select
        families.root,
        log.load_id,
        (log.flow_run_id is not distinct from :flow_run_id)
    from families
    inner join {quality}.effective_loads as log on families.load_id = log.requeue_of

),

-- Readings of a row that was loaded once more beside those that had been rejected are counted with its file already.
sums as (

    select
        families.root,
        bool_or(families.in_this_run) as in_this_run,
        array_agg(families.load_id) as load_ids,
        sum(log.rows_inserted) as rows_inserted,
        sum(log.rows_updated) as rows_updated,
        sum(log.rows_unchanged)
        - coalesce(sum(log.rows_read - log.rows_requeued) filter (where families.load_id <> families.root), 0)
            as rows_unchanged,
        sum(log.rows_rejected) - sum(log.rows_requeued) as rows_rejected,
        sum(log.rows_duplicate) as rows_duplicate,
        sum(log.rows_suspect) as rows_suspect,
        min(log.first_time) as first_time,
        max(log.last_time) as last_time,
        sum(log.rows_requeued) as rows_requeued
    from families
    inner join {quality}.quality_load_log as log on families.load_id = log.load_id
    group by families.root

)

select
    log.load_id,
    log.source_file,
    case
        when log.rolled_back_at is not null then 'rolled_back'
        when log.status in ('success', 'partial') and sums.rows_rejected > 0 then 'partial'
        when log.status in ('success', 'partial') then 'success'
        else log.status
    end as status,
    log.problem,
    log.source,
    sums.in_this_run,
    sums.load_ids,
    log.raw_rows,
    log.message,
    sums.rows_requeued,
    sums.rows_inserted + sums.rows_updated + sums.rows_unchanged as rows_loaded,
    sums.rows_inserted,
    sums.rows_updated,
    sums.rows_unchanged,
    log.rows_read,
    sums.rows_rejected,
    sums.rows_duplicate,
    sums.rows_suspect,
    sums.first_time,
    sums.last_time
from sums
inner join {quality}.quality_load_log as log on sums.root = log.load_id
union all
select
    log.load_id,
    log.source_file,
    log.status,
    log.problem,
    log.source,
    true,
    array[log.load_id],
    log.raw_rows,
    log.message,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    0,
    null,
    null
from {quality}.quality_load_log as log
where
    log.business_date = :business_date
    and log.flow_run_id = :flow_run_id
    and log.requeue_of is not null
    and log.status in ('failed', 'running')
