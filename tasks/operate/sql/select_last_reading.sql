select max(last_time) from {quality}.effective_loads
