-- Files that this run has skipped because another one was loading their content, and the load that decides now: one in
-- core, else the latest.
select
    skipped.load_id,
    skipped.source_file,
    other.status,
    other.source_file as loaded_as,
    other.load_id as loaded_by,
    other.finished_at,
    exists(
        select
        from {quality}.loads_under_way as under_way
        where under_way.load_id = other.load_id
    ) as is_under_way
from {quality}.quality_load_log as skipped
inner join lateral (
    select log.*
    from {quality}.quality_load_log as log
    where
        log.checksum = skipped.checksum
        and log.identity is not distinct from skipped.identity
        and log.status <> 'skipped'
    order by log.status in ('success', 'partial') desc, log.started_at desc
    limit 1
) as other on true
where
    skipped.flow_run_id = :flow_run_id
    and skipped.status = 'skipped'
    and skipped.problem = :in_progress
    and not exists (
        select
        from {quality}.quality_load_log as later
        where
            later.flow_run_id = skipped.flow_run_id
            and later.source_file = skipped.source_file
            and later.load_id > skipped.load_id
    )
order by skipped.source_file
