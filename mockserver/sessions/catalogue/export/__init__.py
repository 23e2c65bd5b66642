"""Collections for other tools, made from the catalogue and the documents."""
