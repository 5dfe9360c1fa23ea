"""Fine-tune over the OpenAI protocol. Nothing in here knows of aprendiz."""

import json
import time
from pathlib import Path

import openai

client = openai.OpenAI()  # OPENAI_BASE_URL and OPENAI_API_KEY say where and who

examples = json.loads(Path("projects/intents/data/intents.json").read_text(encoding="utf-8"))
with Path("chats.jsonl").open("w", encoding="utf-8") as lines:
    for intent, sentences in examples.items():
        for sentence in sentences:
            question = {"role": "user", "content": sentence}
            answer = {"role": "assistant", "content": intent}
            lines.write(json.dumps({"messages": [question, answer]}) + "\n")

file = client.files.create(file=Path("chats.jsonl"), purpose="fine-tune")
job = client.fine_tuning.jobs.create(model="gpt-4.1-nano", training_file=file.id, suffix="intents")
while job.status not in ("succeeded", "failed", "cancelled"):
    time.sleep(0.5)
    job = client.fine_tuning.jobs.retrieve(job.id)

for event in reversed(client.fine_tuning.jobs.list_events(job.id).data):
    print(event.message)

reply = client.chat.completions.create(
    model=job.fine_tuned_model,
    messages=[{"role": "user", "content": "wake me up at seven"}],
    logprobs=True,
    top_logprobs=3,
)
print()
for label in reply.choices[0].logprobs.content[0].top_logprobs:
    print(f"{label.token}: {2.718281828459045**label.logprob:.3f}")
