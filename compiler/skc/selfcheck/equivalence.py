"""Proofs that a mutant makes no difference, or only to an estimate, from the graph or the types alone.

Each kind of reason has its own file: what is chosen behind the mutant (`branches`), which numbers come there
(`whole_numbers`), that it moves an estimate (`estimates`), that every value that matters was tried (`tried`).
"""

from __future__ import annotations

from skc.lower import GUARDS, SIGNALS, Lowered
from skc.selfcheck.branches import Branches
from skc.selfcheck.conditions import Conditions
from skc.selfcheck.estimates import Estimates
from skc.selfcheck.lookups import Lookups
from skc.selfcheck.mutant import Mutant
from skc.selfcheck.nodes import Nodes
from skc.selfcheck.tried import Tried
from skc.selfcheck.whole_numbers import Numbers
from skc.verification.coverage import CoverageTally

_OF_CATEGORIES = ("`<` for `<=`", "another parameter", "category dropped")
_OF_KEYS = ("key accepted in another case", "key accepted with a blank")
_OF_EDGES = ("`<` for `<=`", "edge at the next float", "float off by 1e-5", "float off by an ulp of float32")
_AT_AN_EDGE = ("`<` for `<=`", "edge at the next float")


class Equivalence:
    """Looks for a reason. `lowered` has the sound model that the mutants were made from, `tally` knows which boundaries
    of the unfused steps were tried.
    """

    def __init__(self, lowered: Lowered, tally: CoverageTally) -> None:
        fused, sound = lowered.pipeline, lowered.model
        self._decided, self._exhausted = tally.decided, tally.exhausted
        self._nodes = Nodes(sound)
        self._branches, self._numbers = Branches(self._nodes), Numbers(self._nodes)
        self._estimates = Estimates(self._nodes, {step.name for step in fused.steps})
        self._lookups = Lookups(self._nodes.makers)
        widths = {i.name: i.type.tensor_type.shape.dim[-1].dim_value for i in sound.graph.input}
        never_null = frozenset((i.slot.tensor, i.slot.column) for i in lowered.inputs if not i.nullable)
        self._conditions = Conditions(self._nodes.makers, {name: w for name, w in widths.items() if w}, never_null)
        self._tried = Tried(self._nodes, self._conditions, lowered, tally)

    def reason(self, mutant: Mutant) -> str | None:
        """The reason, or None where none is known."""
        if mutant.kind in _OF_CATEGORIES and self._tried.are_by_category(mutant.steps, self._decided):
            return "every category was tried, and an unknown one and null, where there may be such"
        if mutant.kind in _OF_KEYS and self._tried.are_by_category(mutant.steps, self._exhausted):
            return "this very key was tried"
        if mutant.kind in _OF_EDGES and self._tried.are_by_category(mutant.steps, self._exhausted):
            return "every key was tried, and a value between the keys equals none, wherever it is searched"
        if mutant.tensor is None:
            return None
        if mutant.kind in _AT_AN_EDGE and self._tried.was_tried_at_the_edge(mutant):
            return "it matters only for values at the edge, and those were tried"
        node = self._nodes.makers[mutant.tensor]
        if mutant.keys and not any(self._lookups.can_be(node.input[0], key) for key in mutant.keys):
            return "no text that is looked up there can be that key"
        if mutant.keys and all(self._lookups.gives_itself(node, k, v) for k, v in mutant.keys.items()):
            return "what is not found stays as it is, and the entry gives just that"
        if self._branches.is_absorbed(mutant.tensor):
            return "a constant behind it decides, whatever comes there"
        match mutant.kind:
            case "operation replaced" if self._branches.has_neutral_operand(node):
                return "the other operand leaves every value as it is, in both operations"
            case "operation replaced" if self._branches.counts_from_the_end(node):
                return "what is subtracted from a place in a table counts from its end, down to the same entry"
            case "operation replaced" if self._estimates.adds_too_little(node):
                return "only the bound of a rounding error moves, which is an estimate, by 2e-5 of it at most"
            case "`<` for `<=`" if self._branches.chooses_between_its_operands(node):
                return "where the two are equal, it does not matter which of them is taken"
            case "`<` for `<=`" if self._branches.is_same_at_the_edge(node):
                return "where the two are equal, both branches are"
            case "condition inverted" if self._branches.has_equal_branches(node):
                return "both branches are the same constant"
            case "`<` for `<=`" if self._branches.is_never_equal(node) or self._numbers.is_no_float32(node):
                return "the two are never equal"
            case "float32 in the middle" if self._numbers.is_float32(mutant.tensor):
                return "it is one of some constants, such as 0 and 1, which float32 holds, or was float32 before"
            case "float32 in the middle" if self._numbers.is_count(mutant.tensor):
                return "it is a sum of ones, and float32 holds whole numbers up to 16,777,216"
            case "float32 in the middle" if self._numbers.ends_in_float32(mutant.tensor):
                return "the output rounds it to float32 anyway, and nothing else uses it"
        if mutant.kind in _OF_EDGES and self._estimates.ends_in_an_estimate(mutant.tensor):
            return "only the bound of a rounding error moves, which is an estimate, by 1e-5 of a constant at most"
        if mutant.element is not None and self._branches.is_never_taken(mutant.tensor):
            return "what is computed from it is replaced by something else"
        if mutant.value is not None and self._numbers.cuts_whole_numbers_alike(mutant.tensor, mutant.value):
            return "whole numbers are compared with it, and none lies in between"
        if mutant.value is not None and self._numbers.cuts_float32_alike(mutant.tensor, mutant.element, mutant.value):
            return "values of float32 are compared with it, and none lies in between"
        if mutant.value is not None and self._numbers.is_asked_only_whether(mutant.tensor, mutant.value):
            return "it is only asked whether there is any, and a sum of what is above 0 is above 0"
        if mutant.kind in _OF_EDGES and self._tried.meets_whole_numbers_only(mutant, node):
            return "the values that come there are whole numbers, and none of them lies so near"
        masks = {"guard that never fires": GUARDS, "signal that never fires": SIGNALS}.get(mutant.kind)
        if masks is not None and self._conditions.is_never(masks, mutant.element or 0, True):
            return "no value of that column makes it fire"
        if mutant.element is not None and self._tried.imputes_what_is_never_null(mutant, mutant.element):
            return "the column it is put in is never null"
        return None
