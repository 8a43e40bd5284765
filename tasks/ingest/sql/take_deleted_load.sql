with

latest as (

    select load_id
    from {quality}.deleted_loads
    where checksum = :checksum and identity is not distinct from :identity
    order by deleted_at desc
    limit 1

)

update {quality}.deleted_loads as deleted
set taken_by = latest.load_id
from latest
where deleted.checksum = :checksum and deleted.identity is not distinct from :identity
returning deleted.taken_by
