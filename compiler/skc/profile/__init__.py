"""What the columns of the training rows look like, frozen in the artifact as profile.json.

It decides nothing: no feature depends on it, and no runtime reads it. It is what a distribution in production is
compared with, and what `skc inspect --format html` draws.
"""

from __future__ import annotations

PROFILE = "profile.json"
