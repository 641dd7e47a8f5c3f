#include "codegen/frontend/suggest.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace antidrome::frontend {
namespace {

/// Levenshtein distance, a row at a time.
std::size_t edits(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t k = 0; k <= b.size(); ++k) row[k] = k;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string closest(std::string_view word, const std::vector<std::string>& candidates) {
  std::string best;
  std::size_t least = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const std::string& c : candidates)
    if (const std::size_t n = edits(word, c); n < least && n < c.size()) least = n, best = c;
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
  const std::string best = closest(word, candidates);
  return best.empty() ? "" : fmt::format(", did you mean '{}'", best);
}

std::string quoted_list(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t k = 0; k < words.size() && k < 8; ++k) out += fmt::format("{}'{}'", k ? ", " : "", words[k]);
  if (words.size() > 8) out += fmt::format(" and {} more", words.size() - 8);
  return out;
}

}  // namespace antidrome::frontend
