call refresh_continuous_aggregate(:name::regclass, :since::timestamptz, :until::timestamptz)
