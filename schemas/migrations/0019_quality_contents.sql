-- What a file's content is read as may change: a replay stands in the place of all earlier loads of its content.
alter table {quality}.quality_load_log add column content_id uuid;

with recursive

contents as (

    select
        load_id,
        load_id as content_id
    from {quality}.quality_load_log
    where replay_of is null and requeue_of is null
    union
    select
        later.load_id,
        contents.content_id
    from contents
    inner join {quality}.quality_load_log as later on contents.load_id in (later.replay_of, later.requeue_of)

)

update {quality}.quality_load_log as log
set content_id = contents.content_id
from contents
where log.load_id = contents.load_id;

-- Of loads whose first one was deleted by hand.
update {quality}.quality_load_log
set content_id = coalesce(replay_of, requeue_of, load_id)
where content_id is null;

alter table {quality}.quality_load_log alter column content_id set not null;

-- With which words it was read.
alter table {quality}.quality_load_log add column mapping_digest text;
alter table {quality}.quality_load_log add column rules_digest text;

comment on column {quality}.quality_load_log.content_id is
'The first load of the same content: replays of it, and loads of its rows that waited in stage, have the same one.';
comment on column {quality}.quality_load_log.mapping_digest is
'What the source mapping said when the file was read; if it says something else now, the file would be read otherwise. '
'NULL: loaded before digests were kept.';
comment on column {quality}.quality_load_log.rules_digest is
'Likewise of metrics, units and the settings that readings are validated with.';

create index on {quality}.quality_load_log (content_id);

create or replace view {quality}.effective_loads as
select log.* -- noqa: AM04
from {quality}.quality_load_log as log
where
    log.status in ('success', 'partial')
    and log.rolled_back_at is null
    and not exists (
        select
        from {quality}.quality_load_log as replay
        where
            replay.content_id = log.content_id
            and replay.replay_of is not null
            and replay.status in ('success', 'partial')
            and replay.rolled_back_at is null
            and replay.load_id <> log.load_id
            and replay.finished_at > log.started_at
    );
comment on view {quality}.effective_loads is
'The loads that count: they ended in core, were not rolled back, and no replay stands in their place. '
'The one place that says so.';

-- What is left of a file when only loaded rows are in stage: the lines that readings were found by.
alter table {quality}.load_layouts add column source_lines jsonb;

comment on column {quality}.load_layouts.source_lines is
'Lines above the rows in stage, and how many below are not there, so that stage can be read by another mapping.';
