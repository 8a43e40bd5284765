with

attempts as (

    select distinct on (business_date, source_file)
        source_file,
        source,
        status,
        message
    from {quality}.quality_load_log
    where requeue_of is null
    order by business_date asc, source_file asc, started_at desc

)

select
    source_file,
    message
from attempts
where source = :source and status = 'failed'
order by source_file
