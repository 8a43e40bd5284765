delete from {quality}.district_periods
where
    building_id in (
        select changed.id from changed_periods as changed
        where changed.table_name = 'buildings'
    )
