"""How old the values are that are looked up when a request is served, and whether training knew the future.

The *age* of a value is the time of its request minus the time of the value. A runtime has no clock: the service says in
`Log.add` when a value is from (`as_of`), how long the look-up took (`fetched_us`), and whether it found one (`hit`).
"""
