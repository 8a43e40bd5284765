-- Codes of the files of whose periods the files say otherwise than what is stored, in words.
create temporary table changed_periods on commit drop as
with

meter_periods as (

    select
        false as is_stored,
        meters.id as meter_id,
        wanted.itp_code,
        wanted.installed,
        wanted.removed,
        wanted.register_digits,
        wanted.register_step
    from reference_meter_periods as wanted
    inner join {core}.meters as meters on wanted.meter_code = meters.external_code
    union all
    select
        true as is_stored,
        meters.id,
        itp.external_code,
        stored.installed,
        stored.removed,
        stored.register_digits,
        stored.register_step
    from {quality}.meter_periods as stored
    inner join {core}.meters as meters on stored.meter_id = meters.id
    inner join reference_meters as incoming on meters.external_code = incoming.external_code
    left join {core}.itp as itp on stored.itp_id = itp.id

),

district_periods as (

    select
        false as is_stored,
        buildings.id as building_id,
        wanted.since,
        wanted.district_id
    from reference_district_periods as wanted
    inner join {core}.buildings as buildings on wanted.building_code = buildings.external_code
    union all
    select
        true as is_stored,
        buildings.id,
        stored.since,
        stored.district_id
    from {quality}.district_periods as stored
    inner join {core}.buildings as buildings on stored.building_id = buildings.id
    inner join reference_buildings as incoming on buildings.external_code = incoming.external_code

),

in_words as (

    select
        'meters' as table_name,
        meter_id as id,
        is_stored,
        string_agg(
            concat_ws(
                ' ',
                itp_code,
                to_char(installed at time zone :zone, '"from" YYYY-MM-DD HH24:MI:SS'),
                to_char(removed at time zone :zone, '"until" YYYY-MM-DD HH24:MI:SS'),
                register_digits || ' digits',
                'step ' || register_step
            ),
            '; ' order by installed nulls first
        ) as periods
    from meter_periods
    group by meter_id, is_stored
    union all
    select
        'buildings',
        building_id,
        is_stored,
        string_agg(
            concat_ws(
                ' ', coalesce(district_id, 'unknown'), to_char(since at time zone :zone, '"from" YYYY-MM-DD HH24:MI:SS')
            ),
            '; ' order by since nulls first
        )
    from district_periods
    group by building_id, is_stored

)

select
    table_name,
    id,
    max(periods) filter (where is_stored) as before,
    max(periods) filter (where not is_stored) as after
from in_words
group by table_name, id
having
    max(periods) filter (where is_stored) is distinct from max(periods) filter (where not is_stored)
