"""The story of methods that learn from conversations: train, load, grade, export."""
