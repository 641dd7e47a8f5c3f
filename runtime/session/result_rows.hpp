// What a batch produced, sample by sample, brought to every rank that shared it.
#pragma once
#include "runtime/ranks/exchange.hpp"
#include "runtime/session/session.hpp"

namespace antidrome {

/// Room for so many samples; everything is as if nothing had been computed.
void resize(BatchResult& result, std::size_t samples, std::uint32_t scores, std::uint32_t neurons);

/// `result` of this rank's samples becomes that of all, in their order; its code is that of the first sample that has one.
void collect_rows(BatchResult& result, Exchange& exchange, const antidrome_share& share, std::uint32_t scores, std::uint32_t neurons);

}  // namespace antidrome
