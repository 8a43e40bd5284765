-- A script: the tables and the lock belong to one transaction, and none of them takes a parameter.
create temporary table reference_buildings (external_code text, address text, district_id text) on commit drop;
create temporary table reference_itp (external_code text, building_code text) on commit drop;
create temporary table reference_meters (
    external_code text, itp_code text, kind text, interval_minutes integer
) on commit drop;
-- Two loads at once would both insert a new code; readers are not held up.
lock table {core}.buildings, {core}.itp, {core}.meters in share row exclusive mode
