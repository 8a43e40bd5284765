-- The operators' replay by hand: whoever deletes a load's row in the log, or its source rows, wants its file loaded
-- again. What belongs to a deleted row goes with it; its id is kept: the next load of the same content takes the latest
-- and stands for the others, so that readings in core are traced to their file again.
create table {quality}.deleted_loads (
    load_id uuid primary key,
    checksum text not null,
    identity text,
    taken_by uuid,
    deleted_at timestamptz not null default clock_timestamp()
);

comment on table {quality}.deleted_loads is 'Loads whose rows in the load log were deleted by hand.';
comment on column {quality}.deleted_loads.taken_by is 'The load that has loaded their content again.';

alter table {quality}.quality_load_log add column replay_by_hand boolean not null default false;

comment on column {quality}.quality_load_log.replay_by_hand is
'Its source rows, or the load that requeued some of them, were deleted by hand: the file is to be loaded again.';

create function {quality}.delete_what_belongs_to_load()
returns trigger
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    delete from {stage}.raw_rows where load_id = old.load_id;
    delete from {stage}.raw_tables where load_id = old.load_id;
    delete from {stage}.parsed_series where load_id = old.load_id;
    delete from {quality}.quality_row_errors where load_id = old.load_id;
    delete from {quality}.load_layouts where load_id = old.load_id;
    update {quality}.quality_row_errors set resolved_by = null where resolved_by = old.load_id;
    update {quality}.quality_load_log set replay_by_hand = true where load_id = old.requeue_of;
    -- A load of requeued rows has the content of the one that they came in, which may be deleted before it.
    insert into {quality}.deleted_loads (load_id, checksum, identity)
    select
        old.load_id,
        content.checksum,
        content.identity
    from (
        select old.checksum, old.identity
        where old.requeue_of is null
        union all
        select checksum, identity from {quality}.quality_load_log where load_id = old.requeue_of
        union all
        select checksum, identity from {quality}.deleted_loads where load_id = old.requeue_of
    ) as content
    where old.status in ('success', 'partial') and content.checksum is not null
    on conflict (load_id) do update set taken_by = null, deleted_at = default;
    return null;
end
$$;

create trigger delete_what_belongs_to_load after delete on {quality}.quality_load_log
for each row execute function {quality}.delete_what_belongs_to_load();

-- Rules apply in the order of their names: before the one that deletes.
create rule ask_for_replay as on delete to {stage}.stage_raw_measurements do also -- noqa: PRS
update {quality}.quality_load_log
set replay_by_hand = true
where load_id = old.load_id and status in ('success', 'partial') and not replay_by_hand;

create or replace view {quality}.reading_lineage as
select
    m.time,
    t.external_code as meter_code,
    m.metric,
    m.value,
    m.quality,
    m.load_id,
    log.finished_at as loaded_at,
    log.source_file,
    log.source,
    log.checksum,
    p.sheet,
    p.row_num,
    p.column_ref,
    p.column_ref || p.row_num as cell,
    raw.payload
from {core}.measurements as m
inner join {core}.meters as t on m.meter_id = t.id
left join {quality}.deleted_loads as deleted on m.load_id = deleted.load_id
left join {quality}.quality_load_log as log on coalesce(deleted.taken_by, m.load_id) = log.load_id
left join {stage}.parsed_readings as p
    on
        log.load_id = p.load_id
        and m.meter_id = p.meter_id
        and m.metric::text = p.metric
        and m.time = p.time
        and p.quality < 2
left join {stage}.stage_raw_measurements as raw
    on
        log.load_id = raw.load_id
        and p.table_num = raw.table_num
        and p.row_num = raw.row_num;
