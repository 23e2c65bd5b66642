"""Valid and invalid requests, made of what the spec and the lifecycle show."""
