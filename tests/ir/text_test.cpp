#include <clocale>
#include <gtest/gtest.h>
#include <limits>

#include "codegen/ir/network.hpp"
#include "codegen/ir/program.hpp"
#include "tests/ir/random_expr.hpp"

namespace antidrome::ir {
namespace {

TEST(Text, parse_gives_back_what_was_printed) {
  for (unsigned seed = 0; seed < 500; ++seed) {
    test::RandomExpr random(seed, false);
    const Expr e = random(7);
    EXPECT_EQ(parse(print(e)), e) << print(e);
    EXPECT_EQ(parse(print(simplify(e))), simplify(e)) << print(e);
  }
}

TEST(Text, as_it_reads) {
  for (const char* text : {"a - (b - c)", "a - b - c", "a / (b * c)", "a / b * c", "-(a + b)", "-a * b", "!(a && b) || c < d", "a == (b != c)",
                           "select(hidden.v >= 1, -1.5, 1e-300)", "sum(exp(out.s)) - at_label(out.s) * is_label()", "sum(batch_mean(out.n) * out.pull)", "0.1 + x", "x - 1e+22", "inf() * -x"}) {
    const Expr e = parse(text);
    EXPECT_EQ(parse(print(e)), e) << text;
  }
  EXPECT_EQ(print(parse("a-(b-c)*2/d")), "a - (b - c) * 2 / d");
}

TEST(Text, odd_names_are_quoted) {
  const Expr e = symbol("PulseTo<&Cell::g>.w") * symbol("a \"b\\");
  EXPECT_EQ(parse(print(e)), e);
}

TEST(Text, numbers_come_back_bit_by_bit) {
  for (const double x : {0.1, 1.0 / 3, 5e-324, 1.7976931348623157e308, 123456789012345678.0}) EXPECT_EQ(parse(print(Expr(x))).value(), x);
  EXPECT_EQ(parse("-inf()").value(), -std::numeric_limits<double>::infinity());
  EXPECT_TRUE(std::isnan(parse("nan()").value()));
}

TEST(Text, a_comma_locale_changes_nothing) {
  const char* const before = std::setlocale(LC_ALL, nullptr);
  const std::string saved = before ? before : "C";
  if (!std::setlocale(LC_ALL, "de_DE.UTF-8")) GTEST_SKIP() << "SKIP: no German locale on this machine";
  EXPECT_EQ(print(parse("0.5 * x")), "0.5 * x");
  std::setlocale(LC_ALL, saved.c_str());
}

TEST(Text, heavily_shared_graphs_print_in_their_own_size) {
  Expr e = symbol("x");
  for (int k = 0; k < 100; ++k) e = make(Kind::sin, {e * e + e});
  EXPECT_LT(print(e).size(), 6000u);
  EXPECT_EQ(parse(print(e)), e);
}

TEST(Text, mistakes_are_placed) {
  const auto offset = [](const char* text) -> std::size_t {
    try { parse(text); } catch (const ParseError& e) { return e.offset; }
    return 999;
  };
  EXPECT_EQ(offset("a + * b"), 4u);
  EXPECT_EQ(offset("a + b)"), 5u);
  EXPECT_EQ(offset("1 + foo(x)"), 4u);
  EXPECT_EQ(offset("exp(x, y)"), 0u);
  EXPECT_EQ(offset("(a"), 2u);
  EXPECT_EQ(offset("%3 + a"), 0u);
  EXPECT_EQ(offset("\"open"), 0u);
  EXPECT_EQ(offset(""), 0u);
}

const char* const network_text = R"(network "a \"b\".cc"
learn EventProp clamp 500
option hidden = 200
source input 5 automatic {
  model "" {
  }
}
population hidden 200 exact  @"a.cc":12:3 {
  model Lif  @"a.cc":3:8 {
    param low = 0  @"a.cc":4:9
    state v = -70.5
    count n = 0
    on flow  @"a.cc":5:3 {
      v' = (i - v) / low  @"a.cc":5:20
    }
    on fires {
      return 1 <= v && time < 3
    }
    on reset {
      v := 0
      n := n + 1
    }
  }
  value low = normal(20, 0.5) per_neuron trainable low 3 high 60  @"a.cc":12:40
  value w = values(0, 0, 1.5, -2)
}
projection input_hidden from input to hidden sparse 0.1 no_self delay 3 ms 5 per_synapse trainable low 0 high 20 {
  model ExpCurrent {
    weight w = 0
    on flow {
      i' = -i / tau
      post.i += i
    }
    on pre_spike {
      i := i + w
    }
  }
  value w = uniform(-1, 1) per_synapse trainable
}
readout output_Mean of hidden {
  model Mean {
    state s = 0
    on score {
      return s
    }
  }
}
loss CrossEntropy of output_Mean each_step scale 0.5 labelled {
  model CrossEntropy {
    on loss {
      return log(sum(exp(out.s))) - at_label(out.s)
    }
  }
}
)";

TEST(Text, networks_round_trip) {
  const Network n = parse_network(network_text);
  EXPECT_EQ(print(n), network_text);
  EXPECT_EQ(n.population("hidden")->model.hooks.at(Trigger::reset).effects.size(), 2u);
  EXPECT_EQ(*n.projections[0].delay_steps, 3);
  EXPECT_EQ(*n.projections[0].delay->high, 20);
  EXPECT_FALSE(n.projections[0].connectivity.self);
  EXPECT_EQ(n.losses[0].scale, 0.5);
}

const char* const program_text = R"(program fixture.cc exact
learn EventProp clamp 1000
parameter hidden.tau shared 1 1 trainable cell hidden edge "" = 20 trainable
parameter e.w source_target 3 2 cell "" edge e = normal(0, 1)  @"a.cc":1:2
cell in 3 source {
  solver automatic ""
}
cell hidden 2 linear  @"a.cc":7:1 {
  solver rk4 "exact propagator"
  state hidden.v = hidden.tau / 2  @"a.cc":8:1
  count hidden.n = 0
  gathers e.G1
  draw hidden.draw_uniform_0 uniform 0
  draw hidden.draw_white_1 normal 1
  threshold hidden.v - 1
  slope hidden.i / hidden.tau
  cause hidden.acc
  flow hidden.v := -hidden.v / hidden.tau
  jump hidden.v := 0
  after hidden.n := hidden.n + 1
  advance hidden.v := hidden.v * exp(-h / hidden.tau)
  back_after hidden.lambda_v := 0
  back_after_gradient hidden.grad_tau := 1
  back_jump hidden.lambda_v := hidden.acc / hidden.slope
  back_jump_gradient hidden.grad_tau := 2
  back_jump_caused hidden.lambda_v := 3
  back_jump_caused_gradient hidden.grad_tau := 4
  back_advance hidden.lambda_v := hidden.lambda_v * exp(-h / hidden.tau)
  back_advance_gradient hidden.grad_tau := 5
  back_start_gradient hidden.grad_tau := hidden.lambda_v / 2
}
edge e from in to hidden dense 1 delay 0 ms e.delay jump_linear  @"a.cc":9:1 {
  gather e.G0 weight e.w event factor 1
  gather e.G1 weight "" continuous factor in.u * 2
  back_nu_post e.G0
  back_acc e.nu_post
  arrive_pre in.u := in.u + 1
  arrive_post hidden.v := e.G0 + hidden.v
  back_operands e.lambda_G0 := hidden.lambda_v
  back_arrive_post hidden.lambda_v := 1
  back_arrive_post_gradient hidden.grad_tau := 1
  back_arrive_pre in.lambda_u := 1
  back_arrive_pre_gradient hidden.grad_tau := 1
  back_couple_pre in.lambda_u := 1
  back_couple_pre_gradient hidden.grad_tau := 1
}
loss L of hidden end labelled {
  score hidden.v
  value sum(hidden.v)
  seed hidden.lambda_v := 1
  gradient hidden.grad_tau := 1
}
)";

TEST(Text, programs_round_trip) {
  std::string expected = program_text;
  expected.replace(expected.find("fixture.cc"), 10, "\"fixture.cc\"");
  EXPECT_EQ(print(parse_program(program_text)), expected);
  EXPECT_EQ(print(parse_program(expected)), expected);
}

TEST(Text, misspelt_fields_are_refused) {
  EXPECT_THROW(parse_network("network a learn x clamp 1 populatoin"), ParseError);
  EXPECT_THROW(parse_program("program a grid learn x clamp 1 cell c 2 { solver rk4 \"\" flwo c.v := 1 }"), ParseError);
}

}  // namespace
}  // namespace antidrome::ir
