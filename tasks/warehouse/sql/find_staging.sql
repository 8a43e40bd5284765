select
    layout,
    source_lines
from {quality}.load_layouts
where load_id = :load_id
