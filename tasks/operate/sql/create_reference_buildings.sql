create temporary table reference_buildings (external_code text, address text, district_id text) on commit drop
