create temporary table reference_meters (
    external_code text, itp_code text, kind text, interval_minutes integer
) on commit drop
