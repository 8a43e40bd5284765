select
    metric,
    unit,
    kind,
    lowest,
    highest,
    description
from {quality}.metrics
