"""The part of ONNX that skc emits, as a table in the language of each runtime: what `make generated` writes.

Why a table: a runtime has no onnx package, and a model of ours uses a small part of the format. What is not in that
part (a subgraph, a function, external data, an op that was not measured) is refused without having to be known.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import onnx

from skc.emit import opset

ROOT = Path(__file__).parents[1]
SOURCE = "compiler/skc/emit/opset.py"
VALUES = ("f", "i", "s", "t", "floats", "ints", "strings")  # the fields of an attribute that hold its value
KINDS = {3: "int64", 5: "int32", 14: "int32", 2: "float", 9: "bytes", 12: "bytes", 11: "message"}  # protobuf's types


@dataclass(frozen=True)
class Field:
    """A field that a message may have; `kind` is that of its values, or the message that it holds."""

    number: int
    name: str
    kind: str
    is_repeated: bool


@cache
def messages() -> dict[str, list[Field]]:
    """By message the fields that a model of ours may have, in the order of their numbers."""
    found = {}
    for message, names in opset.FIELDS.items():
        fields = _descriptor(message).fields_by_name
        listed = [_field(fields[name]) for name in names]
        found[message] = sorted(listed, key=lambda field: field.number)
    return found


def _descriptor(message: str) -> Any:
    outer, _, nested = message.partition(".")
    found = getattr(onnx, outer, None) or getattr(onnx.onnx_ml_pb2, outer)
    return (getattr(found, nested) if nested else found).DESCRIPTOR


def _field(field: Any) -> Field:
    kind = KINDS[field.type]
    if kind == "message":
        kind = field.message_type.full_name.removeprefix("onnx.")
    is_repeated = field.is_repeated if hasattr(field, "is_repeated") else field.label == 3  # before protobuf 6.31
    return Field(field.number, field.name, kind, is_repeated)


def element_sizes() -> dict[int, int]:
    """Bytes of an element in `raw_data` by the number of its type; 0 for strings, which lie elsewhere."""
    names = {dtype for dtypes in opset.ALLOWED.values() for dtype in dtypes} - {"*", "string"}
    dtypes = sorted(np.dtype(name) for name in names)
    sizes = {int(onnx.helper.np_dtype_to_tensor_dtype(dtype)): dtype.itemsize for dtype in dtypes}
    return dict(sorted({**sizes, int(onnx.TensorProto.STRING): 0}.items()))


def attribute_types() -> dict[int, int]:
    """The types that an attribute may have, and the field that then holds its value."""
    names = {f.name.upper(): f.number for f in messages()["AttributeProto"] if f.name in VALUES}
    words = {"F": "FLOAT", "I": "INT", "S": "STRING", "T": "TENSOR"}
    return {int(onnx.AttributeProto.AttributeType.Value(words.get(n, n))): number for n, number in names.items()}


def python() -> str:
    lines = [
        f'"""Written by `make generated` from {SOURCE}: what a model of skc is made of, and nothing else."""',
        "",
        "from __future__ import annotations",
        "",
        "from collections.abc import Mapping",
        "",
        "# message -> number of a field -> (the kind of its values or the message that it holds, whether it repeats)",
        "FIELDS: Mapping[str, Mapping[int, tuple[str, bool]]] = {",
    ]
    for message, fields in messages().items():
        lines.append(f'    "{message}": {{')
        lines += [f'        {f.number}: ("{f.kind}", {f.is_repeated}),  # {f.name}' for f in fields]
        lines.append("    },")
    lines += ["}", "OPS = frozenset(", "    {"]
    lines += [f'        ("{domain}", "{op}"),' for domain, op in sorted(opset.ALLOWED)]
    lines += ["    }", ")"]
    lines.append(f"OPSETS: Mapping[str, int] = {_quoted(opset.OPSETS)}")
    lines += ["# type of an attribute -> the field that holds its value"]
    lines.append(f"ATTRIBUTE_TYPES: Mapping[int, int] = {attribute_types()}")
    lines += ["# number of an element type -> bytes of an element in raw_data; 0 is a string"]
    lines.append(f"ELEMENT_SIZES: Mapping[int, int] = {element_sizes()}")
    return "\n".join(lines) + "\n"


def _quoted(table: dict[str, int]) -> str:
    return "{" + ", ".join(f'"{key}": {value}' for key, value in table.items()) + "}"


def _pairs(form: str) -> Iterator[str]:
    return (form.format(domain=domain, op=op) for domain, op in sorted(opset.ALLOWED))


def java() -> str:
    lines = [
        f"// Written by `make generated` from {SOURCE}.",
        "package dev.skc.runtime;",
        "",
        "import java.util.Map;",
        "import java.util.Set;",
        "",
        "/** What a model of skc is made of, and nothing else. */",
        "final class ModelGrammar {",
        "  /** The values of a field: numbers, bytes, or the message of that name. */",
        "  record Field(String kind, boolean isRepeated) {}",
        "",
        "  /** Message, number of a field, field. */",
        "  static final Map<String, Map<Integer, Field>> FIELDS =",
        "      Map.ofEntries(",
    ]
    tables = []
    for message, fields in messages().items():
        rows = [
            f'                  Map.entry({f.number}, new Field("{f.kind}", {str(f.is_repeated).lower()}))'
            for f in fields
        ]
        tables.append(
            f'          Map.entry(\n              "{message}",\n              Map.ofEntries(\n'
            + ",\n".join(rows)
            + "))"
        )
    lines.append(",\n".join(tables) + ");")
    lines += [
        "",
        "  /** The domain of an op, a colon, its name. */",
        "  static final Set<String> OPS =",
        "      Set.of(",
    ]
    lines.append(",\n".join(_pairs('          "{domain}:{op}"')) + ");")
    lines += ["", "  static final Map<String, Long> OPSETS ="]
    lines.append("      Map.of(" + ", ".join(f'"{key}", {value}L' for key, value in opset.OPSETS.items()) + ");")
    lines += ["", "  /** Type of an attribute, the field that holds its value. */"]
    lines.append("  static final Map<Long, Long> ATTRIBUTE_TYPES =")
    lines.append("      Map.of(" + ", ".join(f"{key}L, {value}L" for key, value in attribute_types().items()) + ");")
    lines += ["", "  /** Number of an element type, bytes of an element in raw_data; 0 is a string. */"]
    lines.append("  static final Map<Long, Integer> ELEMENT_SIZES =")
    lines.append("      Map.of(" + ", ".join(f"{key}L, {value}" for key, value in element_sizes().items()) + ");")
    lines += ["", "  private ModelGrammar() {}", "}"]
    return "\n".join(lines) + "\n"


def go() -> str:
    lines = [
        f"// Code generated by `make generated` from {SOURCE}. DO NOT EDIT.",
        "",
        "package skc",
        "",
        "// grammarField is the kind of the values of a field, or the message that it holds.",
        "type grammarField struct {",
        "\tkind       string",
        "\tisRepeated bool",
        "}",
        "",
        "// grammarFields is what a model of skc is made of, and nothing else: message, number of a field, field.",
        "var grammarFields = map[string]map[uint64]grammarField{",
    ]
    for message, fields in messages().items():
        lines.append(f'\t"{message}": {{')
        width = max(len(str(f.number)) for f in fields) + 1
        lines += [f'\t\t{f"{f.number}:":<{width}} {{"{f.kind}", {str(f.is_repeated).lower()}}},' for f in fields]
        lines.append("\t},")
    lines += ["}", "", "// grammarOps are the ops by domain and name.", "var grammarOps = map[[2]string]bool{"]
    names = list(_pairs('{{"{domain}", "{op}"}}:'))
    width = max(map(len, names))
    lines += [f"\t{name:<{width}} true," for name in names]
    lines += ["}", "", f"var grammarOpsets = map[string]uint64{_quoted(opset.OPSETS)}", ""]
    types = ", ".join(f"{key}: {value}" for key, value in attribute_types().items())
    lines.append("// grammarAttributeTypes is the field that holds the value of an attribute, by its type.")
    lines += [f"var grammarAttributeTypes = map[uint64]uint64{{{types}}}", ""]
    lines.append(
        "// grammarElementSizes are the bytes of an element in raw_data by the number of its type; 0 is a string."
    )
    sizes = ", ".join(f"{key}: {value}" for key, value in element_sizes().items())
    lines.append(f"var grammarElementSizes = map[uint64]uint64{{{sizes}}}")
    return "\n".join(lines) + "\n"


def cpp() -> str:
    names = {message: message.replace(".", "_") for message in messages()}
    kinds = {"int64": "int64", "int32": "int32", "float": "float32", "bytes": "bytes"}
    lines = [
        f"// Written by `make generated` from {SOURCE}: what a model of skc is made of, and nothing else.",
        "#pragma once",
        "",
        "#include <cstdint>",
        "#include <string_view>",
        "",
        "namespace skc::detail::grammar {",
        "",
        "enum class Message { " + ", ".join(names.values()) + " };",
        "enum class Kind { int64, int32, float32, bytes, message };",
        "",
        "// A field that a message may have; `child` is the message that it holds.",
        "struct Field {",
        "  Message message;",
        "  std::uint64_t number;",
        "  Kind kind;",
        "  bool is_repeated;",
        "  Message child;",
        "};",
        "",
        "inline constexpr Field fields[] = {",
    ]
    for message, fields in messages().items():
        for f in fields:
            kind, child = kinds.get(f.kind, "message"), names.get(f.kind, names[message])
            lines.append(
                f"    {{Message::{names[message]}, {f.number}, Kind::{kind}, {str(f.is_repeated).lower()}, "
                f"Message::{child}}},  // {f.name}"
            )
    lines += ["};", "", "struct Op {", "  std::string_view domain;", "  std::string_view name;", "};", ""]
    lines += ["inline constexpr Op ops[] = {", *_pairs('    {{"{domain}", "{op}"}},'), "};", ""]
    lines += ["struct Opset {", "  std::string_view domain;", "  std::uint64_t version;", "};", ""]
    lines += [
        "inline constexpr Opset opsets[] = {",
        *(f'    {{"{k}", {v}}},' for k, v in opset.OPSETS.items()),
        "};",
        "",
    ]
    lines += ["// The field that holds the value of an attribute, by its type.", "struct AttributeType {"]
    lines += ["  std::uint64_t type;", "  std::uint64_t field;", "};", ""]
    lines += ["inline constexpr AttributeType attribute_types[] = {"]
    lines += [*(f"    {{{key}, {value}}}," for key, value in attribute_types().items()), "};", ""]
    lines += ["// Bytes of an element in raw_data by the number of its type; 0 is a string.", "struct Element {"]
    lines += ["  std::uint64_t type;", "  std::uint64_t size;", "};", "", "inline constexpr Element elements[] = {"]
    lines += [*(f"    {{{key}, {value}}}," for key, value in element_sizes().items()), "};", ""]
    lines.append("}  // namespace skc::detail::grammar")
    return "\n".join(lines) + "\n"


SOURCES = {
    ROOT / "runtime/python/skc_runtime/model_grammar.py": python,
    ROOT / "runtime/java/src/main/java/dev/skc/runtime/ModelGrammar.java": java,
    ROOT / "runtime/go/model_grammar.go": go,
    ROOT / "runtime/cpp/src/model_grammar.hpp": cpp,
}
