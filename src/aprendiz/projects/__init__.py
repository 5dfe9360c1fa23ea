"""Projects: a folder with a ``project.yaml``, carried out step by step, remembering what is done."""
