"""The whole encoder, tuned with the Hugging Face Trainer."""
