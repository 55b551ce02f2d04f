#include <gtest/gtest.h>
#include <sys/stat.h>

#include <nlohmann/json.hpp>

#include "artifact.hpp"

namespace {

namespace fs = std::filesystem;

TEST(Load, serves_both_signatures) {
  SKC_NEEDS_RIDES();
  for (const char* signature : {"columns", "packed"}) {
    const auto transformer = skc::Transformer::load(rides(signature).string());
    EXPECT_EQ(transformer.describe().signature, signature);
    EXPECT_EQ(transformer.describe().inputs.size(), 8u);
    EXPECT_EQ(transformer.transform(ride())["x"].columns(), 13u);
  }
}

TEST(Load, refuses_what_is_no_artifact) {
  SKC_NEEDS_RIDES();
  EXPECT_EQ(load_code("/nowhere"), "artifact-not-found");
  EXPECT_EQ(load_code(rides() / "model.onnx"), "artifact-not-found");
  EXPECT_EQ(load_code(fs::temp_directory_path()), "artifact-file-missing");
}

TEST(Load, refuses_files_that_are_not_those_of_the_manifest) {
  SKC_NEEDS_RIDES();
  for (const char* name : {"model.onnx", "plan.json", "golden.jsonl"}) {
    const Copy changed, missing;
    changed.write(name, changed.read(name) + "\n");
    EXPECT_EQ(load_code(changed.path()), "artifact-hash-mismatch") << name;
    fs::remove(missing.path(name));
    EXPECT_EQ(load_code(missing.path()), "artifact-file-missing") << name;
  }
}

TEST(Load, takes_the_bytes_of_files) {
  SKC_NEEDS_RIDES();
  const Copy copy;
  std::map<std::string, std::string> files;
  for (const char* name : {"manifest.json", "model.onnx", "plan.json", "golden.jsonl"}) files[name] = copy.read(name);
  EXPECT_EQ(skc::Transformer::load_files(files).transform(ride()).size(), skc::Transformer::load(copy.path().string()).transform(ride()).size());
  files["plan.json"] += "\n";
  EXPECT_EQ(code_of([&] { skc::Transformer::load_files(files); }), "artifact-hash-mismatch");
  files.erase("plan.json");
  EXPECT_EQ(code_of([&] { skc::Transformer::load_files(files); }), "artifact-file-missing");
}

TEST(Load, refuses_links_that_lead_out_and_what_is_no_file) {
  SKC_NEEDS_RIDES();
  for (const char* name : {"manifest.json", "model.onnx"}) {
    const Copy linked, folder, pipe;
    fs::rename(linked.path(name), linked.path("real"));
    fs::create_symlink("real", linked.path(name));
    EXPECT_EQ(load_code(linked.path()), "") << name;  // it stays inside
    fs::remove(linked.path(name));
    fs::create_symlink(rides() / name, linked.path(name));
    EXPECT_EQ(load_code(linked.path()), "artifact-unsafe") << name;
    fs::remove(folder.path(name));
    fs::create_directory(folder.path(name));
    EXPECT_EQ(load_code(folder.path()), "artifact-unsafe") << name;
    fs::remove(pipe.path(name));
    ASSERT_EQ(mkfifo(pipe.path(name).c_str(), 0600), 0);
    EXPECT_EQ(load_code(pipe.path()), "artifact-unsafe") << name;
  }
}

TEST(Load, refuses_a_file_that_is_too_large_without_reading_it) {
  SKC_NEEDS_RIDES();
  const Copy copy;
  fs::resize_file(copy.path("golden.jsonl"), (std::uintmax_t{64} << 20) + 1);
  EXPECT_EQ(load_code(copy.path()), "artifact-too-large");
}

TEST(Load, refuses_manifests_that_are_edited) {
  SKC_NEEDS_RIDES();
  struct Edit {
    const char *from, *to, *code;
  };
  const Edit edits[] = {
      {"\"format\":1", "\"format\":2", "artifact-too-new"},
      {"\"format\":1", "\"format\":1.0", "artifact-malformed"},
      {"\"format\":1", "\"format\":true", "artifact-malformed"},
      {"\"format\":1", "\"format\":1,\"format\":1", "artifact-malformed"},
      {"\"format\":1", "\"format\":1,\"more\":1", "artifact-malformed"},
      {"\"skc\":\"artifact\"", "\"skc\":\"golden\"", "artifact-malformed"},
      {"\"name\":\"zone\"", "\"name\":\"driver\"", "artifact-malformed"},
      {"\"name\":\"zone\"", "\"name\":\"z\\u0000\"", "artifact-malformed"},
      {"\"name\":\"zone\"", "\"name\":\"\\ud800\"", "artifact-malformed"},
      {"\"width\":1", "\"width\":1000000", "artifact-malformed"},
      {"\"model.onnx\":", "\"../model.onnx\":", "artifact-unsafe"},
      {"\"model.onnx\":", "\"model.onxx\":", "artifact-malformed"},
      {"\"minimum_onnxruntime\":\"1.", "\"minimum_onnxruntime\":\"999.", "onnxruntime-too-old"},
      {"\"tensor\":\"skc.guards\"", "\"tensor\":\"skc.other\"", "artifact-inconsistent"},
      {"\"dtype\":\"float32\"", "\"dtype\":\"float64\"", "artifact-inconsistent"},
  };
  for (const Edit& edit : edits) {
    const Copy copy;
    copy.edit_manifest(edit.from, edit.to);
    EXPECT_EQ(load_code(copy.path()), edit.code) << edit.to;
  }
}

TEST(Load, refuses_a_plan_that_is_not_that_of_the_model) {
  SKC_NEEDS_RIDES();
  const Copy copy;
  const std::string plan = copy.read("plan.json");
  copy.write_hashed("plan.json", plan + "\n");
  EXPECT_EQ(load_code(copy.path()), "artifact-malformed");  // `plan` says another hash than `files`
}

TEST(Load, refuses_a_model_that_is_none) {
  SKC_NEEDS_RIDES();
  const Copy copy;
  copy.write_hashed("model.onnx", "no model");
  EXPECT_EQ(load_code(copy.path()), "model-refused");
}

TEST(Load, refuses_golden_records_that_come_out_otherwise) {
  SKC_NEEDS_RIDES();
  const Copy value, key, head, error;
  const std::string text = value.read("golden.jsonl");
  const auto replaced = [&](const std::string& from, const std::string& to) {
    std::string changed = text;
    return changed.replace(changed.find(from), from.size(), to);
  };
  value.write_hashed("golden.jsonl", replaced("\"ids\":[\"", "\"ids\":[\"1"));
  EXPECT_EQ(load_code(value.path()), "golden-mismatch");
  key.write_hashed("golden.jsonl", replaced("\"zone\":", "\"zune\":"));
  EXPECT_EQ(load_code(key.path()), "artifact-malformed");
  head.write_hashed("golden.jsonl", replaced("\"format\":1", "\"format\":2"));
  EXPECT_EQ(load_code(head.path()), "artifact-too-new");
  const std::size_t start = text.find("\"outputs\""), end = text.find('\n', start);
  error.write_hashed("golden.jsonl", text.substr(0, start) + "\"error\":{\"code\":\"null\"}}" + text.substr(end));
  EXPECT_EQ(load_code(error.path()), "golden-mismatch");
}

TEST(Load, tolerates_last_bits_of_inexact_columns_if_asked) {
  SKC_NEEDS_RIDES();
  const Copy copy;
  std::string text = copy.read("golden.jsonl");
  const std::string from = "\"x\":[";
  const std::size_t start = text.find(from) + from.size();
  const std::size_t end = text.find(',', start);
  const double other = std::stod(text.substr(start, end - start)) * (1 + 1e-7);
  copy.write_hashed("golden.jsonl", text.replace(start, end - start, nlohmann::json(other).dump()));
  EXPECT_EQ(load_code(copy.path()), "golden-mismatch");
  skc::LoadOptions options;
  options.replay = skc::Replay::tolerance;
  EXPECT_NO_THROW(skc::Transformer::load(copy.path().string(), options));
}

TEST(Load, uses_one_onnxruntime_in_a_process) {
  SKC_NEEDS_ONNXRUNTIME();
  skc::LoadOptions options;
  options.onnxruntime_library = "libm.so.6";
  EXPECT_EQ(code_of([&] { skc::onnxruntime_version(options); }), "invalid-option");
  options.onnxruntime_library = "/nowhere/libonnxruntime.so";
  EXPECT_EQ(code_of([&] { skc::onnxruntime_version(options); }), "invalid-option");
}

}  // namespace
