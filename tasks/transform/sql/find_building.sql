select id
from {core}.buildings
where external_code = :code
