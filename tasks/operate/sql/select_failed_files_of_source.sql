select
    log.source_file,
    log.message
from {quality}.quality_load_log as log
where
    log.source = :source
    and log.status = 'failed'
    and log.requeue_of is null
    and not exists (
        select
        from {quality}.quality_load_log as later
        where
            later.business_date = log.business_date
            and later.source_file = log.source_file
            and later.requeue_of is null
            and later.started_at > log.started_at
    )
order by log.source_file
