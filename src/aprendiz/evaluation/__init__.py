"""Figures about answers: numpy only, no model library."""
