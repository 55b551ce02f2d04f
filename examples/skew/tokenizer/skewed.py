"""The tokenizer of another library cuts the same words into other pieces.

Both take the longest piece that they know. The Python library marks pieces within a word by `##`; the rewrite looks
all of them up without the mark, so the ids are those of other pieces.
"""

from __future__ import annotations

import pandas as pd

training = pd.DataFrame({"query": ["walking shoes", "talking"]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml
PIECES = ["walk", "talk", "shoe", "ing", "s", "##ing", "##s"]


def pieces(word: str, mark: str) -> list[int]:
    ids, start = [], 0
    while start < len(word):
        prefix = mark if start else ""
        end = next(end for end in range(len(word), start, -1) if prefix + word[start:end] in PIECES)
        ids.append(PIECES.index(prefix + word[start:end]))
        start = end
    return ids


print(f"training: {[i for word in training['query'][0].split() for i in pieces(word, '##')]}")
print(f"serving:  {[i for word in training['query'][0].split() for i in pieces(word, '')]}")
