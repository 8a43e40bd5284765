-- Hours of one reading are in core: no table holds them once more. What is split by time are the sums of the others.
create or replace function {quality}.own_table(of_table text)
returns regclass
language sql
stable
set search_path = pg_catalog, pg_temp
as $$
select case
    when of_table = 'meter_hourly' then to_regclass('{features}.meter_hourly')
    when of_table = 'meter_hour_sums' then to_regclass('{features}_staging.meter_hour_sums')
    when of_table = 'meter_daily' then to_regclass('{features}.meter_daily')
    when
        of_table = 'measurements'
        and (select checksum from {quality}.schema_migrations where version = 0) = 'dataops'
        then to_regclass('{core}.measurements')
end
$$;
