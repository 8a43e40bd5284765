select
    metric,
    kind as metric_kind

from {{ source('quality', 'metrics') }}
