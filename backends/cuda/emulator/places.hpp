// From addresses in a module to lines of kernel text, by addr2line.
#pragma once
#include <map>
#include <memory>
#include <set>
#include <utility>

#include "backends/cuda/emulator/block.hpp"
#include "backends/cuda/emulator/module.hpp"

namespace antidrome::emulator {

class Places {
 public:
  /// Announces an address; those that are wanted are looked up together.
  void want(const std::shared_ptr<LoadedModule>& module, const void* pc);
  /// The line of kernel text. Without addr2line: of a barrier or exchange the line of its call, of an access the address in the file.
  Place of(const std::shared_ptr<LoadedModule>& module, const Call& call);

 private:
  using Key = std::pair<std::shared_ptr<LoadedModule>, const void*>;
  void look_up();
  std::map<Key, Place> known_;
  std::map<std::shared_ptr<LoadedModule>, std::set<const void*>> wanted_;
};

}  // namespace antidrome::emulator
