select distinct
    source_file,
    sheet,
    row_num,
    column_name,
    metric,
    reason,
    listed_at
from {quality}.listed_row_errors
where source = :source and reason <> :not_theirs and severity = :severity
