"""``python -m aprendiz`` is the command line."""

from aprendiz.cli.main import run

run()
