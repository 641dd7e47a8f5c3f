// A simulator library, loaded by the C ABI and checked against its manifest.
#pragma once
#include "runtime/session/manifest.hpp"

#include <antidrome/abi.h>

#include <memory>

namespace antidrome {

class Simulator {
 public:
  /// Loads manifest.library (in the manifest's folder, else in ../lib beside this executable) and checks ABI version,
  /// precision, fingerprint and number of parameters. Throws Failure: AD422 cannot be loaded, AD423 does not fit.
  explicit Simulator(const Manifest& manifest);

  std::uint32_t real_bytes() const { return abi_->precision; }
  const std::filesystem::path& file() const { return file_; }
  bool shares() const { return abi_->shares != 0; }    ///< whether it computes a part of a batch
  std::uint32_t lanes() const { return abi_->lanes; }
  std::uint32_t stride(std::size_t parameter) const { return abi_->strides[parameter]; }
  std::uint64_t workspace_bytes(const antidrome_settings& settings, std::uint64_t* tape_bytes = nullptr) const {
    return abi_->workspace_bytes(abi_->self, &settings, tape_bytes);
  }
  bool holds_parameters() const { return abi_->put != nullptr; }   ///< between batches, and moves them itself when asked to
  void put(const antidrome_state& state) const { abi_->put(abi_->self, &state); }
  void fetch(const antidrome_state& state) const { abi_->fetch(abi_->self, &state); }
  int run(const antidrome_batch& batch) const { return abi_->run(abi_->self, &batch); }

 private:
  std::filesystem::path file_;
  std::shared_ptr<void> library_;
  const antidrome_simulator* abi_ = nullptr;
};

/// The folder of the running executable.
std::filesystem::path executable_folder();

}  // namespace antidrome
