"""Words are found by a pattern in training and by blanks in serving.

`CountVectorizer` finds words of two characters or more and leaves punctuation out; `split` does neither.
"""

from __future__ import annotations

import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

training = pd.DataFrame({"review": ["Good, very good!", "not good", "bad. very bad."]})
training.to_csv("training.csv", index=False)  # for pipeline.yaml

vectorizer = CountVectorizer(vocabulary=["good", "bad"])
features = vectorizer.transform(training["review"]).toarray()


def serve(request: dict[str, str]) -> int:
    return request["review"].lower().split().count("good")


print(f"training: {features[0, 0]}")
print(f"serving:  {serve({'review': 'Good, very good!'})}")
