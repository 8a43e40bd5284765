with

changes as materialized (

    select
        incoming.*,
        case
            when existing.id is null then 'inserted'
            when (
                existing.address is distinct from incoming.address
                or existing.district_id::text is distinct from incoming.district_id
            ) then 'updated'
            else 'unchanged'
        end as action
    from reference_buildings as incoming
    left join {core}.buildings as existing on incoming.external_code = existing.external_code

),

inserted as (

    insert into {core}.buildings (external_code, address, district_id)
    select
        external_code,
        address,
        district_id
    from changes
    where action = 'inserted'
    order by external_code

),

updated as (

    update {core}.buildings as existing
    set address = changes.address, district_id = changes.district_id, updated_at = now()
    from changes
    where changes.action = 'updated' and existing.external_code = changes.external_code

)

select
    count(*) as codes,
    coalesce(array_agg(external_code) filter (where action = 'inserted'), array[]::text[]) as inserted
from changes
