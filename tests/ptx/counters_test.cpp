// Counters, and cycles of the model of time, that are known by hand.
#include "tests/ptx/machine.hpp"

namespace antidrome {
namespace {

using namespace test;
using ptx::Class;

/// What was counted, without the model of time.
ptx::Executed counted(ptx::Executed e) {
  e.chain = 0;
  return e;
}

// Before the body come a load of a parameter, a move, a product and a sum; after it a return.
constexpr u64 head_integers = 2;

ptx::LaunchReport report(const std::string& body, const ptx::Shape& shape = {.grid = {}, .block = {32}}, const ptx::Options& options = {}) { return Written(body, 4096, options).launch(shape); }

TEST(Counters, are_of_warps_by_class) {
  const auto r = report(R"(
    add.u32 %x0, %t, 1;
    cvt.rn.f32.u32 %f0, %x0;
    add.f32 %f1, %f0, %f0;
    fma.rn.f32 %f1, %f0, %f0, %f1;
    ex2.approx.ftz.f32 %f2, %f1;
    cvt.f64.f32 %g0, %f2;
    add.f64 %g0, %g0, %g0;
    mov.b32 %x1, %f2;
    shfl.sync.bfly.b32 %x2, %x1, 1, 31, -1;
    vote.sync.ballot.b32 %x3, %p, -1;
    bar.sync 0;
    st.global.u32 [%at], %x3;
    atom.global.add.u32 %x4, [%out], 1;)", {.grid = {2}, .block = {64}});
  constexpr u64 warps = 4;
  EXPECT_EQ(r.count(Class::integer).warps, warps * (head_integers + 1));
  EXPECT_EQ(r.count(Class::parameter).warps, warps);
  EXPECT_EQ(r.count(Class::move).warps, warps * 2);
  EXPECT_EQ(r.count(Class::convert).warps, warps * 2);
  EXPECT_EQ(r.count(Class::fp32).warps, warps * 2);
  EXPECT_EQ(r.count(Class::special).warps, warps);
  EXPECT_EQ(r.count(Class::fp64).warps, warps);
  EXPECT_EQ(r.count(Class::shuffle).warps, warps);
  EXPECT_EQ(r.count(Class::vote).warps, warps);
  EXPECT_EQ(r.count(Class::barrier).warps, warps);
  EXPECT_EQ(r.count(Class::global_store).warps, warps);
  EXPECT_EQ(r.count(Class::global_store).lanes, warps * 32);
  EXPECT_EQ(r.count(Class::atomic).warps, warps);
  EXPECT_EQ(r.count(Class::branch).warps, warps);
  EXPECT_EQ(r.instructions(), warps * 18);
}

TEST(Counters, have_the_lanes_that_took_part) {
  // Lanes 0 to 9 go one way, the others the other; a predicate leaves lane 3 alone.
  const auto r = report("setp.lt.u32 %p, %t, 10;\n@%p bra A;\nadd.f32 %f0, %f0, %f0;\nbra.uni B;\nA:\nadd.f64 %g0, %g0, %g0;\nB:\nsetp.eq.u32 %q, %t, 3;\n@%q ex2.approx.f32 %f0, %f0;");
  EXPECT_EQ(counted(r.count(Class::fp32)), (ptx::Executed{.warps = 1, .lanes = 22}));
  EXPECT_EQ(counted(r.count(Class::fp64)), (ptx::Executed{.warps = 1, .lanes = 10}));
  EXPECT_EQ(counted(r.count(Class::special)), (ptx::Executed{.warps = 1, .lanes = 1}));
}

TEST(Counters, of_global_memory_are_sectors) {
  struct Pattern { const char* name; u32 stride, first; u64 sectors, ideal; };
  for (const Pattern& p : {Pattern{"a row", 4, 0, 4, 4}, {"shifted", 4, 4, 5, 4}, {"every other", 8, 0, 8, 4}, {"a column", 128, 0, 32, 4}, {"one for all", 0, 8, 1, 1}}) {
    const auto r = report(fmt::format("mad.wide.u32 %y0, %t, {}, %out;\nld.global.u32 %x0, [%y0+{}];", p.stride, p.first));
    EXPECT_EQ(r.count(Class::global_load).traffic, p.sectors) << p.name;
    EXPECT_EQ(r.count(Class::global_load).ideal, p.ideal) << p.name;
    EXPECT_EQ(r.count(Class::global_load).hits, 0u) << p.name;
  }
  const auto wide = report("mad.wide.u32 %y0, %t, 16, %out;\nld.global.v4.u32 {%x0, %x1, %x2, %x3}, [%y0];\nld.global.v2.u32 {%x0, %x1}, [%y0];");
  EXPECT_EQ(wide.count(Class::global_load).traffic, 32u);          // 16, and 8 bytes of every 16: 16 again
  EXPECT_EQ(wide.count(Class::global_load).ideal, 24u);
  EXPECT_EQ(wide.count(Class::global_load).hits, 16u);
}

TEST(Counters, of_shared_memory_are_wavefronts) {
  struct Pattern { u32 stride; u64 wavefronts; };
  for (const Pattern& p : {Pattern{4, 1}, {8, 2}, {16, 4}, {128, 32}, {132, 1}, {0, 1}}) {
    const auto r = report(fmt::format(".shared .b8 s[4352];\nmov.u32 %x0, s;\nmad.lo.u32 %x0, %t, {}, %x0;\nst.shared.u32 [%x0], %t;\nld.shared.u32 %x1, [%x0];", p.stride));
    EXPECT_EQ(r.count(Class::shared_load).traffic, p.wavefronts) << p.stride;
    EXPECT_EQ(r.count(Class::shared_store).traffic, p.wavefronts) << p.stride;
    EXPECT_EQ(r.count(Class::shared_load).ideal, 1u) << p.stride;
  }
}

TEST(Counters, of_lines_are_those_of_their_instructions) {
  Written w(".loc 1 7 1\nld.global.u32 %x0, [%at];\nld.global.u32 %x1, [%at];\n.loc 1 9 1\nadd.u32 %x0, %x0, %x1;\nst.global.u32 [%at], %x0;\n.loc 1 0 1", 64, {}, ".file 1 \"a/kernels.cu\"");
  w.launch();
  w.launch();
  const ptx::Counters c = w.machine.counters();
  EXPECT_EQ(c.of("k").launches, 2u);
  EXPECT_EQ(c.of("k").warps, 4u);
  const auto line = [&](u32 number, Class cls) {
    for (const ptx::LineReport& l : c.lines)
      if (l.line == number && l.cls == cls && (number == 0 || l.file == "a/kernels.cu")) return l.count;
    return ptx::Executed{};
  };
  EXPECT_EQ(counted(line(7, Class::global_load)), (ptx::Executed{.warps = 8, .lanes = 256, .traffic = 32, .ideal = 32, .hits = 16}));
  EXPECT_EQ(line(9, Class::integer).warps, 4u);
  EXPECT_EQ(line(9, Class::global_store).traffic, 16u);
  EXPECT_SAYS(c.text(), "kernels.cu:7");
  w.machine.forget();
  EXPECT_THROW(w.machine.counters().of("k"), std::out_of_range);
}

/// A piece of its own: nothing around it is issued in its midst.
std::string apart(const std::string& body) { return "bra.uni FIRST;\nFIRST:\n" + body + "\nbra.uni LAST;\nLAST:\n"; }

/// Cycles of the body: without the instructions around it.
u64 cycles(const std::string& body, const ptx::Options& options = {}, u32 threads = 32) {
  const ptx::Shape shape{.grid = {}, .block = {threads}};
  return report(apart(body), shape, options).longest_block - report(apart(""), shape, options).longest_block;
}

TEST(Time, of_what_does_not_depend_is_that_of_its_issue) {
  EXPECT_EQ(cycles("mov.u32 %x0, 1;\nmov.u32 %x1, 1;\nmov.u32 %x2, 1;\nmov.u32 %x3, 1;"), 4u);
  EXPECT_EQ(cycles("ld.global.u32 %x0, [%out];\nld.global.u32 %x1, [%out+4];\nmov.u32 %x2, 1;"), 3u) << "nobody waits for what is loaded";
}

TEST(Time, of_a_chain_is_the_sum_of_its_latencies) {
  const ptx::DeviceModel m;
  const std::string last = "add.u32 %x9, %x0, 1;";                // issues when the chain is done
  const u64 sums = cycles("mov.u32 %x0, 1;\nadd.u32 %x0, %x0, 1;\nadd.u32 %x0, %x0, 1;\nadd.u32 %x0, %x0, 1;\n" + last);
  EXPECT_EQ(sums, 4 * m.alu + 1);
  EXPECT_EQ(cycles("mov.u32 %x0, 1;\nshfl.sync.bfly.b32 %x0, %x0, 1, 31, -1;\nshfl.sync.bfly.b32 %x0, %x0, 2, 31, -1;\n" + last), m.alu + 2 * m.shuffle + 1);
  EXPECT_EQ(cycles("mov.f32 %f0, 0f3F800000;\nex2.approx.f32 %f0, %f0;\nadd.f32 %f1, %f0, %f0;"), m.alu + m.special + m.issue_special - 1 + 1);
  EXPECT_EQ(cycles(".shared .b8 s[128];\nmov.u32 %x0, s;\nld.shared.u32 %x0, [%x0];\n" + last), m.alu + m.shared + 1);
}

TEST(Time, of_a_copy_is_that_of_its_issue) {
  const ptx::DeviceModel m;
  const std::string shuffle = "mov.u32 %x0, 1;\nshfl.sync.bfly.b32 %x0, %x0, 1, 31, -1;\n";
  EXPECT_EQ(cycles(shuffle + "mov.u32 %x9, %x0;"), m.alu + 2) << "nobody waits for the copy";
  EXPECT_EQ(cycles(shuffle + "mov.u32 %x9, %x0;\nadd.u32 %x9, %x9, 1;"), cycles(shuffle + "add.u32 %x9, %x0, 1;")) << "who reads it waits for what was copied";
}

TEST(Time, of_chains_beside_each_other_is_that_of_the_longest) {
  // One after the other in the text, and yet in turn: a piece is issued in the order that hides latencies.
  const auto chain = [](int x, int n) {
    std::string text = fmt::format("mov.u32 %x{}, 1;\n", x);
    for (int k = 1; k < n; ++k) text += fmt::format("add.u32 %x{0}, %x{0}, 1;\n", x);
    return text;
  };
  const u64 one = cycles(chain(0, 8)), two = cycles(chain(0, 8) + chain(1, 8));
  EXPECT_EQ(one, 7 * ptx::DeviceModel{}.alu + 1);
  EXPECT_EQ(two, one + 1);
  EXPECT_EQ(cycles(chain(0, 8) + "bra.uni NEXT;\nNEXT:\n" + chain(1, 8)), 2 * one + 1) << "two pieces, and a branch between them";
  EXPECT_EQ(cycles(chain(0, 8) + "bar.sync 0;\n" + chain(1, 8)), 2 * one + 1 + ptx::DeviceModel{}.barrier);
}

TEST(Time, of_a_load_begins_as_early_as_the_order_of_accesses_allows) {
  const ptx::DeviceModel m;
  const std::string address = "add.u64 %y0, %out, 0;\nmov.u32 %x4, 1;\nadd.u32 %x4, %x4, 1;\nadd.u32 %x4, %x4, 1;\nadd.u32 %x4, %x4, 1;\nadd.u32 %x4, %x4, 1;\n", use = "add.u32 %x1, %x0, %x4;\n";
  const u64 free = cycles(address + "ld.global.u32 %x0, [%y0];\n" + use), behind = cycles(address + "st.global.u32 [%out+64], %x4;\nld.global.u32 %x0, [%y0];\n" + use);
  EXPECT_EQ(free, m.alu + m.l2 + 1);
  EXPECT_EQ(behind, 5 * m.alu + 1 + m.l2 + 1) << "the load might read what is stored";
  EXPECT_EQ(cycles(address + "st.global.u32 [%out+64], %x4;\nld.global.nc.u32 %x0, [%y0];\n" + use), free) << "what nobody writes";
  EXPECT_EQ(cycles(".shared .b8 s[128];\n" + address + "st.shared.u32 [s], %x4;\nld.global.u32 %x0, [%y0];\n" + use), free) << "another memory";
}

TEST(Time, of_the_chain_is_counted_where_it_was_spent) {
  const ptx::DeviceModel m;
  const auto r = report(apart("add.u64 %y0, %out, 0;\nld.global.u32 %x0, [%y0];\nshfl.sync.bfly.b32 %x0, %x0, 1, 31, -1;\nadd.u32 %x1, %x0, 1;"));
  EXPECT_EQ(r.count(Class::global_load).chain, m.l2);
  EXPECT_EQ(r.count(Class::shuffle).chain, m.shuffle);
  u64 all = 0;
  for (const ptx::Executed& e : r.of) all += e.chain;
  EXPECT_EQ(all, r.longest_block);
}

TEST(Time, of_a_load_is_that_of_the_cache_that_has_it) {
  const ptx::DeviceModel m;
  const std::string address = "mov.u32 %x1, 0;\nadd.u64 %y0, %out, 0;\n", load = "ld.global.u32 %x0, [%y0];\nadd.u32 %x1, %x0, %x1;\n";
  const u64 once = cycles(address + load), twice = cycles(address + load + load);
  EXPECT_EQ(twice - once, m.l1 + 1) << "the second load issues one cycle after the sum that waited for the first";
  ptx::Options uncached;
  uncached.model.l1_bytes = 0;
  EXPECT_EQ(cycles(address + load + load, uncached) - cycles(address + load, uncached), m.l2 + 1);
}

TEST(Time, of_bank_conflicts_is_a_cycle_each) {
  const auto conflict = [](u32 stride) { return fmt::format(".shared .b8 s[4096];\nmov.u32 %x0, s;\nmad.lo.u32 %x0, %t, {}, %x0;\nld.shared.u32 %x1, [%x0];\nld.shared.u32 %x2, [%x0];\nmov.u32 %x3, 1;", stride); };
  EXPECT_EQ(cycles(conflict(128)) - cycles(conflict(4)), 2 * 31u);
}

TEST(Time, of_a_barrier_is_that_of_the_last_warp) {
  const ptx::DeviceModel m;
  // Warp 1 has a chain of shuffles before the barrier.
  const std::string chain = "setp.lt.u32 %p, %t, 32;\n@%p bra B;\nmov.u32 %x0, 1;\nshfl.sync.bfly.b32 %x0, %x0, 1, 31, -1;\nshfl.sync.bfly.b32 %x0, %x0, 1, 31, -1;\nadd.u32 %x0, %x0, 1;\nB:\n";
  const u64 with = cycles(chain + "bar.sync 0;", {}, 64), without = cycles(chain, {}, 64);
  EXPECT_EQ(with - without, 1 + m.barrier);
}

TEST(Time, of_many_warps_is_that_of_their_scheduler) {
  // 32 warps on 4 schedulers, each with n independent instructions: 8 n cycles.
  std::string body;
  for (int k = 0; k < 50; ++k) body += fmt::format("mov.u32 %x{}, 1;\n", k % 8);
  EXPECT_EQ(cycles(body, {}, 1024), 8 * 50u);
  EXPECT_EQ(cycles(body, {}, 128), 50u);
}

TEST(Time, of_blocks_depends_on_how_many_run_at_once) {
  const std::string body = "mov.u32 %x0, 1;\nadd.u32 %x0, %x0, 1;\nadd.u32 %x0, %x0, 1;\n";
  ptx::Options o;
  o.model.multiprocessors = 2;
  const auto blocks = [&](u32 n, u32 resident) {
    o.model.resident_blocks = resident;
    return report(body, {.grid = {n}, .block = {32}}, o);
  };
  const u64 one = blocks(1, 1).longest_block;
  EXPECT_EQ(blocks(2, 1).cycles, one);
  EXPECT_EQ(blocks(5, 1).cycles, 3 * one);
  EXPECT_EQ(blocks(4, 2).cycles, one);
  EXPECT_EQ(blocks(5, 2).cycles, 2 * one);
  EXPECT_EQ(blocks(5, 1).block_cycles, 5 * one);
}

}  // namespace
}  // namespace antidrome
