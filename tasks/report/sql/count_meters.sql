select count(*) from {core}.meters
