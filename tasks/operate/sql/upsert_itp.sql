with

changes as materialized (

    select
        incoming.external_code,
        buildings.id as building_id,
        case
            when existing.id is null then 'inserted'
            when existing.building_id <> buildings.id then 'updated'
            else 'unchanged'
        end as action
    from reference_itp as incoming
    inner join {core}.buildings as buildings on incoming.building_code = buildings.external_code
    left join {core}.itp as existing on incoming.external_code = existing.external_code

),

inserted as (

    insert into {core}.itp (external_code, building_id)
    select
        external_code,
        building_id
    from changes
    where action = 'inserted'
    order by external_code

),

updated as (

    update {core}.itp as existing
    set building_id = changes.building_id, updated_at = now()
    from changes
    where changes.action = 'updated' and existing.external_code = changes.external_code

)

select
    count(*) as codes,
    coalesce(array_agg(external_code) filter (where action = 'inserted'), array[]::text[]) as inserted
from changes
