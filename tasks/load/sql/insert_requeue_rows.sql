-- Rows of a load that another requeue has staged and not finished wait for it.
insert into requeue_rows (load_id, table_num, row_num)
select
    rows.load_id,
    rows.table_num,
    rows.row_num
from (
    select load_id, table_num, row_num from {quality}.waiting_rows where :reason::text = 'unmapped_code'
    union
    select load_id, table_num, row_num from {quality}.open_row_errors where reason = :reason and :reason <> 'unmapped_code'
) as rows
join {quality}.quality_load_log as log on rows.load_id = log.load_id and log.status in ('success', 'partial')
where not exists (
    select
    from {quality}.quality_load_log as requeued
    where
        requeued.requeue_of = rows.load_id
        and requeued.status = 'running'
        and exists (
            select from pg_locks
            where
                locktype = 'advisory'
                and objsubid = 1
                and (classid::bigint << 32 | objid::bigint) = requeued.claim_key
        )
)
