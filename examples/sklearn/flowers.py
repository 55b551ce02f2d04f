"""Example 11: neighbours fill what is missing; a power transform, principal components, a support vector machine.

python rows.py flowers flowers.parquet
skc compile flowers:model --data flowers.parquet -o artifact
"""

from __future__ import annotations

from rows import rows
from sklearn.decomposition import PCA
from sklearn.impute import KNNImputer
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import PowerTransformer
from sklearn.svm import SVC


def preprocess() -> Pipeline:
    """The features alone, without a model."""
    return model()[:-1]


def model() -> Pipeline:
    """The pipeline, fitted."""
    return make_pipeline(KNNImputer(), PowerTransformer(), PCA(0.95), SVC()).fit(*rows("flowers"))
