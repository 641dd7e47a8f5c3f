// The lift check itself: it passes on foreign models, and it notices an equation that is wrong by little.
#include "tests/frontend/lifting.hpp"

#include "codegen/frontend/session.hpp"

namespace antidrome::frontend {
namespace {

class ForeignModel : public testing::TestWithParam<const char*> {};

TEST_P(ForeignModel, compiled_hooks_and_lifted_equations_agree) {
  const ModelFile model = load_valid(source_path(GetParam()));
  const std::vector<HookCheck> checks = model.lift_check(300, 1e-12);
  EXPECT_GE(checks.size(), 4u);
  for (const HookCheck& c : checks) EXPECT_TRUE(c.ok) << c.name << ": relative difference " << c.worst << " in " << c.variable << ", " << c.states << " states";
}

INSTANTIATE_TEST_SUITE_P(Foreign, ForeignModel, testing::Values("tests/models/three_states.cc", "tests/models/conductance.cc", "tests/models/own_synapse.cc", "tests/models/corners.cc"),
                         [](const auto& instance) { return std::filesystem::path(instance.param).stem().string(); });

// A hook "compiled" here by hand, against equations that say something else.
real compiled_flow(const detail::Call& call) {
  state& v = *static_cast<state*>(call.objects[0]);
  v.slope = -v / 20;
  return 0;
}

LiftedStruct decaying_state() {
  LiftedStruct s;
  s.model.name = "Decay";
  s.model.symbols = {{"v", ir::Role::state, 0, {}}};
  s.objects = {{"", {{s.model.symbols[0], 0}}, sizeof(state)}};
  return s;
}

HookCheck check_against(const ir::Hook& lifted) {
  const LiftedStruct s = decaying_state();
  RecordedStruct recorded;
  recorded.bytes.resize(sizeof(state));
  return check_hook(s, recorded, {"flow", &compiled_flow}, lifted, 100, 1e-12);
}

ir::Hook hook_of(ir::Effect::Kind kind, const char* equation) {
  ir::Hook hook;
  hook.effects.push_back({kind, "v", ir::parse(equation), {}});
  return hook;
}

TEST(LiftCheck, the_right_equation_passes) { EXPECT_TRUE(check_against(hook_of(ir::Effect::Kind::derivative, "-v / 20")).ok); }

TEST(LiftCheck, a_coefficient_wrong_in_the_tenth_digit_is_noticed) {
  const HookCheck check = check_against(hook_of(ir::Effect::Kind::derivative, "-v / 20.00000001"));
  EXPECT_FALSE(check.ok);
  EXPECT_EQ(check.variable, "d(v)");
}

TEST(LiftCheck, a_missing_equation_is_noticed) { EXPECT_FALSE(check_against({}).ok); }

TEST(LiftCheck, an_assignment_that_the_struct_does_not_make_is_noticed) {
  ir::Hook hook = hook_of(ir::Effect::Kind::derivative, "-v / 20");
  hook.effects.push_back({ir::Effect::Kind::assign, "v", ir::parse("v + 1"), {}});
  EXPECT_FALSE(check_against(hook).ok);
}

}  // namespace
}  // namespace antidrome::frontend
