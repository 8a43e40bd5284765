with

joined as materialized (

    select
        incoming.*,
        case
            when stored.id is null then 'inserted'
            when (stored.address, stored.district_id::text)
                is distinct from (incoming.address, incoming.district_id) then 'updated'
            else 'unchanged'
        end as fate
    from reference_buildings as incoming
    left join {core}.buildings as stored on incoming.external_code = stored.external_code

),

inserted as (

    insert into {core}.buildings (external_code, address, district_id)
    select external_code, address, district_id from joined where fate = 'inserted' order by external_code

),

updated as (

    update {core}.buildings as stored
    set address = joined.address, district_id = joined.district_id, updated_at = now()
    from joined
    where joined.fate = 'updated' and stored.external_code = joined.external_code

)

select
    count(*) filter (where fate = 'inserted') as inserted,
    count(*) filter (where fate = 'updated') as updated,
    count(*) filter (where fate = 'unchanged') as unchanged
from joined
