insert into {quality}.load_layouts (load_id, layout)
select
    pairs.load_id,
    origin.layout
from unnest(:load_ids::uuid[], :origins::uuid[]) as pairs (load_id, origin)
inner join {quality}.load_layouts as origin on pairs.origin = origin.load_id
