select exists(select from {core}.measurements)
