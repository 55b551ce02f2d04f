#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <set>
#include <thread>

#include "allocations.hpp"
#include "artifact.hpp"
#include "chunks.hpp"
#include "files.hpp"
#include "marshal.hpp"
#include "results.hpp"
#include "session.hpp"

namespace {

using skc::detail::chunk_rows;
using skc::detail::chunk_text;

struct Rows {
  std::vector<skc::Record> records;
  skc::Columns columns() const {
    skc::Columns found;
    for (const auto& [name, value] : records.front()) {
      std::vector<skc::Value> values;
      for (const skc::Record& record : records) values.push_back(*record.find(name));
      found.add(name, std::move(values));
    }
    return found;
  }
};

// Rows that differ.
Rows ride_rows(std::size_t count) {
  Rows rows;
  for (std::size_t row = 0; row < count; ++row) {
    skc::Record record = ride();
    record["distance_km"] = static_cast<double>(row) / 8;
    record["driver"] = "d-" + std::to_string(row % 97);
    if (row % 3 == 0) record["zone"] = record["fare"] = nullptr;
    rows.records.push_back(std::move(record));
  }
  return rows;
}

bool is_row(const skc::Outputs& batch, std::size_t row, const skc::Outputs& one, std::size_t other) {
  for (const skc::Output& output : batch) {
    const bool is_equal = std::visit(
        [&](const auto& values) {
          using Values = std::decay_t<decltype(values)>;
          const auto& others = std::get<Values>(one[output.name()].data());
          const auto* begin = values.data() + row * output.columns();
          return std::equal(begin, begin + output.columns(), others.data() + other * output.columns());
        },
        output.data());
    if (!is_equal) return false;
  }
  return true;
}

bool is_same(const skc::Outputs& a, const skc::Outputs& b) {
  if (a.rows() != b.rows() || a.size() != b.size()) return false;
  for (std::size_t row = 0; row < a.rows(); ++row) {
    if (!is_row(a, row, b, row)) return false;
  }
  return true;
}

std::string refusal(const std::function<void()>& call) {
  try {
    call();
  } catch (const skc::RecordError& error) {
    return error.code() + " " + error.input().value_or("") + " " +
           (error.row() ? std::to_string(*error.row()) : "no row");
  }
  return "served";
}

TEST(Batch, is_its_rows) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides("packed"));
  for (const std::size_t count : {std::size_t{1}, chunk_rows - 1, chunk_rows, chunk_rows + 1, std::size_t{10000}}) {
    const Rows rows = ride_rows(count);
    const skc::Outputs batch = transformer.transform(rows.records);
    EXPECT_EQ(batch.rows(), count);
    EXPECT_FALSE(batch.is_single());
    EXPECT_TRUE(is_same(batch, transformer.transform(rows.columns()))) << count;
    for (const std::size_t row : {std::size_t{0}, std::size_t{1}, chunk_rows - 1, chunk_rows, 2 * chunk_rows, count - 1}) {
      if (row < count) {
        EXPECT_TRUE(is_row(batch, row, transformer.transform(rows.records[row]), 0)) << row << " of " << count;
      }
    }
  }
  EXPECT_EQ(transformer.transform(std::vector<skc::Record>()).rows(), 0u);
}

// A graph refuses a distance below -1, the marshalling a zone or a payment that is a number.
TEST(Batch, reports_the_first_refusal_of_all_chunks) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides("packed"));
  struct Case {
    std::vector<std::size_t> distances, zones, payments;
    std::string by_record, by_column;
  };
  const std::vector<Case> cases = {
      {{9000}, {}, {}, "invalid-value distance_km 9000", "invalid-value distance_km 9000"},
      {{9000, 5000, 8191}, {}, {}, "invalid-value distance_km 5000", "invalid-value distance_km 5000"},
      {{0, 4096, 8192}, {}, {}, "invalid-value distance_km 0", "invalid-value distance_km 0"},
      {{3, 4096}, {9000}, {}, "wrong-type zone 9000", "wrong-type zone 9000"},
      {{}, {9000, 4100}, {}, "wrong-type zone 4100", "wrong-type zone 4100"},
      {{4097}, {9000}, {3}, "wrong-type payment 3", "wrong-type zone 9000"},
  };
  for (const Case& each : cases) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      Rows rows = ride_rows(10000);
      for (const std::size_t row : each.distances) rows.records[row]["distance_km"] = -5.0;
      for (const std::size_t row : each.zones) rows.records[row]["zone"] = 7;
      for (const std::size_t row : each.payments) rows.records[row]["payment"] = 7;
      EXPECT_EQ(refusal([&] { transformer.transform(rows.records); }), each.by_record);
      EXPECT_EQ(refusal([&] { transformer.transform(rows.columns()); }), each.by_column);
    }
  }
}

TEST(Batch, is_served_to_many_threads_until_it_is_closed) {
  SKC_NEEDS_RIDES();
  auto transformer = skc::Transformer::load(rides("packed"));
  const Rows rows = ride_rows(2 * chunk_rows + 5);
  const skc::Columns columns = rows.columns();
  const skc::Outputs wanted = transformer.transform(columns);
  std::atomic<int> served = 0, wrong = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      const std::string code = code_of([&] {
        while (true) {
          if (!is_same(i % 2 == 0 ? transformer.transform(columns) : transformer.transform(rows.records), wanted)) ++wrong;
          ++served;
        }
      });
      if (code != "closed") ++wrong;
    });
  }
  while (served < 16) std::this_thread::yield();
  transformer.close();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

TEST(Batch, has_one_long_text) {
  SKC_NEEDS_RIDES();
  const auto transformer = skc::Transformer::load(rides("packed"));
  Rows rows = ride_rows(chunk_rows + 7);
  std::string text;
  for (int i = 0; i < 60000; ++i) text += "é long ";
  for (const std::size_t row : {std::size_t{0}, std::size_t{1000}, chunk_rows, chunk_rows + 6}) {
    rows.records[row]["driver"] = text;
  }
  const skc::Outputs batch = transformer.transform(rows.records);
  EXPECT_TRUE(is_same(batch, transformer.transform(rows.columns())));
  for (const std::size_t row : {std::size_t{0}, std::size_t{1}, std::size_t{999}, std::size_t{1000}, std::size_t{1001},
                                chunk_rows - 1, chunk_rows, chunk_rows + 6}) {
    EXPECT_TRUE(is_row(batch, row, transformer.transform(rows.records[row]), 0)) << row;
  }
}

TEST(Chunk, takes_as_many_rows_as_its_longest_text_allows) {
  const auto fits = [](const std::size_t* begin, const std::size_t* end) {
    const auto rows = static_cast<std::size_t>(end - begin);
    return rows <= chunk_rows && rows * *std::max_element(begin, end) <= chunk_text;
  };
  const auto mixed = [](std::size_t times) {
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < times; ++i) found.insert(found.end(), {0, 1, 63, 64, 65, 1000});
    return found;
  };
  const std::vector<std::vector<std::size_t>> all = {{0},
                                                     {chunk_text},
                                                     {chunk_text + 1, chunk_text + 1},
                                                     {1, chunk_text, 1, 1},
                                                     std::vector<std::size_t>(chunk_rows, 64),
                                                     std::vector<std::size_t>(chunk_rows, 65),
                                                     std::vector<std::size_t>(chunk_rows + 1, 0),
                                                     mixed(300)};
  for (const auto& lengths : all) {
    for (std::size_t start = 0, end; start < lengths.size(); start = end) {
      end = skc::detail::end_of_chunk(start, lengths.size(), [&](std::size_t row) { return lengths[row]; });
      ASSERT_GT(end, start);
      ASSERT_LE(end, lengths.size());
      const std::size_t* data = lengths.data();
      EXPECT_TRUE(end == start + 1 || fits(data + start, data + end)) << start << " to " << end;
      EXPECT_TRUE(end == lengths.size() || !fits(data + start, data + end + 1)) << start << " to " << end;
    }
  }
}

TEST(Chunk, is_done_once_and_the_lowest_failure_is_thrown) {
  for (const std::size_t chunks : {0u, 1u, 2u, 100u}) {
    std::mutex mutex;
    std::multiset<std::size_t> done;
    skc::detail::for_each_chunk(chunks, [&] {
      return [&](std::size_t chunk) {
        const std::lock_guard<std::mutex> lock(mutex);
        done.insert(chunk);
      };
    });
    std::multiset<std::size_t> wanted;
    for (std::size_t i = 0; i < chunks; ++i) wanted.insert(i);
    EXPECT_EQ(done, wanted);
  }
  for (int repeat = 0; repeat < 200; ++repeat) {
    std::atomic<int> running = 0;
    try {
      skc::detail::for_each_chunk(50, [&] {
        return [&](std::size_t chunk) {
          ++running;
          const std::size_t failed = chunk;
          if (chunk < 7) std::this_thread::yield();
          --running;
          if (chunk >= 7) throw failed;
        };
      });
      ADD_FAILURE() << "nothing was thrown";
    } catch (const std::size_t chunk) {
      EXPECT_EQ(chunk, 7u);
    }
    EXPECT_EQ(running, 0);
  }
}

// Exact counts, which hold on every machine. ONNX Runtime allocates by the same function, so a run of its own is
// subtracted.
TEST(Record, allocates_little) {
  SKC_NEEDS_RIDES();
  using namespace skc::detail;
  for (const auto& [signature, most] : {std::pair("packed", 8u), std::pair("columns", 8u)}) {
    const std::string folder = rides(signature).string();
    const auto transformer = skc::Transformer::load(folder);
    const OnnxRuntime& runtime = OnnxRuntime::open("");
    const Manifest manifest = read_manifest(Folder(folder).read("manifest.json"));
    const Session session(runtime, Folder(folder).read("model.onnx"));
    const Marshaller marshaller(manifest);
    Feeds feeds(runtime, manifest, 1);
    Seen seen;
    const skc::Record record = ride();
    const auto put = [&] { marshaller.put_record(record, skc::Extra::error, feeds, 0, std::nullopt, seen); };
    std::vector<const char*> inputs, outputs;
    for (const auto& tensor : manifest.tensors) inputs.push_back(tensor.name.c_str());
    const std::vector<skc::OutputInfo> infos = result_infos(manifest);
    for (const auto& info : infos) outputs.push_back(info.name.c_str());
    outputs.push_back(manifest.guards->tensor.c_str());
    const auto run = [&] {
      RunOutputs found(runtime, outputs.size());
      session.run(inputs, feeds.values(), outputs, found.data());
    };
    const auto count = [](const auto& call) {
      call();  // the first time anything may be made that is kept
      const std::size_t before = allocations();
      call();
      return allocations() - before;
    };
    EXPECT_EQ(count(put), 0u) << signature;
    EXPECT_LE(count([&] { transformer.transform(record); }) - count(run), most) << signature;
  }
}

}  // namespace
