create table {stage}.stage_raw_measurements (
    load_id uuid not null,
    source_file text not null,
    sheet text,
    row_num integer not null,
    payload json not null,
    inserted_at timestamptz not null default clock_timestamp(),
    table_num smallint not null default 0
);

comment on column {stage}.stage_raw_measurements.table_num is 'Place of the table in the load log''s layout.';
comment on table {stage}.stage_raw_measurements is 'Each source row as it was; column heading → text of the cell.';

-- Load ids grow with time and a load's rows lie together: BRIN finds them and costs a load next to nothing.
create index on {stage}.stage_raw_measurements using brin (load_id) with (pages_per_range = 32, autosummarize = on);

create table {stage}.stage_parsed_measurements (
    load_id uuid not null,
    source_file text not null,
    row_num integer not null,
    ts timestamptz,
    building_code text,
    itp_code text,
    meter_code text,
    metric text,
    value double precision,
    unit text,
    quality smallint not null,
    reason text,
    inserted_at timestamptz not null default clock_timestamp(),
    sheet text,
    column_ref text,
    table_num smallint not null default 0
);

comment on table {stage}.stage_parsed_measurements is 'Each reading of a file with the verdict on it.';
comment on column {stage}.stage_parsed_measurements.ts is 'Start of the interval (a register: when it was read).';
comment on column {stage}.stage_parsed_measurements.value is 'In the unit of the metric.';
comment on column {stage}.stage_parsed_measurements.quality is '0 valid, 1 suspect (loaded), 2 rejected (not loaded).';
comment on column {stage}.stage_parsed_measurements.reason is 'Stable codes joined by ;';
comment on column {stage}.stage_parsed_measurements.column_ref is 'Column of the value as Excel names it.';

create index on {stage}.stage_parsed_measurements using brin (load_id) with (pages_per_range = 32, autosummarize = on);
