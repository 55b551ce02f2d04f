// Serve predictions: one JSON record per line on stdin, one prediction per line on stdout.
//
//     cmake -S . -B build && cmake --build build && build/serve [FOLDER of artifact and model.json]
#include <cmath>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>
#include <skc/skc.hpp>
#include <string>

using nlohmann::json;

namespace {

skc::Value value_of(const json& value) {
  if (value.is_null()) return nullptr;
  if (value.is_boolean()) return value.get<bool>();
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (value.is_number_integer()) return value.get<std::int64_t>();
  if (value.is_number()) return value.get<double>();
  return value.get<std::string>();
}

// The probability of a tip. An id that training never saw has weight 0.
double predict(const json& model, const skc::Outputs& features) {
  double score = model["intercept"];
  const auto& x = features["x"].values<float>();
  for (std::size_t k = 0; k < x.size(); ++k) score += model["x"][k].get<double>() * double{x[k]};
  const auto& ids = features["ids"].values<std::int64_t>();
  for (std::size_t k = 0; k < ids.size(); ++k) {
    const auto& weights = model["ids"][k];
    const auto id = static_cast<std::size_t>(ids[k]);
    if (id < weights.size()) score += weights[id].get<double>();
  }
  return std::round(1e6 / (1 + std::exp(-score))) / 1e6;
}

json answer(const skc::Transformer& transformer, const json& model, const json& line) {
  skc::Record record;
  for (const auto& [name, value] : line.items()) record.add(name, value_of(value));
  try {
    return {{"tipped", predict(model, transformer.transform(record))}};
  } catch (const skc::RecordError& error) {
    return {{"error", error.code()}, {"message", error.what()}};
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string folder = argc > 1 ? argv[1] : "..";
  try {
    std::ifstream file(folder + "/model.json");
    const auto model = json::parse(file);
    const auto transformer = skc::Transformer::load(folder + "/artifact");
    for (std::string line; std::getline(std::cin, line);) {
      std::cout << answer(transformer, model, json::parse(line)).dump() << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
