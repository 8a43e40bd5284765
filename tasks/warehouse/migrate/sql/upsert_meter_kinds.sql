insert into {quality}.meter_kinds as existing (kind, title, description)
select
    wanted.kind,
    wanted.title,
    wanted.description
from unnest(:names::text[], :title::text[], :description::text[]) as wanted (kind, title, description)
where true
on conflict (kind) do update
    set
        title = excluded.title,
        description = excluded.description
