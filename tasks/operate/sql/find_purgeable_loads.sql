-- $1 moment, $2 the load after which to go on, $3 how many. Loads that ended before the moment and have stage rows,
-- or row errors that were resolved before it.
with

rolled_back as materialized (

    select finished_at, first_time, last_time
    from {quality}.quality_load_log
    where rolled_back_at is not null and first_time is not null

),

newly_resolved as materialized (

    select distinct errors.load_id
    from {quality}.quality_row_errors as errors
    join {quality}.quality_load_log as resolver on errors.resolved_by = resolver.load_id
    where resolver.finished_at < $1

)

select
    log.load_id,
    log.source_file,
    log.size_bytes,
    log.raw_rows + log.rows_read as rows,
    -- Without the file, stage is the only copy of what it held, unless a newer version of it has come.
    log.status in ('success', 'partial')
    and log.rolled_back_at is null
    and log.checksum is not null
    and log.purged_before is null
    and not exists (
        select from {quality}.quality_load_log as newer
        where
            newer.business_date = log.business_date
            and newer.source_file = log.source_file
            and newer.status in ('success', 'partial')
            and newer.rolled_back_at is null
            and newer.requeue_of is null
            and newer.started_at > log.started_at
    ) as must_have_file
from {quality}.quality_load_log as log
where
    log.load_id > $2
    and log.status in ('success', 'partial', 'failed')
    and log.step <> 'claimed'
    and coalesce(log.rolled_back_at, log.finished_at) < $1
    and (log.purged_before is null or log.load_id in (select load_id from newly_resolved))
    -- A load that found its readings standing is their holder since the one that had brought them was taken back.
    and (
        log.rows_unchanged = 0
        or log.rolled_back_at is not null
        or not exists (
            select from rolled_back
            where
                rolled_back.finished_at < log.finished_at
                and rolled_back.first_time <= log.last_time
                and rolled_back.last_time >= log.first_time
        )
    )
order by log.load_id
limit $3
