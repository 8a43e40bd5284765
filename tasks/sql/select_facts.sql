select
    current_setting('server_version') as server_version,
    (select count(distinct (building_id, local_date)) from {quality}.changed_days) as days_waiting_for_features,
    (select count(*) from {quality}.open_row_errors) as row_errors_open,
    case
        when (select relkind from pg_class where oid = '{core}.measurements'::regclass) = 'p' then 'partitioned table'
        when exists (
            select from pg_trigger
            where tgrelid = '{core}.measurements'::regclass and tgname = 'ts_insert_blocker'
        ) then 'hypertable'
        else 'table'
    end as measurements_are
