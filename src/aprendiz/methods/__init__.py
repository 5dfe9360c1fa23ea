"""One folder a way to learn; the catalogue names them all."""
