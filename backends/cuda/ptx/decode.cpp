// From statements to instructions.
#include "backends/cuda/ptx/decoder.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <utility>

#include <fmt/core.h>

#include "backends/cuda/ptx/error.hpp"
#include "backends/cuda/ptx/handlers.hpp"

namespace antidrome::ptx {

namespace {

std::uint32_t aligned(std::uint64_t at, std::uint32_t to) { return static_cast<std::uint32_t>((at + to - 1) / to * to); }

Operations all_operations() {
  Operations o;
  add_integer_operations(o);
  add_wide_operations(o);
  add_float_operations(o);
  add_directed_operations(o);
  return o;
}

}  // namespace

const Operation* find_operation(const std::string& name) {
  static const Operations all = all_operations();
  const auto found = all.find(name);
  return found == all.end() ? nullptr : &found->second;
}

// ---- places for things

void Decoder::fail(const std::string& what) const {
  const Line place = at_->place;
  const std::string kernel_text = place.line == 0 || place.file >= syntax_.files.size() ? "" : fmt::format(", {}:{}", syntax_.files[place.file], place.line);
  throw Error(fmt::format("{}:{}{}: {}: `{}`", syntax_.name, at_->ptx_line, kernel_text, what, at_->text));
}

Slot Decoder::new_register(std::uint32_t bytes) {
  const Slot slot{k_.file_bytes, 0, static_cast<std::uint8_t>(bytes)};
  k_.file_bytes += std::max(64u, bytes * warp_size);
  return slot;
}

Slot Decoder::constant(std::uint64_t bits, std::uint32_t bytes) {
  if (bytes < 8) bits &= (std::uint64_t{1} << 8 * bytes) - 1;
  const auto [known, fresh] = constants_.try_emplace({bits, bytes});
  if (fresh) {
    known->second = {static_cast<std::uint32_t>(k_.constants.size()), 1, static_cast<std::uint8_t>(bytes)};
    k_.constants.resize(k_.constants.size() + std::max(64u, bytes * warp_size));
    for (std::uint32_t l = 0; l < warp_size; ++l) std::memcpy(k_.constants.data() + known->second.offset + l * bytes, &bits, bytes);
  }
  return known->second;
}

Slot Decoder::special(std::string_view name, std::uint32_t bytes) {
  if (name == "WARP_SZ") return constant(warp_size, bytes);
  for (const Special& s : k_.specials)
    if (s.name == name && s.slot.bytes == bytes) return s.slot;
  static constexpr std::string_view known[] = {"%tid.x", "%tid.y", "%tid.z", "%ntid.x", "%ntid.y", "%ntid.z", "%ctaid.x", "%ctaid.y", "%ctaid.z", "%nctaid.x", "%nctaid.y", "%nctaid.z", "%laneid", "%warpid", "%nwarpid",
                                               "%smid", "%nsmid", "%gridid", "%lanemask_eq", "%lanemask_lt", "%lanemask_le", "%lanemask_gt", "%lanemask_ge", "%dynamic_smem_size", "%total_smem_size"};
  if (std::find(std::begin(known), std::end(known), name) == std::end(known)) fail(fmt::format("the special register '{}' is not known", name));
  return k_.specials.emplace_back(Special{std::string(name), new_register(bytes)}).slot;
}

Decoder::Registers& Decoder::registers() { return frames_.back().registers; }

std::uint32_t Decoder::predicate(const Operand& o) {
  if (o.kind == Operand::Kind::nothing) return unused_predicate;
  if (o.kind != Operand::Kind::reg || frames_.back().function->registers[o.index] != Type::pred) fail("expected a predicate");
  return registers().predicate[o.index];
}

Slot Decoder::written(const Operand& o) {
  if (o.kind == Operand::Kind::nothing) return {};
  if (o.kind != Operand::Kind::reg) fail("expected a register to write");
  return registers().slot[o.index];
}

Decoder::Place Decoder::place_of(const Operand& o) const {
  const Frame& f = frames_.back();
  if (!o.own) return {Space::global, variables_[o.index].first, variables_[o.index].second};
  return f.variables[o.index];
}

/// What the operand's value is in an instruction of this type.
Slot Decoder::read(const Operand& o, Type type) {
  switch (o.kind) {
    case Operand::Kind::reg: return registers().slot[o.index];
    case Operand::Kind::integer:
      if (is_float(type)) fail("an integer among floating-point numbers");
      return constant(o.bits, bytes_of(type));
    case Operand::Kind::float32: return constant(o.bits, 4);
    case Operand::Kind::float64:
      if (type == Type::f32) {
        const auto rounded = static_cast<float>(std::bit_cast<double>(o.bits));
        return constant(std::bit_cast<std::uint32_t>(rounded), 4);
      }
      return constant(o.bits, 8);
    case Operand::Kind::special: return special(o.text, bytes_of(type));
    case Operand::Kind::variable: {
      const Place p = place_of(o);
      return constant(p.at + o.bits, bytes_of(type));
    }
    default: fail(fmt::format("'{}' is not known here", o.text));
  }
}

// ---- instructions

bool Decoder::has(std::string_view modifier) const { return std::find(at_->opcode.begin() + 1, at_->opcode.end(), modifier) != at_->opcode.end(); }

Type Decoder::last_type() const {
  for (auto part = at_->opcode.rbegin(); part != at_->opcode.rend(); ++part)
    if (const Type t = type_named(*part); t != Type::none) return t;
  fail("an instruction without a type");
}

const Operand& Decoder::operand(std::size_t k) const {
  if (k >= at_->operands.size()) fail("an operand is missing");
  return at_->operands[k];
}

void Decoder::guard(Instruction& i) {
  if (at_->guard < 0) return;
  i.guard = static_cast<std::int32_t>(registers().predicate[static_cast<std::uint32_t>(at_->guard)]);
  i.guard_negated = at_->guard_negated;
}

void Decoder::emit(Instruction i) {
  guard(i);
  k_.code.push_back(i);
  k_.source.push_back({at_->text, at_->ptx_line, at_->place});
}

/// Operations of each lane alone: the opcode is a name in the table.
void Decoder::by_table() {
  std::string name(at_->opcode[0]);
  const bool exact_by_name = name == "div" || name == "rcp" || name == "sqrt";   // they have approximations too
  for (std::size_t k = 1; k < at_->opcode.size(); ++k) {
    if (at_->opcode[k] == "rn" && !exact_by_name) continue;
    name += '.';
    name += at_->opcode[k];
  }
  const Operation* o = find_operation(name);
  if (!o) o = find_operation(plain_name(name));
  if (!o) fail("the instruction is not known");
  if (at_->operands.size() != o->types.size()) fail(fmt::format("expected {} operands", o->types.size()));
  Instruction i{.run = o->run, .cls = o->cls};
  i.mode = static_cast<std::uint8_t>((o->reads_carry ? 1 : 0) | (o->writes_carry ? 2 : 0));
  i.slow = o->slow;
  if (o->reads_carry) i.q = carry_predicate, i.reads_q = true;
  if (o->writes_carry) i.p[0] = carry_predicate, i.writes_p = true;
  if (o->types[0] == Type::pred) i.p[0] = predicate(operand(0)), i.writes_p = true;
  else i.d[0] = written(operand(0));
  bool first_predicate = true;
  for (std::size_t k = 1; k < o->types.size(); ++k) {
    if (o->types[k] != Type::pred) {
      i.s[k - 1] = read(operand(k), o->types[k]);
      if (i.s[k - 1].bytes != bytes_of(o->types[k])) fail("a register of another width");
    } else if (std::exchange(first_predicate, false)) {
      i.q = truth(operand(k), i), i.reads_q = true;
    } else {
      if (operand(k).negated) fail("a negated operand");
      Instruction unused;
      i.p[1] = truth(operand(k), unused), i.reads_p1 = true;
    }
  }
  if (i.d[0].bytes != 0 && o->types[0] != Type::pred && i.d[0].bytes != bytes_of(o->types[0])) fail("a register of another width");
  emit(i);
}

/// A predicate that is read, which may be written as the number 0 or 1.
std::uint32_t Decoder::truth(const Operand& o, Instruction& i) {
  if (o.kind == Operand::Kind::integer) {
    i.negated = false;
    return o.bits != 0 ? true_predicate : false_predicate;
  }
  i.negated = o.negated;
  return predicate(o);
}

/// Another name of the same: types of bits, where the sign makes no difference.
std::string Decoder::plain_name(std::string name) {
  const auto replace = [&](std::string_view from, std::string_view to) {
    if (const std::size_t at = name.find(from); at != std::string::npos) name.replace(at, from.size(), to);
  };
  const bool bits = name.starts_with("and.") || name.starts_with("or.") || name.starts_with("xor.") || name.starts_with("not.") || name.starts_with("shl.");
  if (bits) replace(".u", ".b"), replace(".s", ".b");
  if (name.starts_with("add.") || name.starts_with("sub.")) replace(".b", ".u");
  return name;
}

void Decoder::decode_function(const Function& f, std::vector<Place> arguments, std::vector<Place> results) {
  if (frames_.size() > 8) fail("calls lie too deep, or in a circle");
  Frame& frame = frames_.emplace_back();
  frame.function = &f;
  for (const Type t : f.registers) {
    frame.registers.slot.push_back(t == Type::pred ? Slot{} : new_register(bytes_of(t)));
    frame.registers.predicate.push_back(t == Type::pred ? k_.predicates++ : 0);
  }
  frame.variables.resize(f.variables.size());
  const std::size_t given = f.parameters.size() + f.results.size();   // the first ones
  for (std::size_t k = given; k < f.variables.size(); ++k) frame.variables[k] = lay_out(f.variables[k]);
  for (std::size_t k = 0; k < f.parameters.size(); ++k) frame.variables[f.parameters[k]] = arguments.at(k);
  for (std::size_t k = 0; k < f.results.size(); ++k) frame.variables[f.results[k]] = results.at(k);
  std::vector<std::uint32_t> begin(f.body.size() + 1);
  std::vector<std::pair<std::uint32_t, std::string_view>> branches;   // instruction, label
  std::vector<std::uint32_t> returns;
  for (std::size_t k = 0; k < f.body.size(); ++k) {
    begin[k] = static_cast<std::uint32_t>(k_.code.size());
    at_ = &f.body[k];
    const std::string_view head = at_->opcode[0];
    if (head == "bra") {
      branches.emplace_back(k_.code.size(), operand(0).text);
      emit({.flow = Flow::branch, .cls = Class::branch});
    } else if (head == "ret" && frames_.size() > 1) {
      returns.push_back(static_cast<std::uint32_t>(k_.code.size()));
      emit({.flow = Flow::branch, .cls = Class::branch});
    } else {
      statement(head);
    }
  }
  begin[f.body.size()] = static_cast<std::uint32_t>(k_.code.size());
  for (const auto& [instruction, label] : branches) {
    const auto target = f.labels.find(label);
    if (target == f.labels.end()) throw Error(fmt::format("{}: function '{}' has no label '{}'", syntax_.name, f.name, label));
    k_.code[instruction].target = begin[target->second];
  }
  for (const std::uint32_t instruction : returns) k_.code[instruction].target = begin[f.body.size()];
  frames_.pop_back();
}

/// Shared variables lie one after the other in the block's memory, local ones and arguments of calls in that of the thread.
Decoder::Place Decoder::lay_out(const Variable& v) {
  std::uint32_t& bytes = v.space == Space::shared ? k_.shared_bytes : k_.local_bytes;
  bytes = aligned(bytes, v.align);
  const Place p{v.space == Space::shared ? Space::shared : Space::local, bytes, v.bytes};
  bytes += static_cast<std::uint32_t>(v.bytes);
  return p;
}

Kernel Decoder::run(const Function& f) {
  k_.name = f.name;
  k_.predicates = own_predicates;
  std::vector<Place> parameters;
  for (const std::uint32_t p : f.parameters) {
    const Variable& v = f.variables[p];
    k_.parameter_bytes = aligned(k_.parameter_bytes, v.align);
    parameters.push_back({Space::parameter, k_.parameter_bytes, v.bytes});
    k_.parameter_bytes += static_cast<std::uint32_t>(v.bytes);
  }
  place_shared(f);
  decode_function(f, parameters, {});
  Statement end;                                 // falling off the end returns
  at_ = &end;
  frames_.push_back({&f, {}, {}});
  emit({.flow = Flow::exit, .cls = Class::branch});
  name_ready_times(k_);
  find_reconvergence(k_);
  return std::move(k_);
}

/// Module-level shared variables, and where the launch's own begin: behind all that are declared.
void Decoder::place_shared(const Function& f) {
  for (std::size_t k = 0; k < syntax_.variables.size(); ++k) {
    const Variable& v = syntax_.variables[k];
    if (v.space != Space::shared || v.external) continue;
    const Place p = lay_out(v);
    variables_[k] = {p.at, p.bytes};
  }
  std::uint32_t own = k_.shared_bytes;
  for (const Variable& v : f.variables)
    if (v.space == Space::shared) own = aligned(own, v.align) + static_cast<std::uint32_t>(v.bytes);
  k_.dynamic_shared_at = aligned(own, 16);
  for (std::size_t k = 0; k < syntax_.variables.size(); ++k)
    if (syntax_.variables[k].space == Space::shared && syntax_.variables[k].external) variables_[k] = {k_.dynamic_shared_at, 0};
}

Decoder::Decoder(const Syntax& syntax, const Places& variables) : syntax_(syntax), variables_(variables) {}

Decoded decode(Syntax syntax) {
  Decoded out;
  out.syntax = std::make_shared<const Syntax>(std::move(syntax));
  Decoder::Places places(out.syntax->variables.size());
  for (std::size_t k = 0; k < places.size(); ++k) {
    const Variable& v = out.syntax->variables[k];
    if (v.space == Space::shared) continue;
    out.image.resize(aligned(out.image.size(), v.align));
    places[k] = {module_variables + out.image.size(), v.bytes};
    out.image.insert(out.image.end(), v.initial.begin(), v.initial.end());
    out.image.resize(places[k].first - module_variables + v.bytes);
  }
  for (const Function& f : out.syntax->functions)
    if (f.entry && f.defined) out.kernels.push_back(Decoder(*out.syntax, places).run(f));
  return out;
}

}  // namespace antidrome::ptx
