"""How many broken implementations the judge finds, and whether it leaves the lawful ones alone."""
