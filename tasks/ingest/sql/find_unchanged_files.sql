-- Of files, by name and checksum (or, where they are not read, by what the system says of them), those of which the
-- last attempt at the path is the load of this content, or says already that it is skipped as known, and with whose
-- identity.
select
    given.source_file,
    last.status = 'skipped' as is_skipped,
    last.identity,
    coalesce(last.flow_run_id = :flow_run_id, false) as is_of_run
from
    unnest(:source_files::text[], :checksums::text[], :file_stats::text[]) as given (source_file, checksum, file_stat)
inner join lateral ( -- noqa: ST05
    select log.*
    from {quality}.quality_load_log as log
    where
        log.business_date = :business_date
        and log.source_file = given.source_file
        and log.requeue_of is null
    order by log.started_at desc, log.load_id desc
    limit 1
) as last on true
where
    case when given.checksum is null then last.file_stat = given.file_stat else last.checksum = given.checksum end
    and (
        (last.status in ('success', 'partial') and last.rolled_back_at is null and not last.replay_by_hand)
        or (
            last.status = 'skipped'
            and last.problem = any(:known::text[])
            and exists (
                select
                from {quality}.quality_load_log as load
                where
                    load.checksum = last.checksum
                    and (load.identity is not distinct from last.identity or load.source_file = last.source_file)
                    and load.status in ('success', 'partial')
                    and load.rolled_back_at is null
                    and not load.replay_by_hand
            )
        )
    )
