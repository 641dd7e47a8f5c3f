// Operations that are more than a function of each lane.
#pragma once
#include "backends/cuda/ptx/kernel.hpp"

namespace antidrome::ptx {

// ---- between registers
void move_16(Warp&, const Instruction&, Mask);
void move_32(Warp&, const Instruction&, Mask);
void move_64(Warp&, const Instruction&, Mask);
void pack(Warp&, const Instruction&, Mask);              ///< {a, b} to one register
void unpack(Warp&, const Instruction&, Mask);
void add_window(Warp&, const Instruction&, Mask);        ///< d = s + n: an address of a space as a generic one, and back
void in_window(Warp&, const Instruction&, Mask);         ///< isspacep

// ---- memory; `mode` of atomics is Atomic
void load_parameter(Warp&, const Instruction&, Mask);
void load(Warp&, const Instruction&, Mask);
void store(Warp&, const Instruction&, Mask);
enum class Atomic : std::uint8_t { add, min, max, and_, or_, xor_, exch, cas, inc, dec };
/// Null: no such operation of this type.
Handler atomic(Atomic what, Type type);
void nothing(Warp&, const Instruction&, Mask);           ///< fences, prefetches: memory here is in order

// ---- between lanes
enum class Shuffle : std::uint8_t { up, down, bfly, idx };
enum class Vote : std::uint8_t { ballot, any, all, uni };
void shuffle(Warp&, const Instruction&, Mask);
void vote(Warp&, const Instruction&, Mask);
void match_any(Warp&, const Instruction&, Mask);
void match_all(Warp&, const Instruction&, Mask);
void reduce(Warp&, const Instruction&, Mask);            ///< redux; `mode` is Atomic
void reduce_signed(Warp&, const Instruction&, Mask);
void active_mask(Warp&, const Instruction&, Mask);
void meet(Warp&, const Instruction&, Mask);              ///< bar.warp.sync

// ---- barriers: the warp stops here; what bar.red answers is set when all have come
enum class BarrierVote : std::uint8_t { none, count, all, any };
void arrive(Warp&, const Instruction&, Mask);

void trap(Warp&, const Instruction&, Mask);
void call_outside(Warp&, const Instruction&, Mask);      ///< a function without a body here

}  // namespace antidrome::ptx
