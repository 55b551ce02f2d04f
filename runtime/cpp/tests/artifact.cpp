#include "artifact.hpp"

#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "files.hpp"

namespace fs = std::filesystem;

fs::path rides(const std::string& signature) {
  const char* suite = std::getenv("SKC_CONFORMANCE");
  return fs::path(suite != nullptr ? suite : SKC_CONFORMANCE_DEFAULT) / "artifacts" / "examples" / "rides" / signature;
}

bool has_onnxruntime() {
  return code_of([] { skc::onnxruntime_version(); }).empty();
}

skc::Record ride() {
  return {{"pickup", "2019-01-23 20:30:15"},
          {"zone", "MIDTOWN"},
          {"driver", "é"},
          {"passengers", 3},
          {"distance_km", 1.5},
          {"fare", 10.0},
          {"payment", "app"},
          {"night", true}};
}

Copy::Copy() {
  std::string pattern = (fs::temp_directory_path() / "skc-test-XXXXXX").string();
  if (mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("no folder can be made");
  folder_ = pattern;
  fs::copy(rides(), folder_, fs::copy_options::recursive);
}

Copy::~Copy() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::string Copy::read(const std::string& name) const {
  std::ifstream file(path(name), std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void Copy::write(const std::string& name, const std::string& text) const {
  std::ofstream(path(name), std::ios::binary) << text;
}

void Copy::write_hashed(const std::string& name, const std::string& text) const {
  edit_manifest(skc::detail::sha256(read(name)), skc::detail::sha256(text));
  write(name, text);
}

void Copy::edit_manifest(const std::string& from, const std::string& to) const {
  std::string text = read("manifest.json");
  const std::size_t place = text.find(from);
  if (place == std::string::npos) throw std::runtime_error("the manifest has no " + from);
  write("manifest.json", text.replace(place, from.size(), to));
}

std::string code_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const skc::Error& error) {
    return error.code();
  }
  return "";
}

std::string load_code(const fs::path& folder) {
  return code_of([&] { skc::Transformer::load(folder.string()); });
}
