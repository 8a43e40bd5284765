-- A row for each time in which a meter was at one ITP, or at none: every reading is in one of them.
create view {quality}.meter_places as
select
    meters.id::bigint as meter_id,
    meters.itp_id::bigint as itp_id,
    '-infinity'::timestamptz as since,
    'infinity'::timestamptz as until
from {core}.meters as meters
where meters.id not in (select periods.meter_id from {quality}.meter_periods as periods)
union all
select
    periods.meter_id,
    coalesce(periods.itp_id, meters.itp_id),
    coalesce(periods.installed, '-infinity'),
    coalesce(periods.removed, 'infinity')
from {quality}.meter_periods as periods
inner join {core}.meters as meters on periods.meter_id = meters.id
union all
select
    gaps.meter_id,
    null,
    gaps.since,
    gaps.until
from (
    select
        meter_id,
        coalesce(lag(removed) over meter, '-infinity') as since,
        installed as until
    from {quality}.meter_periods
    window meter as (partition by meter_id order by installed nulls first)
    union all
    select
        meter_id,
        max(coalesce(removed, 'infinity')),
        'infinity'
    from {quality}.meter_periods
    group by meter_id
) as gaps
where gaps.since < gaps.until;

comment on view {quality}.meter_places is
'Where meters were: [since, until) at an ITP, or, with itp_id NULL, before, between and after its places.';
