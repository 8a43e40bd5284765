-- midnights: with which the days of a window begin. hours: its whole hours by the clock on the wall, as date_trunc has
-- them; looked up in such a list a reading's day and hour cost a tenth of what the functions of time do.
select
    array(
        select {quality}.local_midnight(:first_day::date + day, :zone)
        from generate_series(0, :last_day::date - :first_day::date) as day
        order by 1
    ) as midnights,
    array(
        select distinct date_trunc('hour', quarter, :zone)
        from
            generate_series(
                {quality}.local_midnight(:first_day, :zone),
                {quality}.local_midnight(:last_day + 1, :zone) - interval '1 second',
                interval '15 minutes'
            ) as quarter
        order by 1
    ) as hours
