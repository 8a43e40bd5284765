create temporary table reference_meter_periods (
    meter_code text,
    itp_code text,
    installed timestamptz,
    removed timestamptz,
    register_digits smallint,
    register_step double precision
) on commit drop
