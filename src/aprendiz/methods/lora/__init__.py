"""The ``lora`` method: adapters on a causal language model, learnt from conversations."""
