-- Any rows will do.
with

copied as (

    insert into sample
    select *
    from {core}.measurements
    limit :max_rows  -- noqa: AM09
    returning 1

)

select count(*) from copied
