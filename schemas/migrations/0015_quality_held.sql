-- A load that would change too much of core waits for a person.
alter table {quality}.quality_load_log drop constraint quality_load_log_status_check;
alter table {quality}.quality_load_log
add constraint quality_load_log_status_check
check (status in ('running', 'success', 'partial', 'failed', 'skipped', 'held'));

alter table {quality}.quality_load_log add column released_at timestamptz;

comment on column {quality}.quality_load_log.released_at is
'When a person let it into core although it changes more of it than HOLD_CHANGED_SHARE.';

alter table {quality}.quality_load_log add column rows_requeued bigint not null default 0;

comment on column {quality}.quality_load_log.rows_requeued is
'Readings that it loads once more because they were rejected in the load requeue_of.';

-- Of what was purged since, all rows are taken for rejected ones, as rows of an unknown code are.
update {quality}.quality_load_log as requeued
set
    rows_requeued = coalesce(
        (
            select nullif(count(*), 0)
            from {stage}.parsed_readings as parsed
            inner join {stage}.raw_rows as raw
                on
                    requeued.load_id = raw.load_id
                    and parsed.table_num = raw.table_num
                    and parsed.row_num = raw.row_num
            where requeued.requeue_of = parsed.load_id and parsed.quality = 2
        ),
        requeued.rows_read
    )
where requeued.requeue_of is not null and requeued.status in ('success', 'partial');

-- What lies outside any day's folder is named once, not by each day's run.
create index on {quality}.quality_load_log (source_file) where source_file not like '%/%';

create or replace view {quality}.effective_loads as
select * -- noqa: AM04
from {quality}.quality_load_log
where status in ('success', 'partial') and rolled_back_at is null;
