// Why: ONNX Runtime opens the files that external data names, runs a loop of 2^62 rounds while it loads, and knows
// hundreds of ops that we have not measured. Our models need a small part of ONNX, which model_grammar.hpp lists: any
// other message, field or op is refused, known or not.
//
// Why so strict about encoding: protobuf parsers differ in how they treat a tag of more than 32 bits, or a repeated
// field; writers emit neither.
#include "model_scan.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <string>
#include <vector>

#include "errors.hpp"
#include "model_grammar.hpp"

namespace skc::detail {

namespace {

using grammar::Field;
using grammar::Kind;
using grammar::Message;

constexpr std::uint64_t most = (std::uint64_t{1} << 31) - 1;  // elements of a tensor, and values of an int32
constexpr std::size_t most_fields = 32;
enum Wire : unsigned { varint = 0, fixed64 = 1, delimited = 2, fixed32 = 5 };

[[noreturn]] void refuse() {
  throw_artifact("model-refused", "model.onnx is not an ONNX model", "compile the pipeline again");
}

[[noreturn]] void refuse_model(const std::string& what) {
  throw_artifact("artifact-unsafe", "model.onnx " + what,
                 "artifacts written by skc never do: do not serve it, or install a newer runtime if a newer `skc` "
                 "compiled it");
}

// A range of bytes being read.
class WireReader {
 public:
  explicit WireReader(std::string_view data) : data_(data) {}

  bool has_more() const { return !data_.empty(); }

  std::uint64_t number() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (data_.empty()) refuse();
      const auto byte = static_cast<unsigned char>(data_.front());
      data_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte >= 0x80) continue;
      if (byte == 0 && shift > 0) refuse_model("encodes a number in more bytes than needed");
      if (shift == 63 && byte > 1) refuse();
      return value;
    }
    refuse();
  }

  std::string_view bytes(std::uint64_t size) {
    if (size > data_.size()) refuse();
    const std::string_view found = data_.substr(0, size);
    data_.remove_prefix(size);
    return found;
  }

 private:
  std::string_view data_;
};

const Field* field_of(Message message, std::uint64_t number) {
  const auto found = std::find_if(std::begin(grammar::fields), std::end(grammar::fields), [&](const Field& field) {
    return field.message == message && field.number == number;
  });
  return found == std::end(grammar::fields) || number >= most_fields ? nullptr : found;
}

bool is_number(const Field& field) { return field.kind == Kind::int64 || field.kind == Kind::int32; }

bool fits(const Field& field, unsigned wire) {
  if (is_number(field)) return wire == varint || (field.is_repeated && wire == delimited);
  return wire == (field.kind == Kind::float32 ? fixed32 : delimited);
}

void scan(Message message, std::string_view data);

// The fields of one message.
class Scanned {
 public:
  explicit Scanned(Message message) : message_(message) {}

  void read(WireReader reader) {
    while (reader.has_more()) {
      const std::uint64_t tag = reader.number(), number = tag >> 3;
      const auto wire = static_cast<unsigned>(tag & 7);
      if (wire != varint && wire != fixed64 && wire != delimited && wire != fixed32) refuse();
      const Field* field = field_of(message_, number);
      if (field == nullptr || !fits(*field, wire)) refuse_model("has a field " + std::to_string(number));
      if (!field->is_repeated && counts_[number] > 0) {
        refuse_model("repeats the field " + std::to_string(number));
      }
      ++counts_[number];
      take(*field, wire, reader);
    }
    check();
  }

 private:
  void take(const Field& field, unsigned wire, WireReader& reader) {
    if (wire == varint) return add_number(field, reader.number());
    const std::string_view part = reader.bytes(wire == fixed32 ? 4 : reader.number());
    if (is_number(field)) {
      for (WireReader packed(part); packed.has_more();) add_number(field, packed.number());
      return;
    }
    bytes_[field.number] = part;
    if (field.kind == Kind::message) scan(field.child, part);
  }

  void add_number(const Field& field, std::uint64_t value) {
    if (field.kind == Kind::int32 && value > most) refuse_model("has a number too large for its type");
    if (field.is_repeated) {
      dims_.push_back(value);  // of a tensor; the numbers of an attribute are not checked
    } else {
      numbers_[field.number] = value;
    }
  }

  void check() const {
    if (message_ == Message::OperatorSetIdProto) return check_opset();
    if (message_ == Message::NodeProto) return check_node();
    if (message_ == Message::AttributeProto) return check_attribute();
    if (message_ == Message::TensorProto) check_tensor();
  }

  void check_opset() const {
    for (const auto& opset : grammar::opsets) {
      if (opset.domain == bytes_[1] && opset.version == numbers_[2]) return;
    }
    refuse_model("requires version " + std::to_string(numbers_[2]) + " of the op domain " + shown(bytes_[1]));
  }

  void check_node() const {
    for (const auto& op : grammar::ops) {
      if (op.domain == bytes_[7] && op.name == bytes_[4]) return;
    }
    refuse_model("has the op " + shown(bytes_[4]) + " of the domain " + shown(bytes_[7]));
  }

  // Its type is known to onnx, and it has a single value, of that type.
  void check_attribute() const {
    for (const auto& known : grammar::attribute_types) {
      if (known.type != numbers_[20]) continue;
      const auto others = std::count_if(counts_.begin(), counts_.end(), [](auto count) { return count > 0; });
      if (others == (counts_[1] > 0) + (counts_[20] > 0) + (counts_[known.field] > 0)) return;
    }
    refuse_model("has an attribute of type " + std::to_string(numbers_[20]) + " with a value of another type");
  }

  // The shape has exactly as many elements as the data, so a forged shape cannot decide how much is allocated.
  void check_tensor() const {
    const auto element = std::find_if(std::begin(grammar::elements), std::end(grammar::elements),
                                      [&](const auto& known) { return known.type == numbers_[2]; });
    if (element == std::end(grammar::elements)) {
      refuse_model("has a tensor of element type " + std::to_string(numbers_[2]));
    }
    std::uint64_t elements = 1;
    for (const std::uint64_t dim : dims_) {
      if (dim > most || elements * dim > most) refuse_model("has a tensor of too many elements");
      elements *= dim;  // both factors are below 2^31
    }
    const std::uint64_t texts = element->size == 0 ? elements : 0;
    if (bytes_[9].size() != elements * element->size || counts_[6] != texts) {
      refuse_model("has a tensor whose shape does not match its data");
    }
  }

  Message message_;
  std::array<std::uint64_t, most_fields> counts_{}, numbers_{};
  std::array<std::string_view, most_fields> bytes_{};  // the last of each field
  std::vector<std::uint64_t> dims_;
};

void scan(Message message, std::string_view data) { Scanned(message).read(WireReader(data)); }

}  // namespace

void scan_model(std::string_view model) { scan(Message::ModelProto, model); }

}  // namespace skc::detail
