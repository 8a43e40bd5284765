-- A suspect reading has its row error too.
alter table {quality}.quality_row_errors
add column severity text not null default 'rejected' check (severity in ('rejected', 'suspect'));

comment on table {quality}.quality_row_errors is 'One row per thing that is wrong with a reading, a row or a file.';
comment on column {quality}.quality_row_errors.row_num is
'Line in the file or sheet as a person counts it; 0: no line of it.';
comment on column {quality}.quality_row_errors.severity is
'suspect: a reading in core, flagged with quality 1; rejected: all else.';

create or replace view {quality}.open_row_errors as
select
    errors.load_id,
    errors.source_file,
    errors.sheet,
    errors.row_num,
    errors.column_name,
    errors.metric,
    errors.raw_value,
    errors.reason,
    errors.message,
    errors.payload,
    errors.created_at,
    errors.resolved_by,
    errors.cell,
    errors.table_num,
    errors.meter_code,
    log.business_date,
    log.source,
    errors.severity
from {quality}.quality_row_errors as errors
inner join {quality}.quality_load_log as log on errors.load_id = log.load_id
where errors.resolved_by is null and log.rolled_back_at is null;

create table {quality}.supplier_lists (
    source text not null,
    severity text not null check (severity in ('rejected', 'suspect')),
    listed_at timestamptz not null default now(),
    row_errors bigint not null,
    primary key (source, severity, listed_at)
);

comment on table {quality}.supplier_lists is
'When the open row errors of a source were exported for its supplier, of one severity, and how many.';

create view {quality}.listed_row_errors as
with

lists as (

    select
        source,
        severity,
        max(listed_at) as listed_at
    from {quality}.supplier_lists
    group by source, severity

)

select
    errors.source_file,
    errors.sheet,
    errors.row_num,
    errors.column_name,
    errors.metric,
    errors.reason,
    errors.severity,
    log.source,
    lists.listed_at
from {quality}.quality_row_errors as errors
inner join {quality}.quality_load_log as log on errors.load_id = log.load_id
inner join lists
    on log.source = lists.source and errors.severity = lists.severity and errors.created_at <= lists.listed_at
left join {quality}.quality_load_log as resolver on errors.resolved_by = resolver.load_id
where log.rolled_back_at is null and (errors.resolved_by is null or resolver.finished_at > lists.listed_at);

comment on view {quality}.listed_row_errors is
'Row errors that were open when their source was last listed for its supplier, corrected since or not.';
