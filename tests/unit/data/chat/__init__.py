"""Chat data: reading, rules, writing, tokens, closed sets."""
