"""Our own fine-tuning service: the OpenAI and Azure protocols on top of the same library."""
