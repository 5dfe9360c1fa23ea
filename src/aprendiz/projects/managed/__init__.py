"""The managed kind of project: examples in, a model tuned by a service, its answers analysed."""
