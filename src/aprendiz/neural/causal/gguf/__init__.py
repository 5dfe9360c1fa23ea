"""GGUF, the file format of llama.cpp: read it as a network, write it from one."""
