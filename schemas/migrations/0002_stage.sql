-- Millions of rows a day stand here, so what a table or a series has in common is kept once, and the views that
-- people read put it together again. Decided by the benchmark: docs/decisions/2026-11-24-stage.md.
create table {stage}.raw_tables (
    load_id uuid not null,
    table_num smallint not null,
    source_file text not null,
    sheet text,
    columns text[] not null,
    inserted_at timestamptz not null default now(),
    primary key (load_id, table_num)
);

comment on table {stage}.raw_tables is 'One row per table of a loaded file: what its raw rows have in common.';
comment on column {stage}.raw_tables.table_num is 'Place of the table in the load''s layout.';
comment on column {stage}.raw_tables.columns is 'Headings, made unique, in the order of the cells.';

create table {stage}.raw_rows (
    load_id uuid not null,
    table_num smallint not null,
    row_num integer not null,
    cells text,
    payload json,
    check (num_nonnulls(cells, payload) = 1)
)
-- Rows come once, are found by BRIN alone, and go with their load: to freeze and to sample them in between would take
-- every fifth second of the server.
with (autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_threshold = 2000000000);

comment on table {stage}.raw_rows is 'Each source row as it was; read it by stage_raw_measurements.';
comment on column {stage}.raw_rows.cells is 'Texts of the cells joined by U+001F; nothing between two: an empty cell.';
comment on column {stage}.raw_rows.payload is 'Instead of cells, where one of them holds U+001F or NUL.';

-- Load ids grow with time and a load's rows lie together: BRIN finds them and costs a load next to nothing.
create index on {stage}.raw_rows using brin (load_id) with (pages_per_range = 32, autosummarize = on);

create view {stage}.stage_raw_measurements as
select
    t.load_id,
    t.source_file,
    t.sheet,
    r.row_num,
    coalesce(r.payload, json_object(t.columns, string_to_array(r.cells, chr(31), ''))) as payload,
    t.inserted_at,
    t.table_num
from {stage}.raw_tables as t
join {stage}.raw_rows as r on t.load_id = r.load_id and t.table_num = r.table_num;

comment on view {stage}.stage_raw_measurements is 'Each source row as it was; payload: column heading → text of the cell.';
comment on column {stage}.stage_raw_measurements.row_num is 'Line in the file or sheet as a person counts it.';

-- The operators' replay by hand deletes from the view.
create rule delete_raw_rows as on delete to {stage}.stage_raw_measurements do instead
delete from {stage}.raw_rows as r
where r.load_id = old.load_id and r.table_num = old.table_num and r.row_num = old.row_num;

create table {stage}.parsed_series (
    load_id uuid not null,
    table_num smallint not null,
    source_file text not null,
    sheet text,
    column_ref text,
    building_code text,
    itp_code text,
    meter_code text,
    meter_id bigint,
    metric text,
    unit text,
    quality smallint not null,
    reason text,
    row_nums integer[] not null,
    times_utc timestamp[] not null,
    readings double precision[] not null,
    inserted_at timestamptz not null default now()
)
with (autovacuum_vacuum_insert_threshold = -1, autovacuum_analyze_scale_factor = 1);

comment on table {stage}.parsed_series is
'Up to 64 readings of one meter, metric and verdict a row: three arrays, one element a reading. '
'Read it by stage_parsed_measurements.';
comment on column {stage}.parsed_series.meter_id is 'NULL: the codes fit no meter.';

-- Nobody asks which numbers an array holds.
alter table {stage}.parsed_series
alter row_nums set statistics 0,
alter times_utc set statistics 0,
alter readings set statistics 0;

create index on {stage}.parsed_series (load_id, meter_id);

create view {stage}.stage_parsed_measurements as
select
    s.load_id,
    s.source_file,
    r.row_num,
    r.time_utc at time zone 'UTC' as ts,
    s.building_code,
    s.itp_code,
    s.meter_code,
    s.metric,
    r.value,
    s.unit,
    s.quality,
    s.reason,
    s.inserted_at,
    s.sheet,
    s.column_ref,
    s.table_num
from {stage}.parsed_series as s
cross join lateral unnest(s.row_nums, s.times_utc, s.readings) as r (row_num, time_utc, value);

comment on view {stage}.stage_parsed_measurements is 'Each reading of a file with the verdict on it.';
comment on column {stage}.stage_parsed_measurements.ts is 'Start of the interval (a register: when it was read).';
comment on column {stage}.stage_parsed_measurements.value is 'In the unit of the metric.';
comment on column {stage}.stage_parsed_measurements.quality is '0 valid, 1 suspect (loaded), 2 rejected (not loaded).';
comment on column {stage}.stage_parsed_measurements.reason is 'Stable codes joined by ;';
comment on column {stage}.stage_parsed_measurements.column_ref is 'Column of the value as Excel names it.';
