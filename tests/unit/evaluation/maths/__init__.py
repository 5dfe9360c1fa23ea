"""Tests of the maths grader."""
