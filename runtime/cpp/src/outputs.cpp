#include "skc/outputs.hpp"

#include "errors.hpp"

namespace skc {

std::string_view name_of(DType dtype) noexcept {
  constexpr std::string_view names[] = {"float32", "float64", "int64", "bool", "string"};
  return names[static_cast<std::size_t>(dtype)];
}

void Output::refuse_type() const {
  detail::throw_runtime("invalid-option", "output `" + name() + "` is " + std::string(name_of(dtype())),
                        "ask for float, double, std::int64_t, bool or std::string, as the output is");
}

void Output::refuse_place(std::size_t row, std::size_t column) const {
  const std::string size = std::to_string(rows()) + " rows and " + std::to_string(columns()) + " columns";
  detail::throw_runtime("invalid-option", "output `" + name() + "` has " + size + ", nothing at row " +
                                              std::to_string(row) + ", column " + std::to_string(column));
}

const Output* Outputs::find(std::string_view name) const noexcept {
  for (const Output& output : outputs_) {
    if (output.name() == name) return &output;
  }
  return nullptr;
}

const Output& Outputs::operator[](std::string_view name) const {
  const Output* found = find(name);
  if (found == nullptr) detail::throw_runtime("invalid-option", "there is no output " + detail::shown(name));
  return *found;
}

}  // namespace skc
