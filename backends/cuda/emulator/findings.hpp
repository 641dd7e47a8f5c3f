// Collects findings while kernels run: places are addresses until somebody asks.
#pragma once
#include <functional>
#include <map>
#include <memory>
#include <tuple>
#include <vector>

#include "backends/cuda/emulator/block.hpp"
#include "backends/cuda/emulator/module.hpp"
#include "backends/cuda/emulator/places.hpp"

namespace antidrome::emulator {

class Findings {
 public:
  /// What is being launched: the next findings are its.
  void of(std::string kernel, std::shared_ptr<LoadedModule> module) { kernel_ = std::move(kernel), module_ = std::move(module); }
  /// `what` is asked the first time only.
  void add(Defect defect, const Call& at, const Call& other, emulated::Index block, emulated::Index thread, const std::function<std::string()>& what);
  Report report(Places& places) const;
  void clear() { raw_.clear(), index_.clear(); }

 private:
  struct Raw {
    Finding finding;
    Call at, other;
    std::shared_ptr<LoadedModule> module;
  };
  using Key = std::tuple<Defect, const LoadedModule*, std::string, const void*, const void*, int, int>;

  std::string kernel_;
  std::shared_ptr<LoadedModule> module_;
  std::vector<Raw> raw_;
  std::map<Key, std::size_t> index_;
};

}  // namespace antidrome::emulator
