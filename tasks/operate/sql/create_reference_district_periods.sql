create temporary table reference_district_periods (
    building_code text, since timestamptz, district_id text
) on commit drop
