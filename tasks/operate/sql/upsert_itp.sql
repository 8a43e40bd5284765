with

joined as materialized (

    select
        incoming.external_code,
        buildings.id as building_id,
        case
            when stored.id is null then 'inserted'
            when stored.building_id <> buildings.id then 'updated'
            else 'unchanged'
        end as fate
    from reference_itp as incoming
    join {core}.buildings as buildings on incoming.building_code = buildings.external_code
    left join {core}.itp as stored on incoming.external_code = stored.external_code

),

inserted as (

    insert into {core}.itp (external_code, building_id)
    select external_code, building_id from joined where fate = 'inserted' order by external_code

),

updated as (

    update {core}.itp as stored
    set building_id = joined.building_id, updated_at = now()
    from joined
    where joined.fate = 'updated' and stored.external_code = joined.external_code

)

select
    count(*) filter (where fate = 'inserted') as inserted,
    count(*) filter (where fate = 'updated') as updated,
    count(*) filter (where fate = 'unchanged') as unchanged
from joined
