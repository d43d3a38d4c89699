"""``make bench``: the production actions against hand-written SQL, on the same database in the same run."""
