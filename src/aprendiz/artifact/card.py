"""The model card: the ``README.md`` of a model folder, in the form the Hugging Face hub reads.

Written from the manifest and the figures of the evaluation; it looks at no file and loads
no model. What only the user can know (licence, language) is left for the user to say.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import yaml

from aprendiz.artifact import multi_card
from aprendiz.artifact.card_rules import WHEN, when_it_answers
from aprendiz.artifact.decision import Decisions
from aprendiz.artifact.loading import how_to_load, is_elsewhere
from aprendiz.artifact.manifest import Manifest
from aprendiz.artifact.markdown import code, figure, percent, plain, span, table

_WORST = 5
_FEW_ROWS = 10
_LABELS_IN_FULL = 200
# Base models from the hub carry the revision in force: that tells them from a folder.
_HUB_NAME = re.compile(r"([A-Za-z0-9][\w.-]*/[\w.-]+)@[\w.-]+")
# The embedded base model comes from a package; this is where it was published.
_ON_THE_HUB = {"all-MiniLM-L6-v2": "sentence-transformers/all-MiniLM-L6-v2"}


def write_card(
    manifest: Manifest,
    evaluation: Mapping[str, Any] | None,
    *,
    hf_loadable: bool,
    language: str | None = None,
    decisions: Decisions | None = None,
) -> str:
    """The card as Markdown with YAML front matter.

    Args:
        manifest: what the folder says of itself; hashes are not needed yet.
        evaluation: ``Evaluation.as_dict()`` of the held-out rows; ``None`` when none were kept.
        hf_loadable: ``AutoModelForSequenceClassification.from_pretrained`` loads the folder.
        language: language code of the texts (``en``, ``es`` …), if it is known.
        decisions: the rules it answers by; the manifest's bare threshold when not given.
    """
    rules = decisions or Decisions.of_threshold(manifest.threshold)
    sections = [
        _front_matter(manifest, None if rules.several else evaluation, hf_loadable, language),
        _introduction(manifest, evaluation, rules),
        "## Intended use\n\n" + _intended_use(manifest),
        "## Scores\n\n" + _scores(manifest, evaluation, rules),
        f"## {WHEN}\n\n" + when_it_answers(rules, evaluation),
        "## Limits and known weaknesses\n\n" + _limits(manifest, evaluation, rules),
        "## Labels\n\n" + _labels(manifest),
        "## Data\n\n" + _data(manifest),
        "## Recipe\n\n" + _recipe(manifest),
        "## How to load it\n\n" + how_to_load(manifest, hf_loadable, rules.several is not None),
    ]
    return "\n\n".join(section.strip() for section in sections) + "\n"


def _front_matter(
    manifest: Manifest,
    evaluation: Mapping[str, Any] | None,
    hf_loadable: bool,
    language: str | None,
) -> str:
    values: dict[str, Any] = {}
    if language:
        values["language"] = language
    values["pipeline_tag"] = "text-classification"
    values["tags"] = ["text-classification", "intent-classification", "aprendiz", manifest.method]
    if hf_loadable:
        values["library_name"] = "transformers"
    base = str(manifest.training.get("base_model", ""))
    if base in _ON_THE_HUB:
        values["base_model"] = _ON_THE_HUB[base]
    elif hub_name := _HUB_NAME.fullmatch(base):
        values["base_model"] = hub_name[1]
    if evaluation is not None:
        values["metrics"] = ["accuracy", "f1", "precision", "recall"]
        values["model-index"] = [_model_index(manifest, evaluation)]
    written = yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    note = "# license: yours to state, as far as the base model's licence and your data allow\n"
    return f"---\n{note}{written}---"


def _model_index(manifest: Manifest, evaluation: Mapping[str, Any]) -> dict[str, Any]:
    told = (
        ("accuracy", "accuracy", "Accuracy"),
        ("f1", "macro_f1", "Macro F1"),
        ("precision", "precision", "Macro precision"),
        ("recall", "recall", "Macro recall"),
    )
    part = manifest.scores.get("part", "test")
    return {
        "name": manifest.name,
        "results": [
            {
                "task": {"type": "text-classification", "name": "Text classification"},
                "dataset": {"type": "custom", "name": "the user's own data", "split": part},
                "metrics": [
                    {"type": kind, "name": name, "value": round(float(evaluation[key]), 4)}
                    for kind, key, name in told
                ],
            }
        ],
    }


def _introduction(
    manifest: Manifest, evaluation: Mapping[str, Any] | None, rules: Decisions
) -> str:
    base = manifest.training.get("base_model")
    learnt = f", on the base model {code(_base_name(base))}" if base else ""
    if rules.several is not None:
        version = manifest.libraries.get("aprendiz", "")
        how = f"Learnt by the method `{manifest.method}`{learnt}, with aprendiz {version}."
        measured = _rows_measured(manifest, several=True)
        return multi_card.introduction(
            manifest.name, how, len(manifest.labels), evaluation, measured
        )
    lines = [
        f"# {plain(manifest.name)}",
        f"A text classifier: it reads a text and answers with one of {len(manifest.labels)} "
        f"labels and a probability for each. Learnt by the method `{manifest.method}`{learnt}, "
        f"with aprendiz {manifest.libraries.get('aprendiz', '')}".rstrip()
        + ".",
    ]
    if evaluation is not None:
        low, high = evaluation["accuracy_ci"]
        lines.append(
            f"**Right on {percent(evaluation['accuracy'])} of {evaluation['n']:,} "
            f"{_rows_measured(manifest)} (95 % interval {percent(low)} to {percent(high)}).**"
        )
    return "\n\n".join(lines)


def _intended_use(manifest: Manifest) -> str:
    return (
        "For short texts of the kind it learnt from, where a wrong answer can be noticed and "
        "mended. Where it says `needs_clarification` or `out_of_scope`, ask again or hand over to "
        "a person instead of acting on its answer. It is not "
        "meant for decisions about people without one in the loop, nor for texts of another "
        "language or subject than its examples."
    )


def _scores(manifest: Manifest, evaluation: Mapping[str, Any] | None, rules: Decisions) -> str:
    if evaluation is None:
        anew = ", or its thresholds were chosen anew since" if rules.several else ""
        return (
            f"Not measured: no rows were held out when it was trained{anew}. "
            "`aprendiz evaluate FOLDER --data FILE` measures it on rows it has not seen."
        )
    if rules.several is not None:
        return multi_card.scores(evaluation, _rows_measured(manifest, several=True))
    told = (
        ("Accuracy", "accuracy"),
        ("Macro F1", "macro_f1"),
        ("Macro precision", "precision"),
        ("Macro recall", "recall"),
        ("Expected calibration error (lower is better)", "ece"),
        ("Classwise calibration error (lower is better)", "classwise_ece"),
        ("Brier score, 0 to 2 (lower is better)", "brier"),
        ("Area under the risk–coverage curve (lower is better)", "aurc"),
    )
    rows = [
        (name, figure(evaluation[key]), span(evaluation[f"{key}_ci"]))
        for name, key in told
        if evaluation.get(key) is not None
    ]
    notes = (
        "Accuracy has Wilson's interval, the others a bootstrap. Macro averages run over the "
        "labels that occur in the truth or in the answers."
    )
    if manifest.scores.get("chose_on_validation"):
        notes += (
            " The same rows chose the checkpoint or the temperature, so expect a little less "
            "on new texts."
        )
    head = f"On {evaluation['n']:,} {_rows_measured(manifest)}:"
    return f"{head}\n\n{table(('figure', 'value', '95 % interval'), rows)}\n\n{notes}"


def _limits(manifest: Manifest, evaluation: Mapping[str, Any] | None, decisions: Decisions) -> str:
    if decisions.several is not None:
        return multi_card.limits(evaluation)
    said = [_about_other_texts(manifest, decisions)]
    longest = manifest.recipe.get("max_length")
    if longest and manifest.training.get("base_model"):
        said.append(f"- A text is read up to {longest} tokens; what follows is not seen.")
    if evaluation is None:
        return "\n".join(said)
    measured = [entry for entry in evaluation["per_label"] if entry["support"]]
    rare = [entry for entry in measured if entry["support"] < _FEW_ROWS]
    missing = len(evaluation["per_label"]) - len(measured)
    if rare:
        said.append(
            f"- {len(rare)} of {len(manifest.labels)} labels were measured on fewer than "
            f"{_FEW_ROWS} rows each: their figures below are rough."
        )
    if missing:
        said.append(
            f"- Labels that do not occur in the rows measured, so that nothing is known of them: "
            f"{missing}."
        )
    weakest = sorted(measured, key=lambda entry: entry["f1"])[:_WORST]
    rows = [
        (
            code(entry["label"]),
            figure(entry["f1"]),
            f"{figure(entry['recall'])} ({span(entry['recall_ci'])})",
            f"{entry['support']:,}",
        )
        for entry in weakest
        if entry["f1"] < 1
    ]
    blocks = ["\n".join(said)]
    if rows:
        blocks.append(table(("weakest labels", "F1", "recall (95 % interval)", "rows"), rows))
    pairs = [
        (code(pair["true"]), code(pair["predicted"]), f"{pair['count']:,}")
        for pair in evaluation["confused_pairs"][:_WORST]
    ]
    if pairs:
        blocks.append(table(("most often confused: true", "answered", "rows"), pairs))
    return "\n\n".join(blocks)


def _about_other_texts(manifest: Manifest, decisions: Decisions) -> str:
    if is_elsewhere(manifest):
        return (
            "- It may answer with something that is none of its labels; that counts as no answer."
        )
    if decisions.scope is None:
        return (
            "- It always names one of its labels, also for a text that fits none of them; only "
            "the confidence can tell."
        )
    return (
        "- It names one of its labels also for a text that fits none of them; whether it does is "
        "told apart by its scope, which is not always right (see above)."
    )


def _labels(manifest: Manifest) -> str:
    shown = ", ".join(code(label) for label in manifest.labels[:_LABELS_IN_FULL])
    left = len(manifest.labels) - _LABELS_IN_FULL
    more = f" and {left:,} more, in `manifest.json`" if left > 0 else ""
    return f"{len(manifest.labels)} labels, in the order of their numbers: {shown}{more}."


def _data(manifest: Manifest) -> str:
    data = manifest.data
    rows: list[tuple[str, str]] = [
        (f"{name} rows", f"{int(data[name]):,}")
        for name in ("train", "validation", "test")
        if data.get(name)
    ]
    if data.get("sources"):
        rows.append(("sources", ", ".join(code(str(name)) for name in data["sources"])))
    if data.get("split"):
        rows.append(("split", plain(str(data["split"]))))
    if data.get("fingerprint"):
        rows.append(("fingerprint (SHA-256 of texts and labels)", code(data["fingerprint"])))
    return table(("", ""), rows)


def _recipe(manifest: Manifest) -> str:
    written = yaml.safe_dump(manifest.recipe, sort_keys=False, allow_unicode=True)
    return f"```yaml\n{written}```\n\nThe same data and recipe give the same predictions on the same kind of machine."


def _rows_measured(manifest: Manifest, several: bool = False) -> str:
    part = str(manifest.scores.get("part", "test"))
    if manifest.scores.get("chose_on_validation"):
        what = (
            "the checkpoint and the thresholds" if several else "the checkpoint or the temperature"
        )
        return f"{part} rows, which also chose {what}"
    return f"{part} rows it had not learnt from"


def _base_name(base: object) -> str:
    """A hub or package name as it is; of a path on somebody's machine only the last part."""
    name = str(base)
    return name if _HUB_NAME.fullmatch(name) else PurePath(name).name or name
