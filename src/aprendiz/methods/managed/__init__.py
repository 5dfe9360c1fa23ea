"""Fine-tuning as a job on Azure OpenAI, OpenAI or our own platform."""
