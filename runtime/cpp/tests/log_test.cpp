#include "skc/log.hpp"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>

#include "artifact.hpp"

namespace {

namespace fs = std::filesystem;

// The files of a log by the process that wrote them, in a folder that goes away with the object.
class LogFolder {
 public:
  LogFolder() : path_(fs::temp_directory_path() / ("skc-log-" + std::to_string(::getpid()))) {}
  LogFolder(const LogFolder&) = delete;
  LogFolder& operator=(const LogFolder&) = delete;
  ~LogFolder() { fs::remove_all(path_); }

  std::string path() const { return path_; }
  std::string of(pid_t process, int part = 0) const {
    std::ifstream file(path_ / (std::to_string(process) + "-" + std::to_string(part) + ".jsonl"));
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  fs::path path_;
};

TEST(Log, AChildWritesFilesOfItsOwn) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  const skc::Outputs features = transformer.transform(ride());
  const LogFolder folder;
  skc::Log log(folder.path(), transformer);
  log.add("parent", ride(), features);  // still waiting when the child begins
  const pid_t child = ::fork();
  if (child == 0) {
    log.add("child", ride(), features);
    log.close();
    ::_exit(log.counts().logged == 1 ? 0 : 1);
  }
  int status = 1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  log.add("parent again", ride(), features);
  log.close();
  EXPECT_EQ(log.counts().logged, 2u);
  const std::string own = folder.of(::getpid()), of_child = folder.of(child);
  EXPECT_NE(own.find(R"({"n":2,"id":"parent again",)"), std::string::npos) << own;
  EXPECT_EQ(own.find(R"("id":"child")"), std::string::npos) << own;
  EXPECT_NE(of_child.find(R"({"n":1,"id":"child",)"), std::string::npos) << of_child;
  EXPECT_NE(of_child.find(R"({"end":true,"n":1,"logged":1,"dropped":0,"sampled_out":0})"), std::string::npos);
}

TEST(Log, AFileHasTheRequestsOfOneArtifact) {
  SKC_NEEDS_RIDES();
  const auto one = skc::Transformer::load(rides());
  const LogFolder folder;
  skc::Log log(folder.path(), one);
  std::string identity;
  {
    const auto other = skc::Transformer::load(rides("packed"));
    identity = other.identity();
    const skc::Outputs features = other.transform(ride());
    const skc::Record record = ride();
    const auto add = [&](std::string_view id, const skc::Transformer* by) {
      skc::LogEntry entry;
      entry.id = id;
      entry.record = &record;
      entry.features = &features;
      entry.served_by = by;
      log.add(entry);
    };
    add("a", nullptr);
    add("b", &one);
    add("c", &other);
    add("d", &one);
    add("e", &other);
  }  // what it served is still to be written
  log.close();
  EXPECT_EQ(log.counts().logged, 5u);
  const std::pair<std::string, std::string> wanted[] = {
      {one.identity(), R"(,"after":0,"logged":0,)"},
      {identity, R"(,"after":2,"logged":2,)"},
      {one.identity(), R"(,"after":3,"logged":3,)"},
      {identity, R"(,"after":4,"logged":4,)"},
  };
  const std::string ends[] = {R"({"end":true,"n":2,"logged":2,)", R"({"end":true,"n":3,"logged":3,)",
                              R"({"end":true,"n":4,"logged":4,)", R"({"end":true,"n":5,"logged":5,)"};
  const std::string first[] = {R"({"n":1,"id":"a",)", R"({"n":3,"id":"c",)", R"({"n":4,"id":"d",)", R"({"n":5,"id":"e",)"};
  for (int part = 0; part < 4; ++part) {
    const std::string text = folder.of(::getpid(), part);
    EXPECT_NE(text.find(R"("identity":")" + wanted[part].first + '"'), std::string::npos) << text;
    EXPECT_NE(text.find(wanted[part].second), std::string::npos) << text;
    EXPECT_NE(text.find(ends[part]), std::string::npos) << text;
    EXPECT_NE(text.find(first[part]), std::string::npos) << text;
  }
  EXPECT_NE(folder.of(::getpid()).find(R"({"n":2,"id":"b",)"), std::string::npos);
}

TEST(Log, AFolderThatCannotBeMadeIsAnErrorAtOnce) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides());
  EXPECT_EQ(code_of([&] { skc::Log("/dev/null/log", transformer); }), "log-failed");
  skc::LogOptions options;
  options.sample = 2;
  EXPECT_EQ(code_of([&] { skc::Log("/dev/null/log", transformer, options); }), "invalid-option");
}

}  // namespace
