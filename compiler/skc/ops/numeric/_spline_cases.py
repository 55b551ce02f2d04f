"""The cases of `spline`."""

from __future__ import annotations

import math

from skc.op import Case

INF = math.inf
BELOW_1 = math.nextafter(1.0, 0.0)
CASES = (
    Case(
        name="hats",
        shows=("C1", "C2", "C7"),
        columns={"x": "float64?", "y": "float64?"},
        params={"degree": 1, "knots": [0, 2, 51]},
        rows=[[0.0, None], [0.5, 2.0], [26.5, 51.0], [-0.0, -5.0], [INF, -INF], [2.0, 51.5]],
        # 49 times 1 / 49 is one bit below 1, and 2 times 1 / 2, from the other side of the knot, is 1
        expect=[
            [1.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.75, 0.25, 0.0, 0.0, BELOW_1, 0.0],
            [0.0, 0.49999999999999994, 0.49999999999999994, 0.0, 0.0, BELOW_1],
            [1.0, 0.0, 0.0, 1.0, 0.0, 0.0],
            [0.0, 0.0, BELOW_1, 1.0, 0.0, 0.0],
            [0.0, BELOW_1, 0.0, 0.0, 0.0, BELOW_1],
        ],
        names=("x_sp_0", "x_sp_1", "x_sp_2", "y_sp_0", "y_sp_1", "y_sp_2"),
    ),
    Case(
        name="cubic, from minimum to maximum",
        shows=("C1", "C3"),
        columns={"x": "float64"},
        params={"n_knots": 3, "extrapolation": "linear"},
        fit=[[2.0], [0.0], [0.5]],
        rows=[[1.0], [0.5], [-1.0], [2.0], [4.0]],
        # at a knot 1/6, 4/6 and 1/6, with the slopes -1/2, 0 and 1/2; between two knots 1/48, 23/48, 23/48 and 1/48
        expect=[
            [0.0, 1 / 6, 4 / 6, 1 / 6, 0.0],
            [1 / 48, 0.47916666666666663, 0.47916666666666663, 1 / 48, 0.0],
            [1 / 6 + 1 / 2, 4 / 6, 1 / 6 - 1 / 2, 0.0, 0.0],
            [0.0, 0.0, 1 / 6, 4 / 6, 1 / 6],
            [0.0, 0.0, 1 / 6 - 1.0, 4 / 6, 1 / 6 + 1.0],
        ],
    ),
    Case(
        name="polynomials that go on",
        shows=("C4", "C9"),
        columns={"x": "float64?"},
        params={"degree": 2, "knots": [0, 1, 2], "extrapolation": "continue"},
        rows=[[-1.0], [3.0], [None], [1e150], [-INF]],
        # (1 - x)^2 / 2, 1/2 + x - x^2 and x^2 / 2 in the first interval
        expect=[[2.0, -1.5, 0.5, 0.0], [0.0, 0.5, -1.5, 2.0], [0.0] * 4, [], []],
        guards=[("rounding-noise", 3, 0), ("rounding-noise", 4, 0)],
    ),
    Case(
        name="lines that leave float64",
        shows=("C3", "C9"),
        columns={"x": "float64"},
        params={"degree": 1, "knots": [0.0, 1e-30], "extrapolation": "linear"},
        rows=[[1e200], [-1.0], [1e260], [INF]],
        expect=[[-9.999999999999999e229, 9.999999999999999e229], [9.999999999999999e29, -9.999999999999999e29], [], []],
        guards=[("rounding-noise", 2, 0), ("rounding-noise", 3, 0)],
    ),
    Case(
        name="hours",
        shows=("C5", "C9"),
        columns={"x": "float64?"},
        params={"degree": 1, "knots": [0, 6, 12, 18, 24], "extrapolation": "periodic"},
        rows=[[0.0], [24.0], [-3.0], [27.0], [None], [-5e-324], [INF]],
        expect=[
            [1.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 0.0],
            [0.5, 0.0, 0.0, 0.5],
            [0.5, 0.5, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 0.0],
            [],
        ],
        guards=[("not-finite", 6, 0)],
    ),
    Case(
        name="periodic splines that meet themselves",
        shows=("C5",),
        columns={"x": "float64"},
        params={"degree": 2, "knots": [0, 1, 2], "extrapolation": "periodic"},
        rows=[[0.5], [0.0], [3.25]],
        expect=[[0.25, 0.75], [0.5, 0.5], [0.6875, 0.3125]],
    ),
    Case(
        name="beyond the range",
        shows=("C6", "C7"),
        columns={"x": "float64?"},
        params={"degree": 1, "n_knots": 2, "extrapolation": "error", "include_bias": False},
        fit=[[0.1], [None], [0.7]],
        rows=[[0.1], [0.7], [None], [0.4], [math.nextafter(0.1, 0.0)], [math.nextafter(0.7, 1.0)], [INF]],
        expect=[[1.0], [0.0], [0.0], [0.4999999999999999], [], [], []],
        guards=[("out-of-range", row, 0) for row in (4, 5, 6)],
        names=("x_sp_0",),
    ),
    Case(
        name="steps",
        shows=("C1", "C2"),
        columns={"x": "float64?"},
        params={"degree": 0, "knots": [0, 1, 2]},
        rows=[[0.0], [math.nextafter(1.0, 0.0)], [1.0], [2.0], [-0.5], [None], [-INF], [math.nextafter(2.0, 3.0)]],
        expect=[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 0.0], [0.0, 0.0], [0.0, 0.0], []],
        guards=[("out-of-range", 7, 0)],
    ),
    Case(
        name="steps that go on",
        shows=("C3", "C7"),
        columns={"x": "float64?"},
        params={"degree": 0, "knots": [0, 1, 2], "extrapolation": "linear"},
        rows=[[-INF], [1.0], [INF], [None]],
        expect=[[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [0.0, 0.0]],
    ),
    Case(
        name="one step",
        shows=("C2",),
        columns={"x": "float64"},
        params={"degree": 0, "n_knots": 2},
        fit=[[0.0], [1.0]],
        rows=[[-0.5], [0.0], [1.0], [INF]],
        expect=[[0.0], [1.0], [1.0], [0.0]],
    ),
    Case(
        name="periodic steps",
        shows=("C5",),
        columns={"x": "float64"},
        params={"degree": 0, "knots": [0, 0.5, 2], "extrapolation": "periodic"},
        rows=[[0.5], [2.0], [-0.5], [math.nextafter(2.5, 0.0)], [2.5]],
        expect=[[0.0, 1.0], [1.0, 0.0], [0.0, 1.0], [1.0, 0.0], [0.0, 1.0]],
    ),
    Case(
        name="equal knots",
        shows=("C8",),
        columns={"high": "float64", "low": "float64", "constant": "float64"},
        params={"degree": 1, "knots": "quantile", "n_knots": 3},
        fit=[[0.0, 0.0, 5.0], [2.0, 0.0, 5.0], [2.0, 2.0, 5.0]],
        rows=[[2.0, 0.0, 5.0], [1.5, -1.0, 4.0], [3.0, 0.5, 6.0], [0.0, 3.0, 5.0]],
        expect=[
            [0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0],
            [0.25, 0.75, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0],
            [0.0, 0.0, 0.0, 0.0, 0.75, 0.25, 0.0, 0.0, 0.0],
            [1.0, 0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0],
        ],
    ),
    *(
        Case(
            name=f"refused in fitting: {code}",
            shows=("C10",),
            columns={"x": "float64?"},
            fit=fit,
            rows=[],
            expect=[],
            refused=code,
        )
        for code, fit in (("SKC210", [[None]]), ("SKC211", [[0.0], [INF]]), ("SKC212", [[-1e308], [1e308]]))
    ),
    *(
        Case(
            name=f"refused: {name}",
            shows=("C11",),
            columns={"x": "float64"},
            params=params,
            rows=[],
            expect=[],
            refused="SKC124",
        )
        for name, params in (
            ("equal knots", {"knots": [0, 1, 1]}),
            ("a number of knots next to a list", {"knots": [0, 1], "n_knots": 2}),
            ("too few knots", {"n_knots": 3, "extrapolation": "periodic"}),
            ("no spline left", {"n_knots": 2, "degree": 0, "include_bias": False}),
        )
    ),
)
