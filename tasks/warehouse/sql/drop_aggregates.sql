-- Also dbt's views on them, which its next build makes again; the features themselves stay.
do $$
begin
    drop materialized view if exists {features}.meter_last_reading;
    drop view if exists {features}_staging.stg_features__meter_hourly, {features}_staging.stg_features__meter_daily;
    if (select relkind from pg_class where oid = '{features}.meter_hourly'::regclass) = 'p' then
        drop table {features}.meter_daily;
        drop table {features}.meter_hourly;
    else
        drop materialized view {features}.meter_daily;
        drop materialized view {features}.meter_hourly;
    end if;
end
$$
