"""Model folders: manifest, card, writing and reading them whole."""
