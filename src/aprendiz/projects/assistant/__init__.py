"""The assistant kind of project: conversations in, a chat model that is measured, asked and exported."""
