// Why by hand: the runtime does not depend on the onnx library. Of the protobuf messages only the path from the model
// down to its tensors matters, and that is the table below (field numbers of onnx.proto, which never change).
#include "model_scan.hpp"

#include <cstdint>
#include <optional>

#include "errors.hpp"

namespace skc::detail {

namespace {

enum class Message { model, training, function, graph, node, attribute, sparse_tensor, tensor };

struct Child {
  Message parent;
  std::uint64_t field;
  Message child;
};

constexpr Child children[] = {
    {Message::model, 7, Message::graph},
    {Message::model, 20, Message::training},
    {Message::model, 25, Message::function},
    {Message::training, 1, Message::graph},
    {Message::training, 2, Message::graph},
    {Message::function, 7, Message::node},
    {Message::function, 11, Message::attribute},
    {Message::graph, 1, Message::node},
    {Message::graph, 5, Message::tensor},
    {Message::graph, 15, Message::sparse_tensor},
    {Message::node, 5, Message::attribute},
    {Message::attribute, 5, Message::tensor},
    {Message::attribute, 6, Message::graph},
    {Message::attribute, 10, Message::tensor},
    {Message::attribute, 11, Message::graph},
    {Message::attribute, 22, Message::sparse_tensor},
    {Message::attribute, 23, Message::sparse_tensor},
    {Message::sparse_tensor, 1, Message::tensor},
    {Message::sparse_tensor, 2, Message::tensor},
};
constexpr std::uint64_t external_data = 13, data_location = 14;  // fields of a tensor
constexpr int max_depth = 64;

std::optional<Message> child_of(Message parent, std::uint64_t field) {
  for (const Child& entry : children) {
    if (entry.parent == parent && entry.field == field) return entry.child;
  }
  return std::nullopt;
}

[[noreturn]] void refuse() { throw_artifact("model-refused", "model.onnx is not an ONNX model"); }

// The fields of a message, one after the other.
class Reader {
 public:
  explicit Reader(std::string_view data) : data_(data) {}

  bool has_more() const { return !data_.empty(); }

  struct Field {
    std::uint64_t number;
    std::uint64_t value;                    // of a varint
    std::optional<std::string_view> bytes;  // of anything else
  };

  Field next() {
    const std::uint64_t tag = varint();
    switch (tag & 7) {
      case 0:
        return {tag >> 3, varint(), std::nullopt};
      case 1:
        return {tag >> 3, 0, bytes(8)};
      case 2:
        return {tag >> 3, 0, bytes(varint())};
      case 5:
        return {tag >> 3, 0, bytes(4)};
      default:
        refuse();
    }
  }

 private:
  std::uint64_t varint() {
    std::uint64_t value = 0;
    for (int shift = 0; shift < 64; shift += 7) {
      if (data_.empty()) refuse();
      const auto byte = static_cast<unsigned char>(data_.front());
      data_.remove_prefix(1);
      if (shift == 63 && byte > 1) refuse();
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    refuse();
  }

  std::string_view bytes(std::uint64_t size) {
    if (size > data_.size()) refuse();
    const std::string_view found = data_.substr(0, size);
    data_.remove_prefix(size);
    return found;
  }

  std::string_view data_;
};

bool has_external(Message message, std::string_view data, int depth) {
  if (depth > max_depth) refuse();
  Reader reader(data);
  while (reader.has_more()) {
    const Reader::Field field = reader.next();
    if (message == Message::tensor) {
      const bool is_location = field.number == external_data || field.number == data_location;
      if (is_location && (field.bytes || field.value != 0)) return true;  // data_location 0 says that the data is here
      continue;
    }
    const auto child = child_of(message, field.number);
    if (child && field.bytes && has_external(*child, *field.bytes, depth + 1)) return true;
  }
  return false;
}

}  // namespace

// Why the word: external data must name its file under the key `location`, so a model without that word has none. Only
// a model that has it, perhaps as a category, is walked.
void refuse_external_data(std::string_view model) {
  if (model.find("location") == std::string_view::npos) return;
  if (!has_external(Message::model, model, 0)) return;
  throw_artifact("artifact-unsafe", "model.onnx keeps data in another file",
                 "an artifact of skc never does: do not serve it");
}

}  // namespace skc::detail
