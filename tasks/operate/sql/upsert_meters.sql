with

joined as materialized (

    select
        incoming.external_code,
        incoming.kind,
        incoming.interval_minutes,
        itp.id as itp_id,
        case
            when stored.id is null then 'inserted'
            when (stored.itp_id, stored.kind, stored.interval_minutes)
                is distinct from (itp.id, incoming.kind, incoming.interval_minutes) then 'updated'
            else 'unchanged'
        end as fate
    from reference_meters as incoming
    join {core}.itp as itp on incoming.itp_code = itp.external_code
    left join {core}.meters as stored on incoming.external_code = stored.external_code

),

inserted as (

    insert into {core}.meters (external_code, itp_id, kind, interval_minutes)
    select external_code, itp_id, kind, interval_minutes
    from joined
    where fate = 'inserted'
    order by external_code

),

updated as (

    update {core}.meters as stored
    set
        itp_id = joined.itp_id,
        kind = joined.kind,
        interval_minutes = joined.interval_minutes,
        updated_at = now()
    from joined
    where joined.fate = 'updated' and stored.external_code = joined.external_code

)

select
    count(*) filter (where fate = 'inserted') as inserted,
    count(*) filter (where fate = 'updated') as updated,
    count(*) filter (where fate = 'unchanged') as unchanged
from joined
