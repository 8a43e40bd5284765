-- Core as it was: a revision says since when its old value had stood, as a reading in core says since when it stands.
-- So the versions of a reading follow each other without gaps, and nothing is written for one that never changes.
do $$
begin
    if (select checksum = 'dataops' from {quality}.schema_migrations where version = 0) then
        alter table {core}.measurement_revisions add column old_since timestamptz;
        alter table {core}.measurement_revisions drop constraint measurement_revisions_change_check;
        alter table {core}.measurement_revisions
        add constraint measurement_revisions_change_check check (change in ('load', 'rollback', 'removal', 'credit'));
        -- A load that waits for a rollback begins before it, and copies after it.
        alter table {core}.measurements alter column inserted_at set default statement_timestamp();

        comment on column {core}.measurement_revisions.old_since is
        'Since when the old value had stood; NULL: there was none, or nobody has noted it.';
        comment on column {core}.measurement_revisions.replaced_at is
        'Until when the old value stood: the moment that its transaction had all locks.';
        comment on column {core}.measurement_revisions.change is
        'load: a later load has another value; removal: a newer version of the file no longer holds it; '
        'rollback: of load_id; credit: the value stays, and is that of another load now.';
    end if;
end
$$;

create function {quality}.require_history(moment timestamptz) returns boolean
language plpgsql stable parallel safe
as $$
declare
    kept_since constant timestamptz := (select applied_at from {quality}.schema_migrations where version = 29);
begin
    if moment not between kept_since and clock_timestamp() then
        raise exception 'what core held is known from % until now, not at %', kept_since, moment
        using errcode = 'data_exception';
    end if;
    return true;
end
$$;

comment on function {quality}.require_history is
'True; an error for a moment before core kept its history, or that is still to come.';

-- The planner puts the query in the place of the call, so that conditions on time and meter reach the tables: those on
-- a meter only as long as neither part of the union has any of its own.
create function {quality}.readings_as_of(moment timestamptz)
returns table (
    "time" timestamptz, -- noqa: RF06
    building_code text,
    itp_code text,
    meter_code text,
    metric text,
    value double precision,
    unit text,
    quality smallint,
    load_id uuid
)
language sql stable parallel safe
as $$
select
    r.time,
    b.external_code::text as building_code,
    i.external_code::text as itp_code,
    t.external_code::text as meter_code,
    r.metric,
    r.value,
    metrics.unit,
    r.quality,
    r.load_id
from (
    select
        time,
        meter_id::bigint as meter_id,
        metric::text as metric,
        value::double precision as value,
        quality::smallint as quality,
        load_id,
        coalesce(updated_at, inserted_at, '-infinity') as since,
        'infinity'::timestamptz as until
    from {core}.measurements
    union all
    select
        time,
        meter_id::bigint,
        metric::text,
        old_value::double precision,
        old_quality::smallint,
        old_load_id,
        old_since,
        replaced_at
    from {core}.measurement_revisions
) as r
inner join {core}.meters as t on r.meter_id = t.id
inner join {quality}.meter_places as places
    on r.meter_id = places.meter_id and r.time >= places.since and r.time < places.until
left join {core}.itp as i on places.itp_id = i.id
left join {core}.buildings as b on i.building_id = b.id
left join {quality}.metrics as metrics on r.metric = metrics.metric
where
    {quality}.require_history(readings_as_of.moment)
    and r.since <= readings_as_of.moment
    and r.until > readings_as_of.moment
$$;

comment on function {quality}.readings_as_of is
'Readings as they stood in core at a moment. Where the meter was then is what the reference tables say today.';

do $$
begin
    if (select checksum = 'dataops' from {quality}.schema_migrations where version = 0) then
        alter function {quality}.readings_as_of(timestamptz) set schema {core};
    end if;
end
$$;
