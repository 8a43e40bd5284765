select
    kind,
    metric

from {{ source('quality', 'expected_metrics') }}
