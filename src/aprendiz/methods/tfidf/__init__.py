"""Word and character n-grams with a linear model: the honest baseline."""
