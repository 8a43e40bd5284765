insert into {quality}.load_layouts (load_id, layout)
select
    :load_id,
    layout
from {quality}.load_layouts
where load_id = :origin
