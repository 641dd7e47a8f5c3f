// Spaces of memory, vectors, atomics; and what is told of a bad access, a bad launch, a bad text.
#include "tests/ptx/machine.hpp"

namespace antidrome {
namespace {

using namespace test;

TEST(Spaces, of_a_thread_and_of_a_block_have_windows_in_generic_addresses) {
  const auto r = Written(R"(
    .local .align 4 .b8 own[16];
    .shared .align 4 .u32 common[64];
    mov.u64 %y0, own;
    st.local.u32 [%y0+8], %t;
    cvta.local.u64 %y1, %y0;
    ld.u32 %x0, [%y1+8];
    mov.u64 %y2, common;
    cvta.shared.u64 %y3, %y2;
    mul.wide.u32 %y4, %t, 4;
    add.u64 %y3, %y3, %y4;
    st.u32 [%y3], %x0;
    cvta.to.shared.u64 %y5, %y3;
    ld.shared.u32 %x1, [%y5];
    setp.lt.u32 %p, %t, 7;
    selp.b64 %y6, %y1, %y3, %p;
    ld.u32 %x2, [%y6];
    isspacep.shared %q, %y6;
    @%q add.u32 %x1, %x1, 1000;
    st.u32 [%at], %x1;)").run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], t + (t < 7 ? 0 : 1000));
}

TEST(Spaces, of_the_module_have_their_first_values) {
  const std::string head = ".global .align 4 .u32 table[4] = {5, 6, 7, 8};\n.const .align 8 .b8 bytes[4] = {1, 2, 255};\n.global .align 4 .u32 counter;\n";
  const auto r = Written(R"(
    and.b32 %x0, %t, 3;
    mov.u64 %y0, table;
    mul.wide.u32 %y1, %x0, 4;
    add.u64 %y1, %y1, %y0;
    ld.global.u32 %x1, [%y1];
    ld.const.u8 %x2, [bytes+2];
    ld.const.s8 %x3, [bytes+2];
    ld.global.u32 %x4, [counter];
    add.u32 %x1, %x1, %x2;
    add.u32 %x1, %x1, %x3;
    add.u32 %x1, %x1, %x4;
    st.global.u32 [%at], %x1;)", 64, {}, head).run();
  for (u32 t = 0; t < 64; ++t) EXPECT_EQ(r[t], 5 + t % 4 + 255 - 1);
}

TEST(Spaces, of_vectors_and_narrow_elements) {
  const auto r = Written(R"(
    shl.b32 %x0, %t, 4;
    mul.wide.u32 %y0, %t, 16;
    add.u64 %y0, %y0, %out;
    add.u32 %x1, %x0, 1;
    add.u32 %x2, %x0, 2;
    st.global.v4.u32 [%y0], {%x0, %x1, %x2, %t};
    ld.global.v2.u32 {%x3, %x4}, [%y0+8];
    add.u32 %x5, %x3, %x4;
    cvt.u16.u32 %h0, %x5;
    st.global.u16 [%y0+2], %h0;
    ld.global.u8 %x6, [%y0+2];
    st.global.u32 [%y0+4], %x6;)", 256).run();
  for (u32 t = 0; t < 64; ++t) {
    const u32 sum = 16 * t + 2 + t;
    EXPECT_EQ(r[4 * t], (16 * t & 0xffff) | sum << 16);
    EXPECT_EQ(r[4 * t + 1], sum & 255);
  }
}

TEST(Spaces, of_the_launch_lie_behind_those_of_the_kernel) {
  Written w(R"(
    .shared .align 4 .b8 mine[12];
    mov.u32 %x0, theirs;
    mov.u32 %x1, mine;
    mad.lo.u32 %x2, %t, 4, %x0;
    st.shared.u32 [%x2], %t;
    mov.u32 %x3, %dynamic_smem_size;
    mad.lo.u32 %x0, %x0, 1000, %x3;
    st.global.u32 [%at], %x0;)", 64, {}, ".extern .shared .align 16 .b8 theirs[];");
  const auto r = w.run({.grid = {}, .block = {64}, .dynamic_shared_bytes = 256});
  for (const u32 x : r) EXPECT_EQ(x, 16256u);
  EXPECT_THROW(w.launch({.grid = {}, .block = {64}, .dynamic_shared_bytes = 252}), ptx::Error);
}

TEST(Atomics, take_their_turns_in_the_order_of_lanes) {
  struct Way { std::string text; u32 start, end; };
  for (const Way& way : {Way{"atom.global.add.u32 %x0, [%out], %t;", 0, 63 * 32}, Way{"red.global.max.s32 [%out], %t;", 0, 63}, Way{"red.relaxed.gpu.global.min.u32 [%out], %t;", 9, 0}, Way{"atom.global.exch.b32 %x0, [%out], %t;", 0, 63},
                         Way{"atom.global.cas.b32 %x0, [%out], %t, 70;", 5, 70}, Way{"atom.global.inc.u32 %x0, [%out], 9;", 0, 4}, Way{"atom.global.dec.u32 %x0, [%out], 9;", 0, 6}, Way{"red.global.or.b32 [%out], %t;", 0, 63},
                         Way{"atom.global.and.b32 %x0, [%out], %t;", 255, 0}, Way{"red.global.xor.b32 [%out], %t;", 1, 1}}) {
    Written w(way.text);
    w.machine.upload(w.out, &way.start, 4);
    EXPECT_EQ(w.run()[0], way.end) << way.text;
  }
  // What each lane got before it added.
  const auto r = Written("mov.u32 %x1, 1;\natom.global.add.u32 %x0, [%out+252], %x1;\nsetp.lt.u32 %p, %t, 63;\n@%p st.global.u32 [%at], %x0;").run();
  for (u32 t = 0; t < 63; ++t) EXPECT_EQ(r[t], t);
  EXPECT_EQ(std::bit_cast<float>(Written("mov.f32 %f0, 0f3F000000;\nred.global.add.f32 [%out], %f0;").run()[0]), 32.0f);
  EXPECT_EQ(Written(".shared .u32 s;\nmov.u32 %x1, 0;\nst.shared.u32 [s], %x1;\nbar.sync 0;\natom.shared.add.u32 %x0, [s], 2;\nbar.sync 0;\nld.shared.u32 %x0, [s];\nst.global.u32 [%at], %x0;").run()[17], 128u);
}

TEST(Mistakes, of_an_access_name_thread_place_and_memory) {
  const std::string beyond = message_of("st.global.u32 [%at+4], %t;");
  EXPECT_SAYS(beyond, "kernel 'k', PTX line 17 `st.global.u32 [%at+4], %t`: block (0, 0, 0), thread 63 accesses 4 bytes at ");
  EXPECT_SAYS(beyond, "that is byte 256 of 'out', which has 256");
  EXPECT_SAYS(message_of("ld.global.v2.u32 {%x0, %x1}, [%at];"), "thread 1 accesses 8 bytes");
  EXPECT_SAYS(message_of("ld.global.v2.u32 {%x0, %x1}, [%at];"), "misaligned");
  EXPECT_SAYS(message_of(".shared .b8 s[16];\nmov.u32 %x0, s;\nmad.lo.u32 %x0, %t, 4, %x0;\nld.shared.u32 %x1, [%x0];"), "thread 4 accesses 4 bytes at 0x10: the block has 16 bytes of shared memory");
  EXPECT_SAYS(message_of(".local .align 8 .b8 own[8];\nmov.u64 %y0, own;\nld.local.u64 %y1, [%y0+8];"), "8 bytes of local memory");
  EXPECT_SAYS(message_of("mov.u64 %y0, 0;\nld.u32 %x0, [%y0];"), "no allocation is near");
}

TEST(Mistakes, of_the_kernels_text_have_its_line) {
  const std::string text = R"(.loc 1 31 5
    .loc 2 7 3, function_name $L__info, inlined_at 1 31 5
    .loc 2 90 3, function_name $L__info, inlined_at 2 7 3
    st.global.u32 [%at+4], %t;)";
  EXPECT_SAYS(message_of(text, {.grid = {}, .block = {64}}), "kernel 'k', PTX line");
  Written w(text, 64, {}, ".file 1 \"folder/kernels.cu\"\n.file 2 \"device.h\"");
  try {
    w.launch();
    ADD_FAILURE() << "nothing was told";
  } catch (const ptx::Error& e) {
    EXPECT_SAYS(e.what(), "kernels.cu:31, PTX line");   // of what was inlined, the outermost call
  }
}

std::string refusal(const std::string& body, const std::string& head = "") {
  try {
    ptx::decode(ptx::parse(module_text(".param .u64 out", registers + body, head), "test.ptx"));
  } catch (const ptx::Error& e) {
    return e.what();
  }
  return "it was taken";
}

TEST(Mistakes, of_the_text_have_their_line) {
  EXPECT_SAYS(refusal("tex.2d.v4.f32.f32 {%f0, %f1, %f2, %f3}, [%y0, {%f0, %f1}];"), "test.ptx:17");
  EXPECT_SAYS(refusal("add.f16 %h0, %h0, %h0;"), "the instruction is not known: `add.f16 %h0, %h0, %h0`");
  EXPECT_SAYS(refusal("add.u32 %x0, %x1;"), "expected 3 operands");
  EXPECT_SAYS(refusal("add.u64 %x0, %x1, %x2;"), "another width");
  EXPECT_SAYS(refusal("mov.u32 %x0, %clock;"), "the special register '%clock' is not known");
  EXPECT_SAYS(refusal("bra.uni NOWHERE;"), "no label 'NOWHERE'");
  EXPECT_SAYS(refusal("add.u32 %x0, %x1, %nobody;"), "special register '%nobody'");
  EXPECT_SAYS(refusal("@%nobody bra L;\nL:"), "'%nobody' is not a predicate");
  EXPECT_SAYS(refusal("add.u32 %x0, %x1, 3"), "expected ','");
  EXPECT_SAYS(refusal("ld.global.u32 {%x0, %x1}, [%at];"), "another number of registers");
  EXPECT_SAYS(refusal("shfl.down.b32 %x0, %x1, 1, 31;"), "the shuffle is not known");
  EXPECT_SAYS(refusal(".texref t;"), "'.texref' is not known here");
  EXPECT_SAYS(refusal("", ".surfref s;"), "'.surfref' is not known here");
  EXPECT_SAYS(refusal("", ".address_size 32"), "64 bits");
  EXPECT_SAYS(message_of("call.uni vprintf, ();"), "calls a function that has no body here");
}

TEST(Mistakes, of_a_launch_are_refused) {
  Written w("ret;");
  EXPECT_THROW(w.machine.launch("other", {.grid = {}, .block = {32}}, ptx::bytes_of(w.out)), std::invalid_argument);
  EXPECT_THROW(w.machine.launch("k", {.grid = {}, .block = {2048}}, ptx::bytes_of(w.out)), std::invalid_argument);
  EXPECT_THROW(w.machine.launch("k", {.grid = {}, .block = {32}}, {}), std::invalid_argument);
  EXPECT_THROW(w.machine.launch("k", {.grid = {}, .block = {32}, .dynamic_shared_bytes = 300000}, ptx::bytes_of(w.out)), std::invalid_argument);
  EXPECT_THROW(w.machine.download(nullptr, w.out + 200, 100), std::invalid_argument);
  w.machine.free(w.out);
  EXPECT_THROW(w.machine.free(w.out), std::invalid_argument);
  EXPECT_THROW(w.machine.clear(w.out, 4), std::invalid_argument);
}

TEST(Launches, number_their_blocks_and_threads) {
  const auto r = Written(R"(
    mov.u32 %x0, %ctaid.x;
    mov.u32 %x1, %ctaid.y;
    mov.u32 %x2, %nctaid.x;
    mad.lo.u32 %x0, %x1, %x2, %x0;
    mov.u32 %x3, %tid.y;
    mov.u32 %x4, %ntid.x;
    mov.u32 %x5, %ntid.y;
    mad.lo.u32 %x6, %x3, %x4, %t;
    mul.lo.u32 %x7, %x4, %x5;
    mad.lo.u32 %x6, %x0, %x7, %x6;
    mul.wide.u32 %y0, %x6, 4;
    add.u64 %y0, %y0, %out;
    mad.lo.u32 %x0, %x0, 100, %x3;
    st.global.u32 [%y0], %x0;)", 6 * 12).run({.grid = {3, 2}, .block = {4, 3}});
  for (u32 k = 0; k < r.size(); ++k) EXPECT_EQ(r[k], k / 12 * 100 + k % 12 / 4);
}

}  // namespace
}  // namespace antidrome
