-- The account of a file: each of its lines has one class.
alter table {quality}.quality_load_log add column lines jsonb;

comment on column {quality}.quality_load_log.lines is
'How many lines of each class (schemas/lines.py) it holds: lines of a csv, rows of a workbook with a filled cell.';

create or replace view {quality}.effective_loads as
select * -- noqa: AM04
from {quality}.quality_load_log
where status in ('success', 'partial') and rolled_back_at is null;

-- The counts were those of a table.
update {quality}.load_layouts as layouts
set
    layout = (
        select jsonb_agg(tables.schema - 'skipped' order by tables.number)
        from jsonb_array_elements(layouts.layout) with ordinality as tables (schema, number)
    )
where layouts.layout @? '$[*].skipped';

alter table {stage}.raw_rows add column row_problem text;

comment on column {stage}.raw_rows.row_problem is
'Why the cells of the row are not those of the columns (schemas/reasons.py); NULL: they are.';

create or replace view {stage}.stage_raw_measurements as
select
    t.load_id,
    t.source_file,
    t.sheet,
    r.row_num,
    coalesce(r.payload, json_object(t.columns, string_to_array(r.cells, chr(31), ''))) as payload,
    t.inserted_at,
    t.table_num,
    r.row_problem
from {stage}.raw_tables as t
inner join {stage}.raw_rows as r on t.load_id = r.load_id and t.table_num = r.table_num;
