-- What the files say otherwise of codes that core knows.
select
    changes.table_name,
    changes.code,
    cells.column_name,
    cells.before,
    cells.after
from (
    select
        'buildings' as table_name,
        incoming.external_code as code,
        array['address', 'district_id'] as names,
        array[existing.address, existing.district_id::text] as before,
        array[incoming.address, incoming.district_id] as after
    from reference_buildings as incoming
    inner join {core}.buildings as existing on incoming.external_code = existing.external_code
    union all
    select
        'itp',
        incoming.external_code,
        array['building_code'],
        array[buildings.external_code],
        array[incoming.building_code]
    from reference_itp as incoming
    inner join {core}.itp as existing on incoming.external_code = existing.external_code
    inner join {core}.buildings as buildings on existing.building_id = buildings.id
    union all
    select
        'meters',
        incoming.external_code,
        array['itp_code', 'kind', 'interval_minutes'],
        array[itp.external_code, existing.kind::text, existing.interval_minutes::text],
        array[incoming.itp_code, incoming.kind, incoming.interval_minutes::text]
    from reference_meters as incoming
    inner join {core}.meters as existing on incoming.external_code = existing.external_code
    inner join {core}.itp as itp on existing.itp_id = itp.id
) as changes
cross join lateral unnest(changes.names, changes.before, changes.after) as cells (column_name, before, after)
where cells.before is distinct from cells.after
order by changes.table_name, changes.code, cells.column_name
