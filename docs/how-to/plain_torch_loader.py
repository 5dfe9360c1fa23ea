"""Use intent_classifier.pt where only torch and tokenizers are installed (BERT family)."""

import sys

import torch
from tokenizers import Tokenizer
from torch.nn import functional as F


class IntentClassifier:
    def __init__(self, path):
        saved = torch.load(path, weights_only=True)  # tensors and plain values, never code
        if saved["architecture"]["model_type"] != "bert":
            raise ValueError("this loader knows the BERT family only")
        self.config = saved["architecture"]
        self.kind = saved["kind"]
        self.labels = [saved["id_to_intent"][i] for i in range(len(saved["id_to_intent"]))]
        self.temperature = saved["temperature"]
        self.several = saved.get("several", False)  # any number of labels, a sigmoid each
        self.mean = saved.get("pooling") == "mean"
        self.normalize = saved.get("normalize", False)
        self.weights = {name.removeprefix("bert."): w for name, w in saved["weights"].items()}
        self.head = saved["head"] or {
            "weight": self.weights["classifier.weight"],
            "bias": self.weights["classifier.bias"],
        }
        self.tokenizer = Tokenizer.from_str(saved["tokenizer"])
        self.tokenizer.no_padding()
        self.tokenizer.enable_truncation(saved["max_length"])

    def linear(self, x, name):
        return F.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def norm(self, x, name):
        w, b = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        return F.layer_norm(x, w.shape, w, b, self.config["layer_norm_eps"])

    def encode(self, ids):
        words, places, kinds = (
            self.weights[f"embeddings.{kind}_embeddings.weight"]
            for kind in ("word", "position", "token_type")
        )
        x = self.norm(words[ids] + places[: len(ids)] + kinds[0], "embeddings.LayerNorm")
        heads = self.config["num_attention_heads"]
        for layer in range(self.config["num_hidden_layers"]):
            at = f"encoder.layer.{layer}"
            q, k, v = (
                self.linear(x, f"{at}.attention.self.{part}")
                .view(len(ids), heads, -1)
                .transpose(0, 1)
                for part in ("query", "key", "value")
            )
            mixed = F.scaled_dot_product_attention(q, k, v).transpose(0, 1).reshape(len(ids), -1)
            mixed = self.linear(mixed, f"{at}.attention.output.dense")
            x = self.norm(x + mixed, f"{at}.attention.output.LayerNorm")
            inner = F.gelu(self.linear(x, f"{at}.intermediate.dense"))
            x = self.norm(x + self.linear(inner, f"{at}.output.dense"), f"{at}.output.LayerNorm")
        return x

    @torch.inference_mode()
    def predict(self, text):
        hidden = self.encode(torch.tensor(self.tokenizer.encode(text).ids))
        if self.kind == "plain":
            pooled = torch.tanh(self.linear(hidden[0], "pooler.dense"))
        else:
            pooled = hidden.mean(dim=0) if self.mean else hidden[0]
            pooled = F.normalize(pooled, dim=-1) if self.normalize else pooled
        logits = F.linear(pooled, self.head["weight"], self.head["bias"])
        logits = logits.double() / self.temperature
        scores = (torch.sigmoid(logits) if self.several else logits.softmax(dim=-1)).tolist()
        return dict(sorted(zip(self.labels, scores, strict=True), key=lambda pair: -pair[1]))


if __name__ == "__main__":
    classifier = IntentClassifier(sys.argv[1])
    for text in sys.argv[2:]:
        intent, confidence = next(iter(classifier.predict(text).items()))
        print(f"{intent}\t{confidence:.3f}\t{text}")
