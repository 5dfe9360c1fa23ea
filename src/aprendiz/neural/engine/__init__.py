"""Inference runtimes behind one small interface, the gates they pass, and their measuring."""
