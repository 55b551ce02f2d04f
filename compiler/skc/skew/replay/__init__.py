"""Replays a request log: recomputes the features of every request, and says which of those that were served differ.

requests.py   a batch of logged requests -> columns of the inputs
recompute.py  those -> features and refusals, by the Python runtime
hidden.py     what cannot be recomputed, because the log leaves an input out
served.py     features and refusals as they were logged, compared with those
sample.py     some of the rows that differ, spread over the whole log
blame.py      which step made the difference
why.py        what explains it
keys.py       the rows of training by the keys of requests
training.py   requests and features compared with those of training
run.py        all of it, in one pass over the log
"""
