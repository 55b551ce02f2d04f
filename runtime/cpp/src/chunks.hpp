// A large batch in chunks, on all cores.
//
// Why: a chunk stays in a processor's cache, from the values of the request to the features, and its tensors are used
// again for the next one. A step that splits texts makes tensors of rows × longest text, so that a long text allows fewer
// rows. A row has the same bits in any chunk.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <vector>

namespace skc::detail {

// A chunk has at most so many rows, and rows × bytes of its longest text, unless it is one row. The same in every language.
inline constexpr std::size_t chunk_rows = 4096;
inline constexpr std::size_t chunk_text = std::size_t{1} << 18;

// The end of the chunk that begins at row `start` of `rows`; `longest_in(row)` is the length of the longest text of a row.
template <class LongestIn>
std::size_t end_of_chunk(std::size_t start, std::size_t rows, const LongestIn& longest_in) {
  std::size_t longest = longest_in(start), end = start + 1;
  for (; end < rows && end - start < chunk_rows; ++end) {
    longest = std::max(longest, longest_in(end));
    if ((end + 1 - start) * longest > chunk_text) break;
  }
  return end;
}

// Calls a worker for every chunk from 0 to `chunks` - 1, in this order, each chunk once. `make_worker()` returns one for each
// thread, this one included. After a worker throws no further chunk begins. Returns when no worker runs any more; if some
// threw, with the exception of the lowest chunk: all chunks below it have been done.
template <class MakeWorker>
void for_each_chunk(std::size_t chunks, const MakeWorker& make_worker) {
  std::atomic<std::size_t> next = 0;
  std::mutex mutex;  // of what follows
  std::size_t failed = chunks;
  std::exception_ptr error;
  const auto work = [&]() noexcept {
    std::size_t chunk = next.fetch_add(1);
    try {
      if (chunk >= chunks) return;
      auto worker = make_worker();
      for (; chunk < chunks; chunk = next.fetch_add(1)) worker(chunk);
    } catch (...) {
      next.store(chunks);
      const std::lock_guard<std::mutex> lock(mutex);
      if (chunk > failed) return;
      failed = chunk;
      error = std::current_exception();
    }
  };
  const std::size_t cores = std::thread::hardware_concurrency();  // that this process may use; 0 if unknown
  std::vector<std::thread> others;
  try {
    while (others.size() + 1 < cores && others.size() + 1 < chunks) others.emplace_back(work);
  } catch (const std::system_error&) {  // the machine has no more threads for us: fewer do it as well
  } catch (const std::bad_alloc&) {
  }
  work();
  for (std::thread& other : others) other.join();
  if (error) std::rethrow_exception(error);
}

}  // namespace skc::detail
