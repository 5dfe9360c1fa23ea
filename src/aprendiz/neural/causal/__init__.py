"""Causal language models: bases, templates, generation, adapters, GGUF."""
