-- Loads whose id begins or ends with the digits. Reads the whole load log: no index knows how an id ends.
with

loads as (

    select
        load_id,
        replace(load_id::text, '-', '') as digits
    from {quality}.quality_load_log

)

select load_id
from loads
where starts_with(digits, :digits) or right(digits, length(:digits)) = :digits
order by load_id
limit 2
