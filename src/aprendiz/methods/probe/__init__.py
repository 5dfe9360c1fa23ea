"""A frozen encoder with a regularised linear head."""
