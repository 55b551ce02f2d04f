// Serve predictions: one request body per line on stdin, one answer per line on stdout. An answer has the status it
// would have over HTTP. What the runtime refuses gets status 400 with its code: the runtime is the only parser.
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

// The probability of a tip in one row. An id not seen in training has weight 0.
double predict(const json& model, const skc::Outputs& features, std::size_t row) {
  double score = model["intercept"];
  for (std::size_t k = 0; k < model["x"].size(); ++k) {
    score += model["x"][k].get<double>() * double{features["x"].at<float>(row, k)};
  }
  for (std::size_t k = 0; k < model["ids"].size(); ++k) {
    const auto& weights = model["ids"][k];
    const auto id = static_cast<std::size_t>(features["ids"].at<std::int64_t>(row, k));
    if (id < weights.size()) score += weights[id].get<double>();
  }
  return std::round(1e6 / (1 + std::exp(-score))) / 1e6;
}

json answer(const skc::Transformer& transformer, const json& model, const std::string& body) {
  try {
    const auto features = transformer.transform_json(body);
    if (features.is_single()) return {{"status", 200}, {"tipped", predict(model, features, 0)}};
    auto tipped = json::array();
    for (std::size_t row = 0; row < features.rows(); ++row) tipped.push_back(predict(model, features, row));
    return {{"status", 200}, {"tipped", tipped}};
  } catch (const skc::RecordError& error) {
    return {{"status", 400}, {"error", error.code()}, {"message", error.what()}};
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
      std::cout << answer(transformer, model, line).dump(-1, ' ', false, json::error_handler_t::replace) << std::endl;
    }
  } catch (const std::exception& error) {
    std::cerr << error.what() << '\n';
    return 1;
  }
}
