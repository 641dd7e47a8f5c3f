#include "backends/cuda/emulator/places.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <sstream>

#include <fmt/core.h>

#include "backends/cuda/emulator/process.hpp"

namespace antidrome::emulator {

namespace {

bool is_header(const std::string& file) {
  const std::string extension = std::filesystem::path(file).extension().string();
  return extension == ".h" || extension == ".hpp" || extension == ".cuh" || extension.empty();
}

/// "dir/kernels.cu:31 (discriminator 2)"; no file when it is not known.
Place parse(const std::string& line) {
  const std::size_t colon = line.rfind(':', line.find(" (") == std::string::npos ? std::string::npos : line.find(" ("));
  if (colon == std::string::npos || line.starts_with("??")) return {};
  Place p{line.substr(0, colon), 0};
  std::from_chars(line.data() + colon + 1, line.data() + line.size(), p.line);
  return p;
}

/// Of a call and the calls it was inlined into, innermost first: the innermost in kernel text.
Place choose(const std::vector<Place>& frames) {
  for (const Place& p : frames)
    if (!p.file.empty() && p.line > 0 && !is_header(p.file)) return p;
  return frames.empty() ? Place{} : frames.back();
}

}  // namespace

void Places::want(const std::shared_ptr<LoadedModule>& module, const void* pc) {
  if (pc != nullptr && !known_.contains({module, pc})) wanted_[module].insert(pc);
}

Place Places::of(const std::shared_ptr<LoadedModule>& module, const Call& call) {
  if (call.pc == nullptr) return call.site.file != nullptr ? Place{call.site.file, call.site.line} : Place{};
  want(module, call.pc);
  look_up();
  const Place& found = known_.at({module, call.pc});
  if (!found.file.empty()) return found;
  if (call.site.file != nullptr) return {call.site.file, call.site.line};
  return {fmt::format("{}+{:#x}", std::filesystem::path(module->path).filename().string(), reinterpret_cast<std::uintptr_t>(call.pc) - module->bias), 0};
}

void Places::look_up() {
  for (const auto& [module, addresses] : wanted_) {
    std::vector<const void*> all(addresses.begin(), addresses.end());
    constexpr std::size_t at_once = 2000;       // addresses on one command line
    for (std::size_t first = 0; first < all.size(); first += at_once) {
      std::vector<std::string> command = {"addr2line", "-a", "-i", "-e", module->path};
      const std::size_t end = std::min(all.size(), first + at_once);
      // An address is one that a call returns to; the call is before it.
      for (std::size_t k = first; k < end; ++k) command.push_back(fmt::format("{:#x}", reinterpret_cast<std::uintptr_t>(all[k]) - module->bias - 1));
      std::istringstream lines(run_program(command).output);
      std::vector<Place> frames;
      std::size_t k = first;
      bool begun = false;
      const auto finish = [&] {
        if (begun && k < end) known_[{module, all[k++]}] = choose(frames);
        frames.clear();
      };
      for (std::string line; std::getline(lines, line);) {
        if (line.starts_with("0x")) {
          finish();
          begun = true;
        } else if (begun) {
          frames.push_back(parse(line));
        }
      }
      finish();
      for (; k < end; ++k) known_[{module, all[k]}] = {};
    }
  }
  wanted_.clear();
}

}  // namespace antidrome::emulator
