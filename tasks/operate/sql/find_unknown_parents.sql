-- Rows that refer to a code that is neither in the files nor in core.
select
    'itp' as table_name,
    i.external_code,
    i.building_code as parent_code
from reference_itp as i
where
    not exists (
        select from reference_buildings as b
        where b.external_code = i.building_code
    )
    and not exists (
        select from {core}.buildings as b
        where b.external_code = i.building_code
    )
union all
select
    'meters',
    m.external_code,
    m.itp_code
from (
    select
        external_code,
        itp_code
    from reference_meters
    union distinct
    select
        meter_code,
        itp_code
    from reference_meter_periods
    where itp_code is not null
) as m
where
    not exists (
        select from reference_itp as i
        where i.external_code = m.itp_code
    )
    and not exists (
        select from {core}.itp as i
        where i.external_code = m.itp_code
    )
