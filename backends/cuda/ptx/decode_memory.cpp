// Instructions that access memory.
#include <map>

#include <fmt/core.h>

#include "backends/cuda/ptx/decoder.hpp"
#include "backends/cuda/ptx/handlers.hpp"

namespace antidrome::ptx {

Space Decoder::space() const {
  for (std::size_t k = 1; k < at_->opcode.size(); ++k) {
    const std::string_view part = at_->opcode[k];
    if (part == "global") return Space::global;
    if (part == "shared" || part == "shared::cta") return Space::shared;
    if (part == "local") return Space::local;
    if (part == "const") return Space::constant;
    if (part == "param" || part == "param::entry" || part == "param::func") return Space::parameter;
    if (part == "shared::cluster") fail("clusters of blocks are not known");
  }
  return Space::generic;
}

/// [register + n], [variable + n], [number]
void Decoder::address(const Operand& o, Instruction& i) {
  if (o.kind != Operand::Kind::address) fail("expected an address");
  const Operand& base = o.items[0];
  if (base.kind == Operand::Kind::reg) {
    i.s[0] = registers().slot[base.index];
    i.n = o.bits;
  } else if (base.kind == Operand::Kind::variable) {
    const Place p = place_of(base);
    i.s[0] = constant(p.at + o.bits, 8);
    if (i.space == Space::parameter) {
      i.space = p.space;                          // arguments of calls lie in local memory
      i.n = p.space == Space::parameter ? p.at + o.bits : 0;
    }
  } else if (base.kind == Operand::Kind::integer) {
    i.s[0] = constant(base.bits + o.bits, 8);
  } else {
    fail(fmt::format("'{}' is not known as an address", base.text));
  }
}

namespace {

Class class_of(Space s, bool load) {
  switch (s) {
    case Space::shared: return load ? Class::shared_load : Class::shared_store;
    case Space::local: return Class::local;
    case Space::parameter: return Class::parameter;
    default: return load ? Class::global_load : Class::global_store;
  }
}

std::uint8_t elements(const Statement& s) {
  for (const std::string_view part : s.opcode) {
    if (part == "v2") return 2;
    if (part == "v4") return 4;
  }
  return 1;
}

}  // namespace

void Decoder::load() {
  const Type t = last_type();
  Instruction i{.run = &ptx::load, .space = space(), .bytes = static_cast<std::uint8_t>(bytes_of(t)), .count = elements(*at_), .mode = is_signed(t)};
  if (has("v8")) fail("vectors of eight are not known");
  i.read_only = has("nc");
  const Operand& to = operand(0);
  const bool list = to.kind == Operand::Kind::list;
  if ((list ? to.items.size() : 1) != i.count) fail("another number of registers than elements");
  for (std::size_t k = 0; k < i.count; ++k) i.d[k] = written(list ? to.items[k] : to);
  address(operand(1), i);
  i.cls = class_of(i.space, true);
  if (i.space == Space::parameter && operand(1).items[0].kind == Operand::Kind::variable) i.run = &load_parameter, i.s[0] = {};
  emit(i);
}

void Decoder::store() {
  const Type t = last_type();
  Instruction i{.run = &ptx::store, .space = space(), .bytes = static_cast<std::uint8_t>(bytes_of(t)), .count = elements(*at_)};
  if (has("v8")) fail("vectors of eight are not known");
  const Operand& from = operand(1);
  const bool list = from.kind == Operand::Kind::list;
  if ((list ? from.items.size() : 1) != i.count) fail("another number of registers than elements");
  for (std::size_t k = 0; k < i.count; ++k) i.s[k + 1] = read(list ? from.items[k] : from, t);
  address(operand(0), i);
  if (i.space == Space::parameter) fail("parameters of a kernel are not written");
  i.cls = class_of(i.space, false);
  emit(i);
}

/// atom.global.add.u32 d, [a], b [, c]; red has no d
void Decoder::atomic(bool result) {
  static const std::map<std::string_view, Atomic> kinds = {{"add", Atomic::add}, {"min", Atomic::min}, {"max", Atomic::max}, {"and", Atomic::and_}, {"or", Atomic::or_},
                                                           {"xor", Atomic::xor_}, {"exch", Atomic::exch}, {"cas", Atomic::cas}, {"inc", Atomic::inc}, {"dec", Atomic::dec}};
  const Type t = last_type();
  Instruction i{.space = space(), .bytes = static_cast<std::uint8_t>(bytes_of(t))};
  i.cls = i.space == Space::shared ? Class::shared_atomic : Class::atomic;
  for (const std::string_view part : at_->opcode)
    if (const auto kind = kinds.find(part); kind != kinds.end()) i.run = ptx::atomic(kind->second, t);
  if (!i.run) fail("the atomic operation is not known");
  const std::size_t first = result ? 1 : 0;
  if (result) i.d[0] = written(operand(0));
  address(operand(first), i);
  for (std::size_t k = first + 1; k < at_->operands.size() && k < first + 3; ++k) i.s[k - first] = read(operand(k), t);
  emit(i);
}

void name_ready_times(Kernel& k) {
  const std::uint32_t first = k.file_bytes / 64;
  for (Instruction& i : k.code) {
    const auto reads = [&](std::uint32_t at) { i.reads[i.n_reads++] = at; };
    const auto writes = [&](std::uint32_t at) { i.writes[i.n_writes++] = at; };
    for (const Slot s : i.s)
      if (s.bytes != 0 && s.constant == 0) reads(s.offset / 64);
    if (i.reads_q) reads(first + i.q);
    if (i.reads_p1) reads(first + i.p[1]);
    if (i.guard >= 0) reads(first + static_cast<std::uint32_t>(i.guard));
    for (const Slot d : i.d)
      if (d.bytes != 0) writes(d.offset / 64);
    i.copies = i.cls == Class::move && i.guard < 0 && (i.run == &move_32 || i.run == &move_64) && i.n_reads == 1 && i.n_writes == 1;
    if (!i.writes_p) continue;
    writes(first + i.p[0]);
    if (!i.reads_p1 && i.p[1] != Instruction{}.p[1] && i.n_writes < i.writes.size()) writes(first + i.p[1]);
  }
}

}  // namespace antidrome::ptx
