-- Of each content, by its place in the lists.
with

latest as (

    select distinct on (content.number)
        content.number - 1 as content,
        content.checksum,
        content.identity,
        deleted.load_id
    from
        unnest(:checksums::text[], :identities::text[]) with ordinality as content (checksum, identity, number)
    inner join {quality}.deleted_loads as deleted
        on
            content.checksum = deleted.checksum
            and content.identity is not distinct from deleted.identity
    order by content.number asc, deleted.deleted_at desc

),

taken as (

    update {quality}.deleted_loads as deleted
    set taken_by = latest.load_id
    from latest
    where
        deleted.checksum = latest.checksum
        and deleted.identity is not distinct from latest.identity

)

select
    content,
    load_id
from latest
