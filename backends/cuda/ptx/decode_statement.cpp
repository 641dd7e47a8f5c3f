// Instructions that are decoded in their own way: between registers and between lanes.
#include <algorithm>
#include <map>

#include <fmt/core.h>

#include "backends/cuda/ptx/conversion.hpp"
#include "backends/cuda/ptx/decoder.hpp"
#include "backends/cuda/ptx/handlers.hpp"

namespace antidrome::ptx {

void Decoder::statement(std::string_view head) {
  if (head == "ld" || head == "ldu") return load();
  if (head == "st") return store();
  if (head == "setp") return comparison();
  if (head == "mov" && last_type() != Type::pred) return move();
  if (head == "cvt") return conversion();
  if (head == "cvta") return window_change();
  if (head == "ret" || head == "exit") return emit({.flow = Flow::exit, .cls = Class::branch});
  if (head == "bar" || head == "barrier") return barrier();
  if (head == "shfl") return shuffle();
  if (head == "vote") return vote();
  if (head == "atom" || head == "red") return atomic(head == "atom");
  if (head == "match") return match();
  if (head == "redux") return reduction();
  if (head == "call") return call();
  if (head == "isspacep") return space_test();
  if (head == "activemask") {
    Instruction i{.run = &active_mask, .cls = Class::vote};
    i.d[0] = written(operand(0));
    return emit(i);
  }
  if (head == "membar" || head == "fence" || head == "prefetch" || head == "prefetchu" || head == "discard" || head == "nanosleep") return emit({.run = &nothing, .cls = Class::other});
  if (head == "trap" || head == "brkpt") return emit({.run = &trap, .cls = Class::other});
  by_table();
}

/// setp.lt.and.f32 p|q, a, b, c
void Decoder::comparison() {
  const Type t = last_type();
  Instruction i;
  std::string name = "setp";
  for (std::size_t k = 1; k < at_->opcode.size(); ++k) {
    const std::string_view part = at_->opcode[k];
    if (part == "and" || part == "or" || part == "xor") i.mode = part == "and" ? 1 : part == "or" ? 2 : 3;
    else name += '.', name += part;
  }
  const Operation* o = find_operation(name);
  if (!o) fail("the instruction is not known");
  i.run = o->run, i.cls = o->cls, i.writes_p = true;
  if (operand(0).kind == Operand::Kind::pair) i.p = {predicate(operand(0).items[0]), predicate(operand(0).items[1])};
  else i.p[0] = predicate(operand(0));
  i.s[0] = read(operand(1), t), i.s[1] = read(operand(2), t);
  if (i.s[0].bytes != bytes_of(t) || i.s[1].bytes != bytes_of(t)) fail("a register of another width");
  if (i.mode != 0) i.q = truth(operand(3), i), i.reads_q = true;
  emit(i);
}

/// cvt.rzi.sat.s32.f32 d, a
void Decoder::conversion() {
  static const std::map<std::string_view, Rounding> roundings = {{"rn", Rounding::nearest}, {"rz", Rounding::zero}, {"rm", Rounding::down}, {"rp", Rounding::up}, {"rni", Rounding::whole_nearest}, {"rzi", Rounding::whole_zero},
                                                                 {"rmi", Rounding::whole_down}, {"rpi", Rounding::whole_up}};
  std::vector<Type> types;
  Instruction i{.cls = Class::convert};
  for (std::size_t k = 1; k < at_->opcode.size(); ++k) {
    const std::string_view part = at_->opcode[k];
    if (const auto r = roundings.find(part); r != roundings.end()) i.mode = static_cast<std::uint8_t>(i.mode | static_cast<std::uint8_t>(r->second));
    else if (part == "sat") i.mode |= saturates;
    else if (part == "ftz") i.mode |= flushes;
    else types.push_back(type_named(part));
  }
  if (types.size() != 2 || types[0] == Type::none || types[1] == Type::none) fail("the conversion is not known");
  if (!is_float(types[0]) && !is_float(types[1])) i.cls = Class::integer;   // a move, an extension of the sign
  i.d[0] = written(operand(0));
  i.s[0] = read(operand(1), types[1]);
  i.run = ptx::conversion(types[0], types[1], i.d[0].bytes == bytes_of(types[0]) && i.s[0].bytes == bytes_of(types[1]));
  if (!i.run) fail("the conversion is not known");
  emit(i);
}

void Decoder::move() {
  const Type t = last_type();
  const Operand &to = operand(0), &from = operand(1);
  Instruction i{.cls = Class::move};
  if (to.kind == Operand::Kind::list || from.kind == Operand::Kind::list) {
    const bool packs = from.kind == Operand::Kind::list;
    const std::vector<Operand>& parts = packs ? from.items : to.items;
    if (parts.size() != 2 && parts.size() != 4) fail("two or four parts are known");
    i.count = static_cast<std::uint8_t>(parts.size());
    i.bytes = static_cast<std::uint8_t>(bytes_of(t) / parts.size());
    const Type part = i.bytes == 4 ? Type::b32 : i.bytes == 2 ? Type::b16 : Type::b8;
    for (std::size_t k = 0; k < parts.size(); ++k) packs ? i.s[k] = read(parts[k], part) : i.d[k] = written(parts[k]);
    packs ? i.d[0] = written(to) : i.s[0] = read(from, t);
    i.run = packs ? &pack : &unpack;
    return emit(i);
  }
  i.d[0] = written(to);
  i.s[0] = read(from, t);
  if (i.d[0].bytes != bytes_of(t) || i.s[0].bytes != bytes_of(t)) fail("a register of another width");
  i.run = bytes_of(t) == 2 ? &move_16 : bytes_of(t) == 4 ? &move_32 : &move_64;
  emit(i);
}

namespace {
Address window_of(Space s) { return s == Space::shared ? shared_window : s == Space::local ? local_window : s == Space::parameter ? parameter_window : 0; }
}  // namespace

/// cvta.shared.u64 makes a generic address, cvta.to.shared.u64 takes one.
void Decoder::window_change() {
  Instruction i{.run = &add_window, .cls = Class::move};
  i.d[0] = written(operand(0));
  i.s[0] = read(operand(1), last_type());
  i.n = has("to") ? 0 - window_of(space()) : window_of(space());
  emit(i);
}

void Decoder::space_test() {
  Instruction i{.run = &in_window, .cls = Class::integer};
  i.p[0] = predicate(operand(0)), i.writes_p = true;
  i.s[0] = read(operand(1), Type::b64);
  i.n = window_of(space());
  emit(i);
}

/// call (results), function, (arguments): the body is written out here.
void Decoder::call() {
  const Statement* site = at_;
  const Operand* results = nullptr;
  const Operand* arguments = nullptr;
  std::string_view callee;
  for (const Operand& o : at_->operands) {
    if (o.kind == Operand::Kind::name) callee = o.text;
    else if (callee.empty()) results = &o;
    else arguments = &o;
  }
  const Function* f = syntax_.function(callee);
  if (!f) return emit({.run = &call_outside, .cls = Class::other});
  const auto places = [&](const Operand* list) {
    std::vector<Place> out;
    if (list)
      for (const Operand& o : list->items) {
        if (o.kind != Operand::Kind::variable) fail("only variables are known as arguments");
        out.push_back(place_of(o));
      }
    return out;
  };
  const std::vector<Place> in = places(arguments), out = places(results);
  if (in.size() != f->parameters.size() || out.size() != f->results.size()) fail("a call with another number of arguments");
  const std::size_t around = k_.code.size();
  if (site->guard >= 0) {
    emit({.flow = Flow::branch, .cls = Class::branch});
    k_.code.back().guard_negated = !k_.code.back().guard_negated;
  }
  decode_function(*f, in, out);
  at_ = site;
  if (site->guard >= 0) k_.code[around].target = static_cast<std::uint32_t>(k_.code.size());
}

// ---- between lanes

void Decoder::shuffle() {
  static const std::map<std::string_view, Shuffle> kinds = {{"up", Shuffle::up}, {"down", Shuffle::down}, {"bfly", Shuffle::bfly}, {"idx", Shuffle::idx}};
  Instruction i{.run = &ptx::shuffle, .cls = Class::shuffle};
  const auto kind = at_->opcode.size() > 2 ? kinds.find(at_->opcode[2]) : kinds.end();
  if (kind == kinds.end() || !has("sync")) fail("the shuffle is not known");
  i.mode = static_cast<std::uint8_t>(kind->second);
  const bool pair = operand(0).kind == Operand::Kind::pair;
  i.d[0] = written(pair ? operand(0).items[0] : operand(0));
  if (pair) i.p[0] = predicate(operand(0).items[1]), i.writes_p = true;
  for (std::size_t k = 0; k < 4; ++k) i.s[k] = read(operand(k + 1), Type::b32);
  emit(i);
}

void Decoder::vote() {
  static const std::map<std::string_view, Vote> kinds = {{"ballot", Vote::ballot}, {"any", Vote::any}, {"all", Vote::all}, {"uni", Vote::uni}};
  Instruction i{.run = &ptx::vote, .cls = Class::vote};
  const auto kind = at_->opcode.size() > 2 ? kinds.find(at_->opcode[2]) : kinds.end();
  if (kind == kinds.end() || !has("sync")) fail("the vote is not known");
  i.mode = static_cast<std::uint8_t>(kind->second);
  if (kind->second == Vote::ballot) i.d[0] = written(operand(0));
  else i.p[0] = predicate(operand(0)), i.writes_p = true;
  i.q = truth(operand(1), i), i.reads_q = true;
  i.s[0] = read(operand(2), Type::b32);
  emit(i);
}

void Decoder::match() {
  const bool all = has("all");
  Instruction i{.run = all ? &match_all : &match_any, .cls = Class::vote};
  i.bytes = static_cast<std::uint8_t>(bytes_of(last_type()));
  const bool pair = operand(0).kind == Operand::Kind::pair;
  i.d[0] = written(pair ? operand(0).items[0] : operand(0));
  if (pair) i.p[0] = predicate(operand(0).items[1]), i.writes_p = true;
  i.s[0] = read(operand(1), last_type()), i.s[1] = read(operand(2), Type::b32);
  emit(i);
}

void Decoder::reduction() {
  static const std::map<std::string_view, Atomic> kinds = {{"add", Atomic::add}, {"min", Atomic::min}, {"max", Atomic::max}, {"and", Atomic::and_}, {"or", Atomic::or_}, {"xor", Atomic::xor_}};
  const auto kind = at_->opcode.size() > 2 ? kinds.find(at_->opcode[2]) : kinds.end();
  if (kind == kinds.end() || is_float(last_type())) fail("the reduction is not known");
  Instruction i{.run = last_type() == Type::s32 ? &reduce_signed : &reduce, .cls = Class::vote};
  i.mode = static_cast<std::uint8_t>(kind->second);
  i.d[0] = written(operand(0));
  i.s[0] = read(operand(1), Type::b32), i.s[1] = read(operand(2), Type::b32);
  emit(i);
}

/// bar.sync a [, b]; bar.red.op d, a [, b], p; bar.warp.sync mask
void Decoder::barrier() {
  Instruction i{.run = &arrive, .flow = Flow::barrier, .cls = Class::barrier};
  if (has("warp")) {
    i.run = &meet, i.flow = Flow::next;
    i.s[0] = read(operand(0), Type::b32);
    return emit(i);
  }
  std::size_t first = 0, last = at_->operands.size();
  if (has("red")) {
    const BarrierVote v = has("popc") ? BarrierVote::count : has("and") ? BarrierVote::all : BarrierVote::any;
    i.mode = static_cast<std::uint8_t>(v);
    if (v == BarrierVote::count) i.d[0] = written(operand(0));
    else i.p[0] = predicate(operand(0)), i.writes_p = true;
    i.q = truth(operand(--last), i), i.reads_q = true;
    first = 1;
  } else if (!has("sync")) {
    fail("of barriers only sync and red are known");
  }
  for (std::size_t k = first; k < last && k < first + 2; ++k) i.s[k - first] = read(operand(k), Type::b32);
  i.count = static_cast<std::uint8_t>(last - first);
  emit(i);
}

}  // namespace antidrome::ptx
