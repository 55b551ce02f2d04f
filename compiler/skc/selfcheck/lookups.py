"""Which texts can come to a lookup, from the graph alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

import onnx

_PASSING = ("Identity", "Reshape", "Squeeze", "Unsqueeze", "Slice", "Gather", "Expand", "Compress")


@dataclass(frozen=True)
class Lookups:
    """`makers`: by tensor, the node that makes it."""

    makers: Mapping[str, onnx.NodeProto]
    _known: dict[tuple[str, str], bool] = field(default_factory=dict)

    def can_be(self, tensor: str, text: str) -> bool:
        """Whether an element of a tensor of strings may be this text; true where that is not known."""
        key = (tensor, text)
        if key not in self._known:
            self._known[key] = self._can_be(tensor, text)
        return self._known[key]

    def _can_be(self, tensor: str, text: str) -> bool:
        node = self.makers.get(tensor)
        if node is None:
            return True
        if node.op_type in _PASSING:
            return self.can_be(node.input[0], text)
        match node.op_type:
            case "Constant":
                return text in _strings(node)
            case "Tokenizer":
                return _is_token(node, text)
            case "Concat":
                return any(self.can_be(name, text) for name in node.input)
            case "Where":
                condition, yes, no = node.input
                return self.can_be(no, text) or (self.can_be(yes, text) and self._may_hold(condition, yes, text))
            case "ScatterElements":
                return self.can_be(node.input[0], text) or self.can_be(node.input[2], text)
            case "StringConcat":
                left, right = node.input
                pairs = ((text[:i], text[i:]) for i in range(len(text) + 1))
                return any(self.can_be(left, start) and self.can_be(right, end) for start, end in pairs)
        return True

    def _may_hold(self, condition: str, tensor: str, text: str) -> bool:
        """A condition, where an element of the tensor is that text."""
        node = self.makers.get(condition)
        if node is not None and node.op_type == "And":
            return all(self._may_hold(name, tensor, text) for name in node.input)
        if node is None or node.op_type != "RegexFullMatch" or node.input[0] != tensor:
            return True
        return _matches(node.attribute[0].s.decode(), text)

    def gives_itself(self, node: onnx.NodeProto, key: str, value: str | None) -> bool:
        """A lookup whose result replaces what was looked up, except where it gives the default: `key` gives itself."""
        if value != key:
            return False
        default = next((a.s for a in node.attribute if a.name == "default_string"), None)
        tensor, text = node.output[0], node.input[0]
        users = [user for user in self.makers.values() if tensor in user.input]
        comparisons = [user for user in users if user.op_type == "Equal" and self._is_default(user, tensor, default)]
        chosen = {user.output[0] for user in comparisons}
        return bool(chosen) and all(
            user in comparisons
            or (user.op_type == "Where" and user.input[0] in chosen and [*user.input[1:]] == [text, tensor])
            for user in users
        )

    def _is_default(self, node: onnx.NodeProto, tensor: str, default: bytes | None) -> bool:
        other = next((name for name in node.input if name != tensor), tensor)
        maker = self.makers.get(other)
        if maker is None or maker.op_type != "Constant" or default is None:
            return False
        return _strings(maker) == [default.decode()]


def _strings(constant: onnx.NodeProto) -> list[str]:
    return [data.decode() for data in constant.attribute[0].t.string_data]


def _is_token(node: onnx.NodeProto, text: str) -> bool:
    """The pad, or one character, or what the pattern matches as a whole."""
    attributes = {a.name: a for a in node.attribute}
    if text == attributes["pad_value"].s.decode():
        return True
    if "tokenexp" not in attributes:
        return list(attributes["separators"].strings) != [b""] or len(text) == 1
    return _matches(attributes["tokenexp"].s.decode(), text)


def _matches(pattern: str, text: str) -> bool:
    try:
        return re.fullmatch(pattern, text) is not None
    except re.error:
        return True
