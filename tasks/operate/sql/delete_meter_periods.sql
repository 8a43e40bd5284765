delete from {quality}.meter_periods
where
    meter_id in (
        select changed.id from changed_periods as changed
        where changed.table_name = 'meters'
    )
