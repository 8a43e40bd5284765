select
    metric,
    unit,
    kind,
    lowest,
    highest,
    register_of,
    description
from {quality}.metrics
