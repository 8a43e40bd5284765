with

changes as materialized (

    select
        incoming.external_code,
        incoming.kind,
        incoming.interval_minutes,
        itp.id as itp_id,
        case
            when existing.id is null then 'inserted'
            when (
                existing.itp_id is distinct from itp.id
                or existing.kind is distinct from incoming.kind
                or existing.interval_minutes is distinct from incoming.interval_minutes
            ) then 'updated'
            else 'unchanged'
        end as action
    from reference_meters as incoming
    inner join {core}.itp as itp on incoming.itp_code = itp.external_code
    left join {core}.meters as existing on incoming.external_code = existing.external_code

),

inserted as (

    insert into {core}.meters (external_code, itp_id, kind, interval_minutes)
    select
        external_code,
        itp_id,
        kind,
        interval_minutes
    from changes
    where action = 'inserted'
    order by external_code

),

updated as (

    update {core}.meters as existing
    set
        itp_id = changes.itp_id,
        kind = changes.kind,
        interval_minutes = changes.interval_minutes,
        updated_at = now()
    from changes
    where changes.action = 'updated' and existing.external_code = changes.external_code

)

select
    count(*) as codes,
    coalesce(array_agg(external_code) filter (where action = 'inserted'), array[]::text[]) as inserted
from changes
