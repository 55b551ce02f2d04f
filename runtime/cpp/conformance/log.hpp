// Requests to serve and to log.
#pragma once

#include "cells.hpp"

namespace conformance {

// Opens a log, serves every request, and logs it: the counts.
Json log(const skc::Transformer& transformer, const Json& request);

}  // namespace conformance
