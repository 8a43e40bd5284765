select
    metric,
    kind as metric_kind,
    register_of

from {{ source('quality', 'metrics') }}
