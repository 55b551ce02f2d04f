"""What serving does to data and features that training did not: skew and drift.

*Code skew*: the same request gives other features in serving than in training. *Data skew*: a request is not what the
training row for the same entity and time was. *Drift*: the distribution of requests is not that of the training rows
any more. What a pipeline is compiled to rules out the first; this package finds the others, and says which columns.
"""
