"""The rules of a model that has just been trained: chosen on what its method held out."""

from __future__ import annotations

from aprendiz.data.dataset import Dataset
from aprendiz.data.multi_dataset import MultiDataset, labels_of
from aprendiz.evaluation.decide import Choice, Wishes, choose
from aprendiz.evaluation.measure import answers
from aprendiz.evaluation.multi_thresholds import choose_multi
from aprendiz.interfaces import Classifier, Observer, Trained


def settle(
    wishes: Wishes,
    trained: Trained,
    dataset: Dataset,
    classifier: Classifier | None,
    tell: Observer,
) -> Choice:
    """Choose, and tell what cannot be had.

    A method that holds nothing out itself (``managed``) is asked the validation rows, if what
    is wanted needs rows at all.

    Args:
        classifier: the finished model; ``None`` where it cannot answer yet.
    """
    held_out = trained.held_out
    if isinstance(dataset, MultiDataset):
        some_have_none = any(not labels_of(row) for row in dataset.train)
        choice = choose_multi(wishes, held_out, dataset.labels, some_have_none=some_have_none)
        return _told(choice, tell)
    if held_out is None and wishes.needs_rows and dataset.validation and classifier is not None:
        held_out = answers(classifier, dataset.validation, tell, name="validation")
    choice = choose(
        wishes,
        held_out,
        oos_label=dataset.outside.label,
        detector=str(trained.facts.get("detector", "")),
        learnt_from=len(dataset.outside.train),
    )
    return _told(choice, tell)


def _told(choice: Choice, tell: Observer) -> Choice:
    for said in choice.unmet:
        tell.say(f"warning: {said}")
    return choice
