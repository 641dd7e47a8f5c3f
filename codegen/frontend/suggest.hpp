// "did you mean": the candidate nearest to a misspelt word.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace antidrome::frontend {

/// The candidate with the fewest edits (at most a third of the word, at least two); empty when none is near.
std::string closest(std::string_view word, const std::vector<std::string>& candidates);

/// ", did you mean 'x'" or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

/// "a, b, c" with each in quotes; at most eight, then "and 12 more".
std::string quoted_list(const std::vector<std::string>& words);

}  // namespace antidrome::frontend
