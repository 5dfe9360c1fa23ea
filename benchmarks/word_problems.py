"""Any chat model on GSM8K, SVAMP or the Spanish MGSM: exact match with its interval.

    python benchmarks/word_problems.py MODEL --set mgsm_es --limit 50 --out run.jsonl

MODEL is whatever ``aprendiz.load_chat_model`` opens: an assistant's folder, an adapter, a
Hugging Face model, a .gguf file. Replies are greedy. Each batch of answers is appended to
``--out`` as it comes, and a later run with the same model, set and file goes on where the
last one ended. The result is one JSON document on stdout.

With the data in a file of one's own, ``aprendiz evaluate MODEL --data FILE --answers maths``
does the same; rows of GSM8K can be given to it as they are.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aprendiz.assistants.load import load_chat_model
from aprendiz.data.chat.records import Message
from aprendiz.errors import AprendizError
from aprendiz.evaluation.answers import score_answers
from aprendiz.evaluation.maths.grade import grade_answer
from aprendiz.interfaces import ChatModel, Sampling

HERE = Path(__file__).parents[1]
ENGLISH = "Solve the problem step by step. End with a line 'Answer: ' and the number."
SPANISH = "Resuelve el problema paso a paso. Termina con una línea 'Respuesta: ' y el número."
# What a base model writes when it goes on to invent the next problem.
STOP = ("\nQuestion:", "\nProblem:", "\nPregunta:", "\nProblema:")


@dataclass(frozen=True)
class Problem:
    """A question and what is expected as its answer."""

    key: str
    question: str
    expected: str


@dataclass(frozen=True)
class ProblemSet:
    """Where a set lies under the data folder, in which language, and what its rows say."""

    file: str
    instruction: str
    question: Callable[[dict[str, Any]], str]


def _svamp(row: dict[str, Any]) -> str:
    return f"{str(row['body']).strip().rstrip('.')}. {str(row['question']).strip()}"


SETS = {
    "gsm8k": ProblemSet("gsm8k/test.jsonl.gz", ENGLISH, lambda row: str(row["question"])),
    "svamp": ProblemSet("svamp/test.jsonl", ENGLISH, _svamp),
    "mgsm_es": ProblemSet("mgsm_es/test.jsonl", SPANISH, lambda row: str(row["question"])),
}


def problems(folder: Path, name: str) -> Iterator[Problem]:
    """The problems of a set in the order of its file."""
    chosen = SETS[name]
    path = folder / chosen.file
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as stream:
        for number, line in enumerate(stream, 1):
            row = json.loads(line)
            yield Problem(f"{name}:{number}", chosen.question(row), str(row["answer"]))


def asked(problem: Problem, name: str) -> tuple[Message, ...]:
    """The conversation that is put to the model."""
    return (Message("user", f"{problem.question}\n\n{SETS[name].instruction}"),)


def answered(path: Path, model: str) -> dict[str, dict[str, Any]]:
    """Answers that an earlier run has written, by problem; those of another model are refused."""
    if not path.exists():
        return {}
    found = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            row = json.loads(line)
        except json.JSONDecodeError:
            continue  # the last line of a run that was killed while writing
        if row["model"] != model:
            raise SystemExit(f"{path} holds answers of {row['model']}, not of {model}")
        found[row["key"]] = row
    return found


def answer(
    model: ChatModel, name: str, todo: list[Problem], sampling: Sampling, batch: int
) -> Iterator[list[dict[str, Any]]]:
    """Replies with their verdicts, a batch at a time."""
    for start in range(0, len(todo), batch):
        some = todo[start : start + batch]
        replies = model.replies([asked(problem, name) for problem in some], sampling)
        rows = []
        for problem, reply in zip(some, replies, strict=True):
            verdict = grade_answer(reply.text, problem.expected)
            rows.append(
                {
                    "key": problem.key,
                    "model": model.name,
                    "right": verdict.right,
                    "found": verdict.found,
                    "expected": verdict.expected,
                    "finish_reason": reply.finish_reason,
                    "tokens": reply.completion_tokens,
                    "reply": reply.text,
                }
            )
        yield rows


def main() -> None:
    """Run one set through one model."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("model", help="anything aprendiz can chat with")
    options.add_argument("--set", dest="name", choices=sorted(SETS), required=True)
    options.add_argument("--data", type=Path, default=HERE.parent / "shared" / "data")
    options.add_argument("--limit", type=int, help="only the first so many problems")
    options.add_argument("--batch", type=int, default=16)
    options.add_argument("--max-tokens", type=int, default=400)
    options.add_argument("--device", help="cpu, cuda …; by default a GPU where there is one")
    options.add_argument("--out", type=Path, help="answers as JSON Lines; makes runs resumable")
    given = options.parse_args()

    chosen = list(problems(given.data, given.name))[: given.limit]
    model = load_chat_model(given.model, device=given.device)
    done = answered(given.out, model.name) if given.out else {}
    todo = [problem for problem in chosen if problem.key not in done]
    sampling = Sampling(max_tokens=given.max_tokens, stop=STOP)
    begin = time.perf_counter()
    for rows in answer(model, given.name, todo, sampling, given.batch):
        done |= {row["key"]: row for row in rows}
        if given.out:
            with given.out.open("a", encoding="utf-8") as stream:
                stream.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        right = sum(row["right"] for row in done.values())
        print(f"{len(done):,} answered, {right:,} right", file=sys.stderr)
    seconds = time.perf_counter() - begin
    told = [done[problem.key] for problem in chosen]
    score = score_answers([row["right"] for row in told], [given.name] * len(told))
    result = {
        "set": given.name,
        "model": model.name,
        **{key: value for key, value in score.as_dict().items() if key != "by_group"},
        "no_answer": sum(row["found"] is None for row in told),
        "cut_off": sum(row["finish_reason"] == "length" for row in told),
        "answered_now": len(todo),
        "seconds": round(seconds, 1),
        "max_tokens": given.max_tokens,
    }
    print(json.dumps(result, ensure_ascii=False, indent=1))


if __name__ == "__main__":
    try:
        main()
    except AprendizError as fault:
        print(f"{fault.message}\n{fault.hint}", file=sys.stderr)
        sys.exit(fault.exit_code)
