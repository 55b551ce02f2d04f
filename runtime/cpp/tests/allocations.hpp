// Counts what our code allocates; ONNX Runtime is another library, with its own functions.
#pragma once

#include <cstddef>

// By `operator new` in this thread.
std::size_t allocations() noexcept;
