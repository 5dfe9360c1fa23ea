"""The platform against the library: same rows, same method, accuracy; then how fast it answers.

    python benchmarks/service.py --data DATA
    make bench-service ARGS='--data DATA --write'

DATA is a folder with ``banking77/train_10shot.csv`` and ``banking77/test.csv``. For each base
name the ten-shot rows go as chat JSONL through a real ``aprendiz platform`` with the official
SDK, and straight through ``workflow.train`` in the same run. Then the finished model is asked
by 1 and by 16 clients at once, with a bare httpx client and with the SDK, since the SDK costs
time itself. Clients and service share this machine. (A file called ``platform.py`` here would
stand in front of Python's own module of that name; hence this one's name.)
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import platform
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from methods import machine
from openai import AsyncOpenAI, DefaultAsyncHttpxClient, DefaultHttpxClient, OpenAI

from aprendiz import workflow
from aprendiz.data.chat.labels import to_conversation
from aprendiz.data.chat.write import write_conversations
from aprendiz.data.read import read_examples
from aprendiz.data.records import Example
from aprendiz.evaluation.intervals import wilson

RESULT = Path(__file__).parent / "results" / "platform-banking77-10.md"
CLIENTS = (1, 16)
WARM_UP = 32  # requests before anything is timed


@dataclass(frozen=True)
class Service:
    """Where the platform answers, and with which key."""

    url: str
    key: str

    def client(self) -> OpenAI:
        """The official client; loopback needs no proxy."""
        past_proxies = DefaultHttpxClient(trust_env=False)
        return OpenAI(base_url=f"{self.url}/v1", api_key=self.key, http_client=past_proxies)


@contextmanager
def running(work: Path) -> Iterator[Service]:
    """A platform of its own in a child process, stopped at the end."""
    ready, log = work / "ready.json", (work / "platform.log").open("wb")
    command = [sys.executable, "-m", "aprendiz", "platform", "--home", str(work / "home")]
    process = subprocess.Popen(
        [*command, "--port", "0", "--ready-file", str(ready)],
        stdout=log,
        stderr=subprocess.STDOUT,
        env={**os.environ, "APRENDIZ_HOME": str(work / "aprendiz")},
    )
    try:
        while not (ready.is_file() and ready.read_text().strip()):
            if process.poll() is not None:
                raise SystemExit((work / "platform.log").read_text())
            time.sleep(0.1)
        yield Service(
            **{k: v for k, v in json.loads(ready.read_text()).items() if k in ("url", "key")}
        )
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)
        log.close()


@dataclass(frozen=True)
class Outcome:
    """One way of training: how long it took, and its answers to the test rows."""

    seconds: float
    answers: tuple[str, ...]

    def correct(self, test: Sequence[Example]) -> int:
        """How many answers are the row's label."""
        return sum(
            answer == row.label.strip() for answer, row in zip(self.answers, test, strict=True)
        )


def directly(base: str, training: Path, test: Sequence[Example], seed: int, work: Path) -> Outcome:
    """Train and answer with the library alone, in this process."""
    result = workflow.train(
        training,
        out=work / f"direct-{base}",
        recipe={"method": base, "seed": seed},
        holdout=0.0,
        track=False,
    )
    model = workflow.load(work / f"direct-{base}")
    answers = tuple(each.label for each in model.predict([row.text for row in test]))
    return Outcome(result.seconds, answers)


def through_platform(
    service: Service, base: str, chat: Path, test: Sequence[Example], seed: int
) -> tuple[Outcome, str]:
    """Upload, train and ask with the official SDK; also the tuned model's name."""
    client = service.client()
    with chat.open("rb") as stream:
        sent = client.files.create(file=stream, purpose="fine-tune")
    client.files.wait_for_processing(sent.id, poll_interval=0.2)
    began = time.perf_counter()
    job = client.with_options(max_retries=0).fine_tuning.jobs.create(
        model=base, training_file=sent.id, seed=seed
    )
    while job.status not in ("succeeded", "failed", "cancelled"):
        time.sleep(0.2)
        job = client.fine_tuning.jobs.retrieve(job.id)
    seconds = time.perf_counter() - began
    if job.status != "succeeded" or job.fine_tuned_model is None:
        raise SystemExit(f"the job {job.status}: {job.error}")
    name = job.fine_tuned_model

    def answer(row: Example) -> str:
        told = client.chat.completions.create(
            model=name, messages=[{"role": "user", "content": row.text}]
        )
        return told.choices[0].message.content or ""

    answers = []
    with ThreadPoolExecutor(16) as pool:
        for number, told in enumerate(pool.map(answer, test), start=1):
            answers.append(told)
            if number % 200 == 0 or number == len(test):
                progress(f"{base}: {number:,} of {len(test):,} test rows asked")
    return Outcome(seconds, tuple(answers)), name


Ask = Callable[[str], Awaitable[None]]


@dataclass(frozen=True)
class Round:
    """Answer times of one round, in seconds, and how long the round took."""

    times: np.ndarray
    wall: float


async def one_round(ask: Ask, texts: Sequence[str], clients: int) -> Round:
    """Ask every text once, ``clients`` of them at a time, each client's next after its last."""
    waiting = iter(texts)
    times: list[float] = []

    async def client() -> None:
        for text in waiting:
            began = time.perf_counter()
            await ask(text)
            times.append(time.perf_counter() - began)

    began = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    return Round(np.array(times), time.perf_counter() - began)


async def load(
    service: Service, model: str, texts: Sequence[str], rounds: int
) -> list[tuple[str, int, list[Round]]]:
    """Rounds of requests for each client library and each number of clients."""
    import httpx

    body: dict[str, Any] = {"model": model}
    headers = {"Authorization": f"Bearer {service.key}"}
    limits = httpx.Limits(max_connections=max(CLIENTS))
    bare = httpx.AsyncClient(headers=headers, trust_env=False, timeout=60, limits=limits)
    sdk = AsyncOpenAI(
        base_url=f"{service.url}/v1",
        api_key=service.key,
        http_client=DefaultAsyncHttpxClient(trust_env=False),
        max_retries=0,
    )

    async def ask_bare(text: str) -> None:
        asked = {**body, "messages": [{"role": "user", "content": text}]}
        answer = await bare.post(f"{service.url}/v1/chat/completions", json=asked)
        answer.raise_for_status()
        assert answer.json()["choices"][0]["message"]["content"]

    async def ask_sdk(text: str) -> None:
        answer = await sdk.chat.completions.create(
            model=model, messages=[{"role": "user", "content": text}]
        )
        assert answer.choices[0].message.content

    results = []
    for name, ask in (("httpx", ask_bare), ("openai", ask_sdk)):
        for clients in CLIENTS:
            await one_round(ask, texts[:WARM_UP], clients)
            done = [await one_round(ask, texts, clients) for _ in range(rounds)]
            results.append((name, clients, done))
            progress(f"{model}: {name}, {clients} at once: {rounds} × {len(texts)} requests")
    await bare.aclose()
    await sdk.close()
    return results


def accuracy_rows(
    base: str, test: Sequence[Example], direct: Outcome, over: Outcome
) -> Iterator[str]:
    """Both ways' accuracy with interval, and how many answers are the same."""
    same = sum(a == b for a, b in zip(direct.answers, over.answers, strict=True))
    for way, outcome in (("directly", direct), ("platform", over)):
        correct = outcome.correct(test)
        low, high = wilson(correct, len(test))
        yield (
            f"| {base} | {way} | {correct / len(test):.4f} | {low:.3f}–{high:.3f} "
            f"| {same:,} of {len(test):,} | {outcome.seconds:.1f} |"
        )


def load_rows(base: str, results: Sequence[tuple[str, int, list[Round]]]) -> Iterator[str]:
    """Latency over all rounds, and the median round's rate with the least and the most."""
    for name, clients, rounds in results:
        times = 1000 * np.concatenate([each.times for each in rounds])
        rates = sorted(len(each.times) / each.wall for each in rounds)
        p50, p99 = np.percentile(times, (50, 99))
        yield (
            f"| {base} | {name} | {clients} | {p50:.1f} | {p99:.1f} "
            f"| {float(np.median(rates)):.0f} ({rates[0]:.0f}–{rates[-1]:.0f}) |"
        )


def progress(message: str) -> None:
    """One line for whoever waits."""
    print(f"{time.strftime('%H:%M:%S')}  {message}", file=sys.stderr, flush=True)


def headline(given: argparse.Namespace) -> list[str]:
    """The command and the machine that make the tables below."""
    libraries = ", ".join(f"{name} {version(name)}" for name in ("openai", "httpx", "uvicorn"))
    rows = f" --rows {given.rows}" if given.rows else ""
    return [
        f"`python benchmarks/service.py --data DATA --bases {given.bases} --seed {given.seed} "
        f"--requests {given.requests} --rounds {given.rounds}{rows}`",
        "",
        f"{machine()}, {libraries}; {os.cpu_count()} CPUs, {platform.system()}, shared by service "
        "and clients",
        "",
    ]


def main() -> None:
    """Run the benchmark."""
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--data", type=Path, required=True)
    options.add_argument("--bases", default="probe,finetune")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--rows", type=int, help="test rows to ask (all of them by default)")
    options.add_argument("--requests", type=int, default=500, help="requests in a round")
    options.add_argument("--rounds", type=int, default=5)
    options.add_argument("--write", action="store_true", help=f"write results/{RESULT.name}")
    given = options.parse_args()

    training = given.data / "banking77" / "train_10shot.csv"
    test = read_examples(given.data / "banking77" / "test.csv").examples[: given.rows]
    texts = [test[number % len(test)].text for number in range(given.requests)]
    scores = [
        "| base | trained | accuracy | 95 % interval | same answers | training seconds |",
        "|---|---|---|---|---|---|",
    ]
    speeds = [
        "| base | client | at once | p50 ms | p99 ms | requests a second, median (least–most) |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as folder, running(work := Path(folder)) as service:
        chat = work / "train_10shot.jsonl"
        write_conversations(chat, map(to_conversation, read_examples(training).examples))
        for base in given.bases.split(","):
            over, name = through_platform(service, base, chat, test, given.seed)
            progress(f"{base}: trained by the platform in {over.seconds:.1f} s")
            direct = directly(base, training, test, given.seed, work)
            progress(f"{base}: trained directly in {direct.seconds:.1f} s")
            scores += accuracy_rows(base, test, direct, over)
            speeds += load_rows(base, asyncio.run(load(service, name, texts, given.rounds)))
    note = (
        "Training seconds: directly, the training alone; by the platform, from creating the job "
        "until it has succeeded, the start of its process and the report included."
    )
    text = "\n".join([*headline(given), *scores, "", note, "", *speeds]) + "\n"
    print(text)
    if given.write:
        RESULT.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
