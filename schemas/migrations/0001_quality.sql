create table {quality}.quality_load_log (
    load_id uuid primary key,
    source_file text not null,
    source text,
    checksum text,
    size_bytes bigint,
    business_date date not null,
    status text not null check (status in ('running', 'success', 'partial', 'failed', 'skipped')),
    rows_read bigint not null default 0,
    rows_loaded bigint not null default 0,
    rows_inserted bigint not null default 0,
    rows_updated bigint not null default 0,
    rows_unchanged bigint not null default 0,
    rows_rejected bigint not null default 0,
    rows_duplicate bigint not null default 0,
    rows_suspect bigint not null default 0,
    message text,
    flow_run_id uuid,
    started_at timestamptz not null default clock_timestamp(),
    finished_at timestamptz,
    step text not null default 'claimed' check (step in ('claimed', 'staged', 'parsed', 'loaded')),
    claim_key bigint,
    raw_rows bigint not null default 0,
    first_time timestamptz,
    last_time timestamptz,
    identity text,
    requeue_of uuid,
    replay_of uuid,
    effective_at timestamptz,
    rolled_back_at timestamptz,
    layout_fingerprint text,
    purged_before timestamptz,
    check (status not in ('success', 'partial') or rows_loaded = rows_inserted + rows_updated + rows_unchanged),
    check (status not in ('success', 'partial') or rows_read = rows_loaded + rows_rejected + rows_duplicate)
);

comment on table {quality}.quality_load_log is 'One row per file and attempt; nothing is read without a row here.';
comment on column {quality}.quality_load_log.source_file is 'Path below RAW_DIR.';
comment on column {quality}.quality_load_log.source is 'Source mapping that took the file.';
comment on column {quality}.quality_load_log.rows_read is
'Readings found in the file (a wide row holds several) = rows_loaded + rows_rejected + rows_duplicate.';
comment on column {quality}.quality_load_log.step is 'How far the attempt has come; a retry goes on from here.';
comment on column {quality}.quality_load_log.claim_key is
'Advisory lock that the working run holds; nobody holding it means that the run is dead.';
comment on column {quality}.quality_load_log.identity is
'Codes that the path gives: the same bytes in another building''s folder are other readings.';
comment on column {quality}.quality_load_log.requeue_of is 'The load whose waiting rows this one loads.';
comment on column {quality}.quality_load_log.replay_of is 'The load whose content this one loads once more.';
comment on column {quality}.quality_load_log.effective_at is
'The order of loads: of several that hold a reading, the latest one''s value stands in core. '
'Rows that waited for their code keep the place of the file that they came in.';
comment on column {quality}.quality_load_log.rolled_back_at is
'When the load was taken back; its content counts as known until it is replayed.';
comment on column {quality}.quality_load_log.purged_before is
'Its stage rows were purged, and of its row errors those that were resolved before this moment; NULL: all are there. '
'Rows with an open error are kept.';

create index on {quality}.quality_load_log (checksum, status);
create index on {quality}.quality_load_log (started_at desc);
create index on {quality}.quality_load_log (business_date, source_file);
create index on {quality}.quality_load_log (flow_run_id);
create index on {quality}.quality_load_log (requeue_of) where requeue_of is not null;

-- Beside the log, which people read in a terminal.
create table {quality}.load_layouts (
    load_id uuid primary key,
    layout jsonb not null
);

comment on table {quality}.load_layouts is 'Tables, header rows and columns of each load, as they were found.';

create table {quality}.quality_row_errors (
    load_id uuid not null,
    source_file text not null,
    sheet text,
    row_num integer not null,
    column_name text,
    metric text,
    raw_value text,
    reason text not null,
    message text not null,
    payload json,
    created_at timestamptz not null default clock_timestamp(),
    resolved_by uuid,
    cell text,
    table_num smallint not null default 0,
    meter_code text
);

comment on table {quality}.quality_row_errors is 'One row per thing that is wrong with a rejected reading or row.';
comment on column {quality}.quality_row_errors.row_num is 'Line in the file or sheet as a person counts it.';
comment on column {quality}.quality_row_errors.cell is 'The cell as Excel names it, such as C17.';
comment on column {quality}.quality_row_errors.resolved_by is
'The load that later loaded the row, or loaded a mended version of the file.';
comment on column {quality}.quality_row_errors.table_num is 'Place of the table in the load''s layout.';

create index on {quality}.quality_row_errors (load_id, row_num);
create index on {quality}.quality_row_errors (resolved_by) where resolved_by is not null;

create table {quality}.changed_days (
    id bigint generated always as identity primary key,
    load_id uuid not null,
    building_id bigint not null,
    local_date date not null,
    taken boolean not null default false,
    created_at timestamptz not null default clock_timestamp()
);

comment on table {quality}.changed_days is
'Buildings and local days whose readings changed and whose aggregates and features are still to be made. '
'Written with the readings in one transaction; a row goes only when what follows the load is done.';
comment on column {quality}.changed_days.taken is 'The transform under way works on it.';

create table {quality}.transform_state (
    only_row boolean primary key default true check (only_row),
    fingerprint text not null,
    project text,
    built_at timestamptz not null default clock_timestamp()
);

comment on table {quality}.transform_state is 'The settings that the features were last built with.';
comment on column {quality}.transform_state.project is
'Checksum of the dbt project whose views and seeds stand; null while none or an unfinished transform has made them.';
