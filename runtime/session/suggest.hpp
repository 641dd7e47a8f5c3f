// "did you mean": the nearest of some names.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace antidrome {

/// The candidate with the smallest edit distance to `word`, or "" when none is near enough to be what was meant.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);

/// "did you mean 'epochs'?"; else "one of: a, b, c" (at most eight, then "and 3 more").
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace antidrome
