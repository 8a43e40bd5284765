create temporary table reference_itp (external_code text, building_code text) on commit drop
