-- Meters that the file lacks: what is known of the last place of each ends, if it has not ended before.
with

missing as (

    select meters.id
    from {core}.meters as meters
    where
        not exists (
            select from reference_meters as incoming
            where incoming.external_code = meters.external_code
        )

),

ended as (

    update {quality}.meter_periods as periods
    set removed = :removed::timestamptz
    from missing
    where
        periods.meter_id = missing.id
        and periods.removed is null
        and coalesce(periods.installed, '-infinity') < :removed::timestamptz
    returning periods.meter_id

),

begun as (

    insert into {quality}.meter_periods (meter_id, removed)
    select
        missing.id,
        :removed::timestamptz
    from missing
    where
        not exists (
            select from {quality}.meter_periods as periods
            where periods.meter_id = missing.id
        )
    returning meter_id

)

select (select count(*) from ended) + (select count(*) from begun)
