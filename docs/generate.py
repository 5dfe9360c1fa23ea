"""The reference pages that the code can write better than a person.

Each ``*_page`` function turns one part of the code (commands, findings, recipes, settings,
errors, HTTP, manifest) into Markdown; ``write_all`` puts them where Sphinx looks. Prose about
what these things are for is not written here.

    python docs/generate.py docs/reference/generated
"""

from __future__ import annotations

import inspect
import json
import sys
import typing
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic_core import PydanticUndefined

NOTE = "<!-- Written from the code by docs/generate.py; changes here are lost. -->\n"


def write_all(folder: Path) -> list[Path]:
    """Write every generated page; a page that did not change keeps its time stamp."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, page in PAGES.items():
        path = folder / f"{name}.md"
        text = f"{NOTE}\n{page().strip()}\n"
        if not path.is_file() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")
        written.append(path)
    return written


def command_line_page() -> str:
    """Every command with its arguments and options."""
    lines = [
        "# Command line",
        "Answers go to stdout, talk and progress to stderr. `--json` makes stdout exactly one "
        "JSON document. Every command answers `--help` in well under a second. "
        "What an exit code means stands in [errors](errors.md).",
    ]
    for path, command in commands():
        lines += [f"## {path}", command.help or ""]
        shown = [each for each in command.params if not each.hidden]
        arguments = [each for each in shown if each.param_type_name == "argument"]
        usage = " ".join([path, *(_argument(each) for each in arguments), "[OPTIONS]"])
        lines.append(f"```text\n{usage}\n```")
        lines.append(table(("name", "meaning", "default"), (_parameter(each) for each in shown)))
    return "\n\n".join(lines)


def commands() -> Iterator[tuple[str, Any]]:
    """Every command that does something: ``("aprendiz data check", command)`` and so on."""
    import typer

    from aprendiz.cli.main import app

    yield from _walk("aprendiz", typer.main.get_command(app))


def _walk(path: str, command: Any) -> Iterator[tuple[str, Any]]:
    inner = getattr(command, "commands", None)
    if inner is None or command.invoke_without_command:
        yield path, command
    if inner is None:
        return
    for name, child in inner.items():
        yield from _walk(f"{path} {name}", child)


def _argument(parameter: Any) -> str:
    shown = parameter.metavar or str(parameter.name).upper()
    if parameter.required or shown.startswith("["):
        return str(shown)
    return f"[{shown}]"


def _parameter(parameter: Any) -> tuple[str, str, str]:
    if parameter.param_type_name == "argument":
        return f"`{_argument(parameter)}`", parameter.help or "", ""
    names = ", ".join(f"`{each}`" for each in (*parameter.opts, *parameter.secondary_opts))
    if parameter.required:
        default = "required"
    elif parameter.default in (None, False, (), []) or parameter.is_eager:
        default = ""
    else:
        default = f"`{parameter.default}`"
    meaning = parameter.help or ""
    if parameter.multiple and "repeatable" not in meaning:
        meaning = f"{meaning.removesuffix('.')}; repeatable"
    return names, meaning, default


def recipes_page() -> str:
    """The settings of every method."""
    from aprendiz.methods import catalogue

    lines = [
        "# Recipes",
        "A recipe is a YAML file of `setting: value` lines. `aprendiz recipe new METHOD` prints "
        "a complete one, `--set setting=value` changes a single one, and the filled recipe is "
        "kept in the model folder. An unknown setting is refused.",
    ]
    for name, method in catalogue.METHODS.items():
        kind = catalogue.recipe_class(name)
        lines += [f"## {name}", f"{method.summary.capitalize()}.", inspect.getdoc(kind) or ""]
        lines.append(table(("setting", "meaning", "values", "default"), fields(kind)))
    return "\n\n".join(line.replace("``", "`") for line in lines)


def fields(kind: Any) -> Iterator[tuple[str, str, str, str]]:
    """Name, meaning, allowed values and default of every field of a Pydantic class."""
    for name, field in kind.model_fields.items():
        default = field.get_default(call_default_factory=True)
        meaning = field.description or _inherited_description(kind, name)
        yield f"`{name}`", meaning, values(field), _default_in_words(default)


def _inherited_description(kind: Any, name: str) -> str:
    """A field that a method narrows (``method`` itself) keeps the meaning it had before."""
    for parent in kind.__mro__[1:]:
        field = getattr(parent, "model_fields", {}).get(name)
        if field is not None and field.description:
            return str(field.description)
    return ""


def _default_in_words(default: Any) -> str:
    if default is PydanticUndefined:
        return "required"
    return f"`{default}`" if isinstance(default, str) else f"`{json.dumps(default)}`"


def values(field: Any) -> str:
    """What a field takes, in words: its type, its choices, its bounds."""
    said = _type_in_words(field.annotation)
    signs = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}
    bounds = [
        f"{sign} {getattr(rule, key):,}".removesuffix(".0")
        for key, sign in signs.items()
        for rule in field.metadata
        if getattr(rule, key, None) is not None
    ]
    return " ".join([said, ", ".join(bounds)]).strip()


def _type_in_words(annotation: Any) -> str:
    if typing.get_origin(annotation) is typing.Literal:
        return " or ".join(f"`{choice}`" for choice in typing.get_args(annotation))
    parts = typing.get_args(annotation)
    if parts and typing.get_origin(annotation) not in (tuple, list, dict):
        return " or ".join(_type_in_words(part) for part in parts if part is not type(None))
    words = {
        int: "whole number",
        float: "number",
        str: "text",
        bool: "`true` or `false`",
        Path: "path",
    }
    return words.get(annotation, getattr(annotation, "__name__", str(annotation)).lower())


def settings_page() -> str:
    """Every environment variable with its meaning and default."""
    from aprendiz.settings import Settings, variable_of

    rows = []
    for name, field in Settings.model_fields.items():
        default = field.get_default(call_default_factory=True)
        secret = hasattr(default, "get_secret_value")
        plain = default.get_secret_value() if secret else default
        if isinstance(plain, bool):
            plain = str(plain).lower()
        shown = "" if plain in (None, "") else f"`{plain}`"
        kind = "secret" if secret else values(field)
        rows.append((f"`{variable_of(name)}`", field.description or "", kind, shown))
    return "\n\n".join(
        (
            "# Settings of this machine",
            "Read from the environment, then from a file `.env` in the working folder, then from "
            "the defaults below. What belongs to a model stands in its [recipe](recipes.md).",
            table(("variable", "meaning", "values", "default"), rows),
        )
    )


def errors_page() -> str:
    """The error family and its exit codes."""
    from aprendiz import errors

    def tree(kind: type[errors.AprendizError]) -> Iterator[type[errors.AprendizError]]:
        yield kind
        for child in kind.__subclasses__():
            yield from tree(child)

    rows = [
        (f"`{kind.__name__}`", str(kind.exit_code), _first_sentence(inspect.getdoc(kind) or ""))
        for kind in tree(errors.AprendizError)
    ]
    codes = (
        ("0", "fine"),
        ("1", "our bug: please report the lines shown"),
        ("2", "your data, recipe, settings or folder; or an option that does not exist"),
        ("3", "a library is missing; the hint says what to install"),
        ("4", "a hub, tracking server or vendor said no"),
        ("5", "stopped before its end; the hint says how to go on"),
    )
    return "\n\n".join(
        (
            "# Errors and exit codes",
            "An error says what happened and where; a line that begins with `hint:` says what "
            "to do. Faults in data name file and line, all of them at once.",
            "## Exit codes",
            table(("code", "meaning"), codes),
            "## The family",
            "From Python, catch `aprendiz.AprendizError` or one of its children. Each has "
            "`message`, `hint` and `exit_code`; `DataError` also has `findings`.",
            table(("error", "exit code", "meaning"), rows),
        )
    )


def http_page() -> str:
    """The HTTP interface of a served classifier, from the server's own OpenAPI document."""
    from aprendiz.serving.app import create_app
    from aprendiz.settings import Settings

    return _http_page(
        "HTTP: classifiers",
        "`aprendiz serve MODEL` answers at the address it prints. The same document is served "
        "as `/openapi.json`, and as a page to try things out at `/docs`.",
        create_app(settings=Settings.model_construct()).openapi(),
    )


def chat_http_page() -> str:
    """The HTTP interface of a served chat model."""
    from aprendiz.serving.chat_app import create_chat_app
    from aprendiz.settings import Settings

    return _http_page(
        "HTTP: chat models",
        "`aprendiz serve MODEL` with a chat model speaks the chat protocol of OpenAI; the "
        "vendors' clients work with their base address set to `http://HOST:PORT/v1`.",
        create_chat_app(settings=Settings.model_construct()).openapi(),
    )


def _http_page(title: str, opening: str, document: dict[str, Any]) -> str:
    from aprendiz.serving import schemas

    lines = [f"# {title}", opening]
    for path, operations in document["paths"].items():
        for verb, operation in operations.items():
            lines += [f"## {verb.upper()} {path}", operation.get("description", "")]
            rows = [
                (f"`{status}`", answer["description"], _shape_of(answer))
                for status, answer in operation["responses"].items()
            ]
            lines.append(table(("status", "meaning", "body"), rows))
    for name, schema in document["components"]["schemas"].items():
        lines += [f"## {name}", schema.get("description", "")]
        needed = schema.get("required", [])
        lines.append(
            table(
                ("field", "meaning", "type"),
                (
                    (
                        f"`{each}`" + ("" if each in needed else " (optional)"),
                        told.get("description", ""),
                        _json_type(told),
                    )
                    for each, told in schema.get("properties", {}).items()
                ),
            )
        )
        # From the class, not the document: there the keys of an example are sorted.
        extra = getattr(getattr(schemas, name, None), "model_config", {}).get(
            "json_schema_extra", {}
        )
        if "example" in extra:
            shown = json.dumps(extra["example"], indent=2, ensure_ascii=False)
            lines.append(f"```json\n{shown}\n```")
    return "\n\n".join(line for line in lines if line)


def routes_page() -> str:
    """The routes of the platform, from its OpenAPI document, each named once."""
    import tempfile

    from aprendiz.platform.http.app import create_app
    from aprendiz.platform.service import Platform
    from aprendiz.settings import Settings

    with tempfile.TemporaryDirectory() as home:
        platform = Platform(Path(home), settings=Settings.model_construct())
        document = create_app(platform).openapi()
        platform.stop()
    rows: dict[str, tuple[str, str, list[str]]] = {}
    for path, operations in document["paths"].items():
        prefix = next(
            (each for each in ("/openai/v1", "/openai", "/v1") if path.startswith(each)), ""
        )
        for verb, operation in operations.items():
            name = f"{verb.upper()} {path.removeprefix(prefix)}"
            about = operation.get("description", "").partition("\n")[0]
            rows.setdefault(name, (name, about, []))[2].append(f"`{prefix}`" if prefix else "")
    lines = [
        "# Routes of the platform",
        "`aprendiz platform` serves the same document as `/openapi.json`.",
        table(
            ("route", "what it does", "under"),
            ((f"`{name}`", about, " ".join(under)) for name, about, under in rows.values()),
        ),
    ]
    return "\n\n".join(lines)


def _shape_of(answer: dict[str, Any]) -> str:
    schema = answer.get("content", {}).get("application/json", {}).get("schema", {})
    return _json_type(schema) if schema else ""


def _json_type(schema: dict[str, Any]) -> str:
    if "$ref" in schema:
        return f"`{schema['$ref'].rsplit('/', 1)[1]}`"
    if "enum" in schema:
        return " or ".join(f"`{each}`" for each in schema["enum"])
    if "anyOf" in schema:
        return " or ".join(_json_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_json_type(schema['items'])}"
    said = str(schema.get("type", "any value"))
    if "maxLength" in schema:
        said += f", 1 to {schema['maxLength']:,} characters"
    if "minimum" in schema and "maximum" in schema:
        said += f", {schema['minimum']:g} to {schema['maximum']:g}"
    return said


def manifest_page() -> str:
    """The fields of manifest.json."""
    from aprendiz.artifact.manifest import FORMAT, FileEntry, Manifest

    told = dict(_attributes(inspect.getdoc(Manifest) or ""))
    rows = [(f"`{name}`", told.get(name, "")) for name in Manifest.model_fields]
    entry = ", ".join(f"`{name}`" for name in FileEntry.model_fields)
    return "\n\n".join(
        (
            "# manifest.json",
            f"Every model folder has one, in format {FORMAT}; a reader refuses a format it does "
            f"not know. Each entry of `files` has {entry}, and `aprendiz.load` compares them all "
            "before it opens anything.",
            table(("field", "meaning"), rows),
        )
    )


def _attributes(doc: str) -> Iterator[tuple[str, str]]:
    """The entries of a docstring's ``Attributes:`` section, continued lines joined."""
    entries: dict[str, str] = {}
    name = ""
    for line in doc.partition("Attributes:")[2].splitlines():
        if line.startswith("    ") and not line.startswith("     ") and ":" in line:
            name, _, meaning = line.strip().partition(": ")
            entries[name] = meaning
        elif name and line.strip():
            entries[name] += f" {line.strip()}"
    yield from entries.items()


def _first_sentence(doc: str) -> str:
    return doc.split("\n\n")[0].replace("\n", " ")


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; empty when there are no rows."""
    body = [[str(cell).replace("|", "\\|").replace("\n", " ") for cell in row] for row in rows]
    if not body:
        return ""
    lines = [head, ["---"] * len(head), *body]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def findings_page() -> str:
    """Every kind of finding of ``data check``."""
    from aprendiz.data.kinds import KINDS, THEMES

    lines = [
        "# Findings",
        "What `aprendiz data check` can say. An error stops a training; a service's rules for "
        "conversations may make a warning an error. *Repaired* says what `--fix` mends, where "
        "that is certain.",
    ]
    for theme, title in THEMES.items():
        rows = [
            (f"`{name}`", kind.severity, kind.meaning, "yes" if kind.mended else "")
            for name, kind in KINDS.items()
            if kind.theme == theme
        ]
        lines += [f"## {title}", table(("kind", "severity", "what it means", "repaired"), rows)]
    return "\n\n".join(lines)


PAGES = {
    "command-line": command_line_page,
    "findings": findings_page,
    "recipes": recipes_page,
    "settings": settings_page,
    "errors": errors_page,
    "http": http_page,
    "http-chat": chat_http_page,
    "routes": routes_page,
    "manifest": manifest_page,
}


if __name__ == "__main__":
    for page in write_all(Path(sys.argv[1])):
        print(page)
