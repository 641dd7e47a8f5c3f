// What a hook means as equations: a table of C++ and the parallel map it must become.
#include "tests/frontend/lifting.hpp"

namespace antidrome::frontend {
namespace {

using ir::Trigger;

/// A neuron whose step() is `body`, lifted; the effects as "target := value; …" in the order of their names.
std::string lifted_step(const std::string& body, const std::string& members = "") {
  const ModelText text("real helper(real x) { return 2 * x; }\n"
                       "struct Cell {\n  param p = 2, q = 3;\n  state v, u;\n  input i;\n  count n;\n" + members +
                       "\n  void flow() { d(v) = (i - v) / p; }\n  bool fires() { return v >= q; }\n  void step() { " + body + " }\n};\n"
                       "void network(Network& net) { net.population(\"cells\", 1, Cell{}); }\n");
  const ModelFile model = load_valid(text.path());
  std::string out;
  for (const ir::Effect& e : model.network().populations.at(0).model.hooks.at(Trigger::step).effects)
    out += (out.empty() ? "" : "; ") + e.target + " := " + ir::print(e.value);
  return out;
}

struct Case { const char* name; const char* body; const char* expected; };

class Step : public testing::TestWithParam<Case> {};

TEST_P(Step, becomes_a_parallel_map) {
  // written through parse, so that spelling and spaces do not matter
  const std::string lifted = lifted_step(GetParam().body);
  EXPECT_EQ(lifted, GetParam().expected);
}

INSTANTIATE_TEST_SUITE_P(
    Equations, Step,
    testing::Values(
        Case{"assignment", "v = p * u;", "v := p * u"},
        Case{"compound_assignments_follow_each_other", "v += 1;  v *= p;  v -= q;  v /= 2;", "v := ((v + 1) * p - q) / 2"},
        Case{"a_later_statement_reads_the_new_value", "v = p;  u = v + 1;", "u := p + 1; v := p"},
        Case{"an_earlier_statement_reads_the_old_value", "u = v;  v = p;", "u := v; v := p"},
        Case{"locals_and_helpers_are_substituted", "const real x = helper(v);  u = x - p;", "u := 2 * v - p"},
        Case{"a_local_may_change", "real x = v;  x += 1;  u = x;", "u := v + 1"},
        Case{"if_without_else_keeps_the_value", "if (v > p) u = 1;", "u := select(p < v, 1, u)"},
        Case{"both_branches", "if (v > p) u = 1; else v = 0;", "u := select(p < v, 1, u); v := select(p < v, v, 0)"},
        Case{"return_skips_the_rest", "if (v > p) return;  u = q;", "u := select(p < v, u, q)"},
        Case{"conditional_expression", "u = v > 0 && u <= p ? +q : 1.0;", "u := select(0 < v && u <= p, q, 1)"},
        Case{"a_constant_condition_is_decided", "if (2 > 1) u = p; else u = q;", "u := p"},
        Case{"elementary_functions", "u = exp(v) + sqrt(fabs(u)) + pow(v, 3) + tanh(v);", "u := exp(v) + sqrt(abs(u)) + pow(v, 3) + tanh(v)"},
        Case{"library_functions_are_inlined", "u = sq(v) + clip(u, 0, 1);", "u := v * v + min(max(u, 0), 1)"},
        Case{"context", "u = time() / trial() + dt() * training();", "u := time / trial + dt * training"},
        Case{"stop_is_kept", "u = v - stop(v);", "u := v - stop(v)"},
        Case{"counts_count", "n += 1;", "n := n + 1"},
        Case{"a_count_cuts_towards_zero", "n = p;", "n := select(p < 0, -floor(-p), floor(p))"},
        Case{"a_swap_reads_both_old_values", "const real x = v;  v = u;  u = x;", "u := v; v := u"},
        Case{"a_lambda", "const auto twice = [&](real x) { return 2 * x + p; };  u = twice(v);", "u := 2 * v + p"},
        Case{"nothing_changes", "v = v;", ""}),
    [](const auto& instance) { return instance.param.name; });

TEST(Equations, a_const_member_function_is_inlined) {
  EXPECT_EQ(lifted_step("u = twice();", "real twice() const { return 2 * v; }"), "u := 2 * v");
}

TEST(Equations, constants_of_every_kind_fold) {
  EXPECT_EQ(lifted_step("u = k * v + half;", "static constexpr real k = 3;  static constexpr double half = 1.0 / 2;"), "u := 3 * v + 0.5");
}

TEST(Equations, flow_of_a_synapse_contributes_to_the_input_and_sums_its_contributions) {
  const ModelFile model = load_valid(source_path("tests/models/own_synapse.cc"));
  const ir::Hook& flow = model.network().projections.at(0).model.hooks.at(Trigger::flow);
  const auto found = std::find_if(flow.effects.begin(), flow.effects.end(), [](const ir::Effect& e) { return e.kind == ir::Effect::Kind::contribute; });
  ASSERT_NE(found, flow.effects.end());
  EXPECT_EQ(found->target, "post.i");
  EXPECT_EQ(ir::print(found->value), "i");
}

TEST(Equations, pre_spike_reads_its_own_changes_in_order) {
  const ModelText text("void network(Network& net) {\n  auto in = net.source(\"in\", 1);\n  auto out = net.population(\"out\", 1, Lif{});\n"
                       "  net.connect(in, out, Dense{}, TsodyksMarkram{});\n}\n");
  const ModelFile model = load_valid(text.path());
  const ir::Hook& jump = model.network().projections.at(0).model.hooks.at(Trigger::pre_spike);
  std::map<std::string, std::string> values;
  for (const ir::Effect& e : jump.effects) values[e.target] = ir::print(e.value);
  EXPECT_EQ(values.at("u"), "u + U * (1 - u)");
  EXPECT_EQ(values.at("i"), "i + w * (u + U * (1 - u)) * r");
  EXPECT_EQ(values.at("r"), "r - (u + U * (1 - u)) * r");
}

TEST(Equations, a_pointer_to_member_names_the_port) {
  const ModelFile model = load_valid(source_path("tests/models/conductance.cc"));
  const auto target = [&](std::size_t k) { return model.network().projections.at(k).model.hooks.at(Trigger::pre_spike).effects.at(0).target; };
  EXPECT_EQ(target(0), "post.g_exc");
  EXPECT_EQ(target(1), "post.g_inh");
}

TEST(Equations, a_loss_sees_scores_sums_and_the_label) {
  const ModelText text("void network(Network& net) {\n  auto out = net.population(\"out\", 3, CubaLeaky{});\n  net.loss(net.read(out, MeanVoltage{}), MeanSquare{});\n}\n");
  const ModelFile model = load_valid(text.path());
  EXPECT_EQ(ir::print(model.network().losses.at(0).model.hooks.at(Trigger::loss).result),
            "sum((out.s - off) * (out.s - off)) - (at_label(out.s) - off) * (at_label(out.s) - off) + (at_label(out.s) - on) * (at_label(out.s) - on)");
}

TEST(Equations, refractoriness_is_a_conjunction) {
  const ModelText text("void network(Network& net) { net.population(\"cells\", 3, RefractoryLif{}); }\n");
  const ModelFile model = load_valid(text.path());
  EXPECT_EQ(ir::print(model.network().populations.at(0).model.hooks.at(Trigger::fires).result), "theta <= v && t_ref <= since");
}

}  // namespace
}  // namespace antidrome::frontend
