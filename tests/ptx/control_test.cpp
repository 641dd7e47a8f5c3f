// Paths of lanes, barriers, and lanes that meet.
#include "tests/ptx/machine.hpp"

namespace antidrome {
namespace {

using namespace test;

TEST(Paths, part_and_meet_again) {
  // if (t < 20) x = 1 else if (t odd) x = 2 else x = 3; then all lanes vote together
  const auto r = Written(R"(
    setp.lt.u32 %p, %t, 20;
    @%p bra LOW;
    and.b32 %x1, %t, 1;
    setp.ne.u32 %q, %x1, 0;
    @%q bra ODD;
    mov.u32 %x0, 3;
    bra.uni MEET;
ODD:
    mov.u32 %x0, 2;
    bra.uni MEET;
LOW:
    mov.u32 %x0, 1;
MEET:
    activemask.b32 %x2;
    setp.eq.u32 %p, %x2, -1;
    @%p add.u32 %x0, %x0, 100;
    st.global.u32 [%at], %x0;)").run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], 100 + (t < 20 ? 1 : t % 2 ? 2 : 3)) << t;
}

TEST(Paths, loops_end_lane_by_lane) {
  const auto r = Written(R"(
    mov.u32 %x0, 0;
    mov.u32 %x1, 0;
LOOP:
    add.u32 %x0, %x0, %x1;
    add.u32 %x1, %x1, 1;
    setp.le.u32 %p, %x1, %t;
    @%p bra LOOP;
    activemask.b32 %x2;
    popc.b32 %x2, %x2;
    mad.lo.u32 %x0, %x2, 10000, %x0;
    st.global.u32 [%at], %x0;)").run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], 320000 + t * (t + 1) / 2) << t;
}

TEST(Paths, loops_with_two_exits_and_a_branch_within) {
  // The number of steps of a Collatz sequence, at most 40.
  const auto r = Written(R"(
    add.u32 %x0, %t, 1;
    mov.u32 %x1, 0;
LOOP:
    setp.eq.u32 %p, %x0, 1;
    @%p bra DONE;
    setp.ge.u32 %p, %x1, 40;
    @%p bra DONE;
    and.b32 %x2, %x0, 1;
    setp.eq.u32 %q, %x2, 0;
    @%q bra EVEN;
    mad.lo.u32 %x0, %x0, 3, 1;
    bra.uni NEXT;
EVEN:
    shr.u32 %x0, %x0, 1;
NEXT:
    add.u32 %x1, %x1, 1;
    bra.uni LOOP;
DONE:
    activemask.b32 %x3;
    setp.ne.u32 %p, %x3, -1;
    @%p add.u32 %x1, %x1, 1000;
    st.global.u32 [%at], %x1;)").run();
  for (u32 t = 0; t < 64; ++t) {
    u32 n = t + 1, steps = 0;
    for (; n != 1 && steps < 40; ++steps) n = n % 2 ? 3 * n + 1 : n / 2;
    EXPECT_EQ(r[t], steps) << t;
  }
}

TEST(Paths, end_where_lanes_return) {
  const auto r = Written(R"(
    mov.u32 %x0, 5;
    st.global.u32 [%at], %x0;
    setp.lt.u32 %p, %t, 10;
    @%p ret;
    setp.gt.u32 %p, %t, 40;
    @%p bra LATE;
    mov.u32 %x0, 6;
    st.global.u32 [%at], %x0;
    exit;
LATE:
    activemask.b32 %x0;
    st.global.u32 [%at], %x0;)").run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], t < 10 ? 5u : t <= 40 ? 6u : 0xfffffe00u) << t;
}

TEST(Paths, that_lanes_leave_for_good_meet_without_them) {
  const auto r = Written(R"(
    setp.ge.u32 %p, %t, 10;
    @%p bra MEET;
    setp.lt.u32 %q, %t, 5;
    @%q ret;
MEET:
    activemask.b32 %x0;
    st.global.u32 [%at], %x0;)").run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], t < 5 ? 0u : t < 32 ? 0xffffffe0u : 0xffffffffu) << t;
}

TEST(Paths, go_through_functions_and_back) {
  const std::string head = R"(
.func (.param .b32 result) twice_or_more(.param .b32 number, .param .b32 limit)
{
  .reg .pred %p; .reg .b32 %r<3>;
  ld.param.u32 %r0, [number];
  ld.param.u32 %r1, [limit];
  setp.lt.u32 %p, %r0, %r1;
  @%p bra SMALL;
  add.u32 %r2, %r0, 1000;
  st.param.b32 [result], %r2;
  ret;
SMALL:
  add.u32 %r2, %r0, %r0;
  st.param.b32 [result], %r2;
  ret;
}
)";
  Written w(R"(
    mov.u32 %x0, 30;
    { .param .b32 p0; .param .b32 p1; .param .b32 r;
    st.param.b32 [p0], %t;
    st.param.b32 [p1], %x0;
    call.uni (r), twice_or_more, (p0, p1);
    ld.param.b32 %x1, [r]; }
    st.global.u32 [%at], %x1;)", 64, {}, head);
  const auto r = w.run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], t < 30 ? 2 * t : t + 1000) << t;
}

TEST(Barriers, make_what_was_written_visible) {
  Written w(R"(
    .shared .align 4 .b8 s[256];
    mov.u32 %x0, s;
    shl.b32 %x1, %t, 2;
    add.u32 %x1, %x1, %x0;
    st.shared.u32 [%x1], %t;
    bar.sync 0;
    mov.u32 %x2, 63;
    sub.u32 %x2, %x2, %t;
    shl.b32 %x2, %x2, 2;
    add.u32 %x2, %x2, %x0;
    ld.shared.u32 %x3, [%x2];
    st.global.u32 [%at], %x3;)");
  const auto r = w.run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], 63 - t);
}

TEST(Barriers, of_part_of_a_block_open_for_that_part) {
  // Warps 0 and 1 meet at barrier 1 while warp 2 goes ahead to barrier 0.
  const auto r = Written(R"(
    setp.ge.u32 %p, %t, 64;
    @%p bra ALL;
    bar.sync 1, 64;
    mov.u32 %x0, 1;
    st.global.u32 [%at], %x0;
ALL:
    bar.sync 0;
    ld.global.u32 %x1, [%out];
    setp.ge.u32 %p, %t, 64;
    @%p st.global.u32 [%at], %x1;)", 96).run({.grid = {}, .block = {96}});
  for (const u32 x : r) EXPECT_EQ(x, 1u);
}

TEST(Barriers, count_and_vote) {
  const auto r = Written(R"(
    setp.lt.u32 %p, %t, 37;
    bar.red.popc.u32 %x0, 0, %p;
    bar.red.or.pred %q, 0, %p;
    selp.u32 %x1, 100, 0, %q;
    bar.red.and.pred %q, 0, !%p;
    selp.u32 %x2, 1000, 0, %q;
    add.u32 %x0, %x0, %x1;
    add.u32 %x0, %x0, %x2;
    st.global.u32 [%at], %x0;)").run();
  for (const u32 x : r) EXPECT_EQ(x, 137u);
}

TEST(Lanes, shuffle_in_every_way) {
  struct Way { const char* text; std::function<u32(u32)> from; };
  for (const Way& way : {Way{"idx.b32 %x0|%p, %t, 5, 31", [](u32) { return 5u; }}, Way{"up.b32 %x0|%p, %t, 3, 0", [](u32 l) { return l < 3 ? l : l - 3; }}, Way{"down.b32 %x0|%p, %t, 3, 31", [](u32 l) { return l + 3 > 31 ? l : l + 3; }},
                         Way{"bfly.b32 %x0|%p, %t, 9, 31", [](u32 l) { return l ^ 9; }}, Way{"down.b32 %x0|%p, %t, 3, 4127", [](u32 l) { return l % 16 + 3 > 15 ? l : l + 3; }},
                         Way{"idx.b32 %x0|%p, %t, 3, 6175", [](u32 l) { return (l & ~7u) + 3; }}}) {
    const auto r = Written(fmt::format("shfl.sync.{}, -1;\nst.global.u32 [%at], %x0;", way.text)).run();
    for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], (t & 32) + way.from(t % 32)) << way.text << " lane " << t;
  }
}

TEST(Lanes, vote_match_and_reduce) {
  struct Way { std::string text; std::function<u32(u32)> value; };
  const auto sum = [](u32 warp) { u32 s = 0; for (u32 l = 0; l < 32; ++l) s += 32 * warp + l; return s; };
  const std::vector<Way> ways = {
      {"setp.lt.u32 %p, %t, 40;\nvote.sync.ballot.b32 %x0, %p, -1;", [](u32 w) { return w == 0 ? 0xffffffffu : 0xffu; }},
      {"setp.lt.u32 %p, %t, 40;\nvote.sync.all.pred %q, %p, -1;\nselp.u32 %x0, 1, 0, %q;", [](u32 w) { return u32(w == 0); }},
      {"setp.lt.u32 %p, %t, 32;\nvote.sync.any.pred %q, !%p, -1;\nselp.u32 %x0, 1, 0, %q;", [](u32 w) { return u32(w == 1); }},
      {"setp.lt.u32 %p, %t, 40;\nvote.sync.uni.pred %q, %p, -1;\nselp.u32 %x0, 1, 0, %q;", [](u32 w) { return u32(w == 0); }},
      {"redux.sync.add.u32 %x0, %t, -1;", sum},
      {"sub.u32 %x1, %t, 40;\nredux.sync.min.s32 %x0, %x1, -1;", [](u32 w) { return u32(s32(32 * w) - 40); }},
      {"redux.sync.max.u32 %x0, %t, -1;", [](u32 w) { return 32 * w + 31; }},
      {"shr.u32 %x1, %t, 6;\nmatch.all.sync.b32 %x0|%p, %x1, -1;\n@!%p mov.u32 %x0, 77;", [](u32) { return 0xffffffffu; }},
  };
  for (const Way& way : ways) {
    const auto r = Written(way.text + "\nst.global.u32 [%at], %x0;").run();
    for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], way.value(t / 32)) << way.text << " lane " << t;
  }
  const auto r = Written("and.b32 %x1, %t, 3;\nmatch.any.sync.b32 %x0, %x1, -1;\nst.global.u32 [%at], %x0;").run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], 0x11111111u << t % 4);
}

TEST(Mistakes, of_lanes_that_do_not_meet_are_told) {
  EXPECT_SAYS(message_of("setp.lt.u32 %p, %t, 5;\n@%p bra A;\nbra.uni B;\nA:\nvote.sync.ballot.b32 %x0, %p, -1;\nB:\nret;"), "thread 5 is named by the mask 0xffffffff and is somewhere else");
  EXPECT_SAYS(message_of("vote.sync.ballot.b32 %x0, %p, 15;"), "thread 4 takes part, but the mask 0xf does not name it");
  EXPECT_SAYS(message_of("setp.gt.u32 %p, %t, 5;\n@%p ret;\nshfl.sync.idx.b32 %x0, %t, 9, 31, 63;"), "thread 0 reads lane 9, which does not take part");
  EXPECT_SAYS(message_of("setp.lt.u32 %p, %t, 5;\n@%p bra A;\nbra.uni B;\nA:\nbar.sync 0;\nB:\nret;"), "thread 5 is not at this barrier");
  const std::string stuck = message_of("setp.lt.u32 %p, %t, 32;\n@%p bra A;\nbar.sync 1;\nbra.uni B;\nA:\nbar.sync 2;\nB:\nret;");
  EXPECT_SAYS(stuck, "waits for ever");
  EXPECT_SAYS(stuck, "warp 1 at barrier 1");
  EXPECT_SAYS(message_of("L:\nbra.uni L;", {.grid = {}, .block = {32}}, {.instruction_limit = 10000}), "still running");
  EXPECT_SAYS(message_of("trap;"), "trap");
  EXPECT_SAYS(message_of("mov.u32 %x0, 0;\ndiv.u32 %x1, %t, %x0;"), "thread 0 divides an integer by zero");
}

}  // namespace
}  // namespace antidrome
