"""Methods compared on one frozen split: what each is worth and what it costs."""
