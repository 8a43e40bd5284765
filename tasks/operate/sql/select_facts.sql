select
    current_setting('server_version') as server_version,
    (
        select count(*) from (select distinct
            building_id,
            local_date
        from {quality}.changed_days
        where not_before is null or not_before <= now()) as days -- noqa: ST05
    ) as days_waiting_for_features,
    (
        select count(*) from {quality}.open_row_errors
        where severity = 'rejected'
    ) as row_errors_open
