"""A tuned chat model as a classifier: one question a text, a label with its probability back.

Loading touches no network; the provider is contacted when the first text is asked.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from aprendiz.errors import ModelFolderError
from aprendiz.methods.managed import answers, prompts
from aprendiz.methods.managed import pointer as pointers
from aprendiz.methods.managed.answering import answering_name
from aprendiz.methods.managed.endpoint import choose_for
from aprendiz.methods.managed.pointer import Pointer
from aprendiz.methods.managed.provider import Provider
from aprendiz.methods.managed.records import Answer
from aprendiz.methods.managed.refusals import Refused
from aprendiz.settings import get_settings

_ALTERNATIVES = 20  # the most that the protocol gives
_SPARE_TOKENS = 8  # around a label: quotes, a full stop, "Intent:"


class ManagedClassifier:
    """A tuned model at a provider; a :class:`aprendiz.interfaces.Classifier`.

    Attributes:
        unanswered: texts so far whose reply was none of the labels (or was filtered out);
            their rows are zero.
    """

    def __init__(self, pointer: Pointer) -> None:
        self.unanswered = 0
        self._pointer = pointer
        self._provider: Provider | None = None
        self._name = ""
        self._alternatives = _ALTERNATIVES
        self._most_tokens = _SPARE_TOKENS + max(len(label.encode()) for label in pointer.labels)
        self._opening = threading.Lock()

    @property
    def labels(self) -> tuple[str, ...]:
        """Label names in the order of the probabilities' columns."""
        return self._pointer.labels

    def probabilities(self, texts: Sequence[str]) -> np.ndarray:
        """Probabilities, shape ``(len(texts), len(labels))``, float64; see :mod:`.answers`.

        A text is cut at ``prompts.MOST_CHARACTERS``. A row is zero where the reply is no label.

        Raises:
            ProviderError: the provider refuses or cannot be reached.
            SettingsError: this machine is not set up for it.
        """
        rows = np.zeros((len(texts), len(self.labels)))
        if not texts:
            return rows
        provider = self._contact()
        with ThreadPoolExecutor(self._pointer.concurrency) as pool:
            try:
                for number, answer in enumerate(
                    pool.map(lambda text: self._ask(provider, text), texts)
                ):
                    told = answers.distribution(answer, self.labels)
                    if told is None:
                        self.unanswered += 1
                    else:
                        rows[number] = told
            except BaseException:
                pool.shutdown(cancel_futures=True)
                raise
        return rows

    def _contact(self) -> Provider:
        """The provider, and the name that the model answers under, found out once."""
        with self._opening:
            if self._provider is None:
                settings = get_settings()
                pointer = self._pointer
                provider = Provider(choose_for(pointer.provider, pointer.address, settings))
                self._name = answering_name(provider, pointer, settings.fine_tuned_model_deployment)
                self._provider = provider
            return self._provider

    def _ask(self, provider: Provider, text: str) -> Answer:
        messages = [
            {"role": "system", "content": self._pointer.system_prompt},
            {"role": "user", "content": prompts.clean(text)},
        ]
        try:
            return provider.chat(
                self._name,
                messages,
                most_tokens=self._most_tokens,
                alternatives=self._alternatives,
            )
        except Refused as no:
            if no.code == "content_filter":
                return Answer("")  # refused for its content: no answer, and no fault
            if self._alternatives and no.status == 400 and "logprobs" in no.param:
                self._alternatives = 0  # the model gives none; its bare answer has to do
                return self._ask(provider, text)
            raise


def load(folder: Path, labels: Sequence[str]) -> ManagedClassifier:
    """Load what ``train`` wrote.

    Raises:
        ModelFolderError: a file is missing, damaged, or for other labels.
    """
    pointer = pointers.read(folder)
    if pointer.labels != tuple(labels):
        raise ModelFolderError(f"{folder}: {pointers.NAME} is for other labels than the manifest")
    return ManagedClassifier(pointer)
