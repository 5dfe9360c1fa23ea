"""Label repair: which labels are likely wrong, and what repairing them brings."""
