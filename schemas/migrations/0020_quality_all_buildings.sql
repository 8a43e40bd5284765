-- A day of all buildings is one row: what the features depend on beside readings has changed, and no load did it.
alter table {quality}.changed_days
alter column building_id drop not null,
alter column load_id drop not null;

comment on column {quality}.changed_days.building_id is 'NULL: all buildings.';
comment on column {quality}.changed_days.load_id is 'NULL: no load changed them, but settings, definitions or models.';
comment on table {quality}.transform_state is 'The settings, definitions and models that the features are built with.';
comment on column {quality}.transform_state.project is
'Checksum of the dbt project whose tables, views and seeds are there; NULL: they have to be looked at.';

-- dbt names an index by a hash and the time, so it never knows its own again; they come again with plain names.
do $$
declare
    index_name text;
begin
    for index_name in
        select c.oid::regclass::text
        from pg_index as i
        join pg_class as c on i.indexrelid = c.oid
        join pg_class as t on i.indrelid = t.oid
        where
            t.relnamespace = to_regnamespace('{features}')
            and t.relname in (
                'time_attributes', 'ml_hourly_by_building', 'ml_daily_by_building', 'ml_hourly_by_district'
            )
            and c.relname ~ '^[0-9a-f]{32}$'
    loop
        execute format('drop index %s', index_name);
    end loop;
end
$$;
