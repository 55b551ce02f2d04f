"""Import this before NumPy: the libraries of scikit-learn then compute on one thread.

Why: the processes of the tests share the cores already, threads that wait for each other take their time, and with one
thread a sum has one order.
"""

from __future__ import annotations

import os

for _name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_name, "1")
