"""Conversations: lists of messages, as chat models learn from them."""
