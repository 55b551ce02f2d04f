// All of the serving runtime of skc.
#pragma once

#include "skc/error.hpp"
#include "skc/log.hpp"
#include "skc/outputs.hpp"
#include "skc/record.hpp"
#include "skc/reloadable.hpp"
#include "skc/signals.hpp"
#include "skc/transformer.hpp"
#include "skc/value.hpp"
