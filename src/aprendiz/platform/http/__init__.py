"""The platform over HTTP: the OpenAI and Azure dialects in front of one service."""
