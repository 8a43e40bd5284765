-- Loads that a run is working on, and those that one has died over and none has tried again.
select
    log.started_at,
    log.business_date,
    log.source_file,
    log.load_id,
    exists(
        select
        from {quality}.loads_under_way as under_way
        where under_way.load_id = log.load_id
    ) as is_under_way
from {quality}.quality_load_log as log
where
    (log.status = 'running' and log.step <> 'loaded')
    or (
        log.status = 'failed'
        and log.problem = :interrupted
        and not exists (
            select
            from {quality}.quality_load_log as later
            where later.source_file = log.source_file and later.load_id > log.load_id
        )
    )
order by log.started_at desc
limit :max_loads
