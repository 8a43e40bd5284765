create temporary table row_errors_in (
    load_id uuid,
    source_file text,
    sheet text,
    table_num smallint,
    row_num integer,
    column_name text,
    cell text,
    metric text,
    meter_code text,
    raw_value text,
    reason text,
    severity text,
    message text,
    cells text,
    payload json
) on commit drop
