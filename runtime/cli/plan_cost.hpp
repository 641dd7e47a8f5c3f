// `antidrome plan --cost`: what each kernel moves and computes, what that should take, and what it takes.
#pragma once
#include <memory>
#include <vector>

#include "runtime/session/session.hpp"

namespace antidrome::cli {

/// Runs a few batches of synthetic events, prints the table.
void print_cost(Session& session, std::uint32_t batch, int events);

}  // namespace antidrome::cli
