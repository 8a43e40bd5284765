with

copied as (

    insert into sample
    select *
    from {core}.measurements
    limit :max_rows
    returning 1

)

select count(*) from copied
