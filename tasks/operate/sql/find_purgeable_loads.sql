-- Loads that ended before a timestamp and have stage rows, or row errors that were resolved before it; one page.
with

rolled_back as materialized (

    select
        finished_at,
        first_time,
        last_time
    from {quality}.quality_load_log
    where rolled_back_at is not null and first_time is not null

),

newly_resolved as materialized (

    select distinct errors.load_id
    from {quality}.quality_row_errors as errors
    inner join {quality}.quality_load_log as resolver on errors.resolved_by = resolver.load_id
    where resolver.finished_at < :ended_before

)

select
    log.load_id,
    log.source_file,
    log.size_bytes,
    log.raw_rows + log.rows_read as rows,
    -- Without the file, stage holds the only copy of its content, unless a newer version has been loaded.
    log.status in ('success', 'partial')
    and log.rolled_back_at is null
    and log.checksum is not null
    and log.purged_before is null
    and not exists (
        select from {quality}.effective_loads as newer
        where
            newer.business_date = log.business_date
            and newer.source_file = log.source_file
            and newer.requeue_of is null
            and newer.started_at > log.started_at
    ) as must_have_file
from {quality}.quality_load_log as log
where
    log.load_id > :after_load_id
    and log.status in ('success', 'partial', 'failed', 'skipped')
    and (
        log.step <> 'claimed'
        or (
            log.status = 'failed'
            and exists (
                select from {quality}.quality_row_errors as errors
                where errors.load_id = log.load_id
            )
        )
    )
    and coalesce(log.rolled_back_at, log.finished_at) < :ended_before
    and (log.purged_before is null or log.load_id in (select newly_resolved.load_id from newly_resolved))
    -- A load that found its readings already in core has owned them since the load that brought them was rolled back.
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
limit :page_size
