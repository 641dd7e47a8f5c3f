#include "runtime/cli/same_job.hpp"

#include "runtime/data/sha256.hpp"
#include "runtime/session/failure.hpp"
#include "runtime/train/trainer.hpp"

#include <algorithm>
#include <fmt/format.h>
#include <fstream>
#include <sstream>

namespace antidrome::cli {
namespace {

using Facts = std::map<std::string, std::string>;

std::string sha256_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  data::Sha256 sum;
  std::vector<char> block(std::size_t{1} << 20);
  while (in.read(block.data(), static_cast<std::streamsize>(block.size())) || in.gcount() > 0) sum.add(block.data(), static_cast<std::size_t>(in.gcount()));
  return sum.hex().substr(0, 16);
}

std::string text_of(const Facts& facts) {
  std::string out;
  for (const auto& [key, value] : facts) out += fmt::format("{}\x1f{}\x1e", key, value);
  return out;
}

Facts parse(const std::string& text) {
  Facts out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line, '\x1e');)
    if (const std::size_t cut = line.find('\x1f'); cut != std::string::npos) out[line.substr(0, cut)] = line.substr(cut + 1);
  return out;
}

std::string value(const Facts& facts, const std::string& key) {
  const auto found = facts.find(key);
  return found == facts.end() ? "(not set)" : found->second;
}

/// Every rank sees the same facts of all, so all of them fail together.
void compare(Ranks& ranks, const Facts& own, const std::string& remedy) {
  const std::vector<std::string> all = gather_texts(ranks, text_of(own));
  const Facts first = parse(all.front());
  Diagnostics diagnostics;
  for (std::size_t r = 1; r < all.size() && !diagnostics.has_errors(); ++r) {
    const Facts other = parse(all[r]);
    Facts keys = first;
    keys.insert(other.begin(), other.end());
    std::erase_if(keys, [&](const auto& fact) { return value(first, fact.first) == value(other, fact.first); });
    if (keys.empty()) continue;
    Diagnostic& d = diagnostics.error("AD461", {}, fmt::format("rank {} of the job does not do the same as rank 0", r), remedy);
    constexpr std::size_t shown = 8;
    std::size_t count = 0;
    for (const auto& [key, unused] : keys)
      if (++count <= shown) d.notes.emplace_back(Location{}, fmt::format("{}: {} on rank {}, {} on rank 0", key, value(other, key), r, value(first, key)));
    if (count > shown) d.notes.emplace_back(Location{}, fmt::format("and {} more", count - shown));
  }
  if (diagnostics.has_errors()) throw Failure(exit_user, std::move(diagnostics));
}

bool may_differ(const std::string& key) { return key == "train.threads" || key == "model.file" || key == "data.path"; }

}  // namespace

void check_same_program(Ranks& ranks, const std::string& command) {
  compare(ranks, {{"command", command}, {"program antidrome (SHA-256)", sha256_of("/proc/self/exe")}}, "start the same command of the same build on every host: mpirun -n 4 antidrome train …");
}

void check_same_run(const RunConfig& config, const Session& session) {
  Ranks& ranks = session.ranks();
  if (ranks.size() == 1) return;
  Facts facts;
  for (const auto& [key, text] : config.flat)
    if (!may_differ(key)) facts[key] = text;
  facts["fingerprint of the model"] = session.manifest().fingerprint;
  facts["simulator (SHA-256)"] = sha256_of(session.simulator().file());
  compare(ranks, facts, "give every rank the same configuration, and simulators made by the same compiler for the same kind of processor");
  check_same_parameters(session);
}

}  // namespace antidrome::cli
