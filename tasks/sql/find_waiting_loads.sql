-- Oldest first; a load that another requeue has staged and not finished waits for it.
select distinct load_id
from {quality}.waiting_rows as waiting
where not exists (
    select
    from {quality}.quality_load_log as requeued
    where
        requeued.requeue_of = waiting.load_id
        and requeued.status = 'running'
        and exists (
            select from pg_locks
            where
                locktype = 'advisory'
                and objsubid = 1
                and (classid::bigint << 32 | objid::bigint) = requeued.claim_key
        )
)
order by load_id
