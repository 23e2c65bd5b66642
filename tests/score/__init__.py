"""How many broken implementations the judge finds, and whether it leaves the conforming ones alone."""
