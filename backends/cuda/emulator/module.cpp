#include "backends/cuda/emulator/module.hpp"

#include <dlfcn.h>
#include <link.h>

#include <algorithm>
#include <filesystem>

#include <fmt/core.h>
#include <fmt/ranges.h>

namespace antidrome::emulator {

namespace {

/// Finds the loaded file that an address is in.
struct Search {
  std::uintptr_t address, bias = 0, begin = 0, end = 0;
};
int visit(dl_phdr_info* info, std::size_t, void* data) {
  auto& search = *static_cast<Search*>(data);
  std::uintptr_t begin = ~std::uintptr_t{0}, end = 0;
  for (int k = 0; k < info->dlpi_phnum; ++k) {
    const auto& header = info->dlpi_phdr[k];
    if (header.p_type != PT_LOAD) continue;
    begin = std::min<std::uintptr_t>(begin, info->dlpi_addr + header.p_vaddr);
    end = std::max<std::uintptr_t>(end, info->dlpi_addr + header.p_vaddr + header.p_memsz);
  }
  if (search.address < begin || search.address >= end) return 0;
  search.bias = info->dlpi_addr, search.begin = begin, search.end = end;
  return 1;
}

}  // namespace

LoadedModule::LoadedModule(const std::string& file) : path(std::filesystem::absolute(file).string()) {
  handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (handle == nullptr) throw std::runtime_error(fmt::format("cannot load kernels: {}", dlerror()));
  const auto ask = reinterpret_cast<const emulated::Module* (*)()>(dlsym(handle, "antidrome_emulated_module"));
  if (ask == nullptr) {
    dlclose(handle);
    throw std::runtime_error(fmt::format("{} is no module of kernels for the emulator", path));
  }
  interface = ask();
  if (const std::uint32_t version = interface->version; version != emulated::interface_version) {
    dlclose(handle);
    throw std::runtime_error(fmt::format("{} was compiled for version {} of the emulator, this one is {}: compile it again", path, version, emulated::interface_version));
  }
  Search search{.address = reinterpret_cast<std::uintptr_t>(interface)};
  dl_iterate_phdr(&visit, &search);
  bias = search.bias, begin = search.begin, end = search.end;
  variables = emulator::variables(path, bias, interface->shared_begin, interface->shared_end);
}

LoadedModule::~LoadedModule() { dlclose(handle); }

std::vector<SharedArray> LoadedModule::arrays_of(const std::string& kernel) const {
  std::vector<SharedArray> own;
  for (const SharedArray& a : variables.shared) {
    const std::string owner = a.name.substr(0, a.name.find("::"));
    bool of_another = false;
    for (const emulated::Kernel* k = *interface->kernels; k != nullptr; k = k->next) of_another |= owner == k->name && owner != kernel;
    if (!of_another) own.push_back(a);
  }
  return own;
}

Module Module::load(const std::string& path) {
  Module m;
  m.loaded_ = std::make_shared<LoadedModule>(path);
  return m;
}

std::vector<std::string> Module::kernels() const {
  std::vector<std::string> names;
  for (const emulated::Kernel* k = *loaded_->interface->kernels; k != nullptr; k = k->next) names.emplace_back(k->name);
  std::reverse(names.begin(), names.end());     // the list grew at its front
  return names;
}

Kernel Module::kernel(std::string_view name) const {
  for (const emulated::Kernel* k = *loaded_->interface->kernels; k != nullptr; k = k->next)
    if (name == k->name) return {k->name, k->argument_bytes, k->run, loaded_};
  throw std::invalid_argument(fmt::format("{} has no kernel '{}'; it has {}", loaded_->path, name, fmt::join(kernels(), ", ")));
}

bool Module::checked() const { return loaded_->interface->checked != 0; }

}  // namespace antidrome::emulator
