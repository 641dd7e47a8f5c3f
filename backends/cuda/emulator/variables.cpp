#include "backends/cuda/emulator/module.hpp"

#include <cxxabi.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>

namespace antidrome::emulator {

namespace {

/// "_ZZ13forward_trialE5lists" → "forward_trial::lists"
std::string readable(const char* symbol) {
  int status = 0;
  char* text = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
  std::string name = status == 0 && text != nullptr ? text : symbol;
  std::free(text);
  return name;
}

/// The file's bytes as a T at an offset, or null when it ends before.
template <class T>
const T* at(const std::vector<char>& file, std::size_t offset, std::size_t count = 1) {
  return offset <= file.size() && count <= (file.size() - offset) / sizeof(T) ? reinterpret_cast<const T*>(file.data() + offset) : nullptr;
}

}  // namespace

Variables variables(const std::string& path, std::uintptr_t bias, const char* begin, const char* end) {
  Variables found;
  bool has_symbols = false;
  std::ifstream in(path, std::ios::binary);
  const std::vector<char> file((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const auto* header = at<ElfW(Ehdr)>(file, 0);
  const auto* sections = header != nullptr ? at<ElfW(Shdr)>(file, header->e_shoff, header->e_shnum) : nullptr;
  for (int s = 0; sections != nullptr && s < header->e_shnum; ++s) {
    if (sections[s].sh_type != SHT_SYMTAB || sections[s].sh_link >= header->e_shnum) continue;
    has_symbols = true;
    const std::size_t count = sections[s].sh_size / sizeof(ElfW(Sym));
    const auto* symbols = at<ElfW(Sym)>(file, sections[s].sh_offset, count);
    const std::size_t names = sections[sections[s].sh_link].sh_offset, names_end = names + sections[sections[s].sh_link].sh_size;
    for (std::size_t k = 0; symbols != nullptr && k < count; ++k) {
      const std::uintptr_t place = bias + symbols[k].st_value;
      if ((symbols[k].st_info & 15) != STT_OBJECT || names + symbols[k].st_name >= names_end || names_end > file.size()) continue;
      const char* symbol = file.data() + names + symbols[k].st_name;
      if (std::strncmp(symbol, "_ZGV", 4) == 0) found.guards.push_back(reinterpret_cast<const std::byte*>(place));
      if (place < reinterpret_cast<std::uintptr_t>(begin) || place >= reinterpret_cast<std::uintptr_t>(end)) continue;
      const std::string name = readable(symbol);
      if (name.find("red_zone") == std::string::npos) found.shared.push_back({reinterpret_cast<std::byte*>(place), symbols[k].st_size, name});
    }
  }
  if (!has_symbols) found.shared.push_back({reinterpret_cast<std::byte*>(const_cast<char*>(begin)), static_cast<std::size_t>(end - begin), "shared memory"});
  std::sort(found.shared.begin(), found.shared.end(), [](const SharedArray& a, const SharedArray& b) { return a.begin < b.begin; });
  return found;
}

}  // namespace antidrome::emulator
