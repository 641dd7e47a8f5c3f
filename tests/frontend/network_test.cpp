// What network() says becomes the Network.
#include "tests/frontend/lifting.hpp"

namespace antidrome::frontend {
namespace {

TEST(NetworkFunction, options_change_sizes_and_structure) {
  const std::string file = source_path("userprojects/yinyang/model.cc");
  const ModelFile plain = load_valid(file);
  EXPECT_EQ(plain.network().population("hidden")->size, 200);
  EXPECT_FALSE(plain.network().population("output")->model.has(ir::Trigger::fires));
  const ModelFile changed = load_valid(file, {{"hidden", "64"}, {"loss", "first_spike"}});
  EXPECT_EQ(changed.network().population("hidden")->size, 64);
  EXPECT_TRUE(changed.network().population("output")->model.has(ir::Trigger::fires));
  EXPECT_EQ(changed.network().options.at("hidden"), 64);
  EXPECT_EQ(changed.words().at("loss"), "first_spike");
}

TEST(NetworkFunction, a_loop_makes_layers) {
  const ModelFile model = load_valid(source_path("userprojects/fashion_mnist/model.cc"), {{"layers", "3"}});
  std::vector<std::string> names;
  for (const ir::Projection& p : model.network().projections) names.push_back(p.name);
  EXPECT_EQ(names, (std::vector<std::string>{"input_hidden1", "hidden1_hidden2", "hidden2_hidden3", "hidden3_output"}));
}

TEST(NetworkFunction, values_keep_draw_spread_bounds_and_training) {
  const ModelFile model = load_valid(source_path("tests/models/three_states.cc"));
  const ir::Value& tau = model.network().population("bursters")->values.at("tau_v");
  EXPECT_EQ(tau.kind, ir::Value::Kind::uniform);
  EXPECT_EQ(tau.a, 6);
  EXPECT_EQ(tau.b, 12);
  EXPECT_EQ(tau.spread, ir::Value::Spread::per_neuron);
  EXPECT_TRUE(tau.trainable);
  EXPECT_EQ(tau.low, 2);
  EXPECT_EQ(tau.high, 30);
  const ir::Value& theta = model.network().population("bursters")->values.at("theta");
  EXPECT_EQ(theta.kind, ir::Value::Kind::number);
  EXPECT_FALSE(theta.trainable);
  EXPECT_FALSE(theta.low.has_value());
}

TEST(NetworkFunction, initial_states_are_those_of_the_object) {
  const ModelText text("void network(Network& net) {\n  net.population(\"a\", 1, AdEx{});\n  net.population(\"b\", 1, AdEx{.v = -60});\n}\n");
  const ModelFile model = load_valid(text.path());
  EXPECT_EQ(model.network().population("a")->model.find("v")->initial, -70.6);
  EXPECT_EQ(model.network().population("b")->model.find("v")->initial, -60);
}

TEST(NetworkFunction, delays_solvers_and_connectivity_arrive) {
  const ModelFile bursters = load_valid(source_path("tests/models/three_states.cc"));
  EXPECT_EQ(bursters.network().projections.at(1).delay_steps, 2);
  EXPECT_FALSE(bursters.network().projections.at(0).delay_steps.has_value());
  const ModelFile cells = load_valid(source_path("tests/models/conductance.cc"));
  EXPECT_EQ(cells.network().populations.at(1).solver, ir::Solver::rk4);
  EXPECT_FALSE(cells.network().projections.at(1).connectivity.self);
}

TEST(NetworkFunction, a_delay_is_steps_or_milliseconds_or_both) {
  const ModelText text("void network(Network& net) {\n  auto in = net.source(\"in\", 2);\n  auto out = net.population(\"out\", 3, CubaLif{});\n"
                       "  net.connect(in, out, Dense{}, Pulse{}, {.delay = 1_steps + 30_ms * 2});\n  net.connect(in, out, Dense{}, Pulse{}, {.delay = 1 + 30_ms});\n"
                       "  net.connect(out, out, Dense{}, Pulse{}, {.delay = trainable(5_ms), .max_delay = 40_ms});\n}\n");
  const ModelFile model = load_valid(text.path());
  const std::vector<ir::Projection>& made = model.network().projections;
  EXPECT_EQ(made.at(0).delay_steps, 1);
  EXPECT_EQ(made.at(0).delay->a, 60);
  EXPECT_EQ(made.at(0).delay->low, 0);
  EXPECT_FALSE(made.at(0).delay->high.has_value());
  EXPECT_FALSE(made.at(1).delay_steps.has_value());
  EXPECT_EQ(made.at(1).delay->a, 31);
  EXPECT_TRUE(made.at(2).delay->trainable);
  EXPECT_EQ(made.at(2).delay->spread, ir::Value::Spread::shared);
  EXPECT_EQ(made.at(2).delay->high, 40);
}

TEST(NetworkFunction, host_functions_fill_weights) {
  const ModelText text("void network(Network& net) {\n  auto in = net.source(\"in\", 2);\n  auto out = net.population(\"out\", 3, CubaLif{});\n  const real scale = 10;\n"
                       "  net.connect(in, out, Dense{}, Pulse{.w = host([scale](Array w) {\n"
                       "    for (int i = 0; i < w.rows; ++i) for (int j = 0; j < w.columns; ++j) w(i, j) = scale * i + j; })});\n}\n");
  const ModelFile model = load_valid(text.path());
  EXPECT_EQ(model.network().projections.at(0).values.at("w").values, (std::vector<double>{0, 1, 2, 10, 11, 12}));
}

TEST(NetworkFunction, the_standard_library_may_be_used) {
  const ModelText text("#include <string>\n#include <vector>\n#include <cmath>\nnamespace {\nstruct Mine : Lif {};\nstruct Layer { std::string name; int size; };\n}\n"
                       "const std::vector<Layer> layers = {{\"a\", 2}, {\"b\", 3}};\n"
                       "void network(Network& net) {\n  for (const Layer& l : layers) net.population(l.name, l.size, Mine{});\n}\n");
  const ModelFile model = load_valid(text.path());
  ASSERT_EQ(model.network().populations.size(), 2u);
  EXPECT_EQ(model.network().populations[1].name, "b");
  EXPECT_EQ(ir::print(model.network().populations[1].model.hooks.at(ir::Trigger::flow).effects.at(0).value), "(i - v) / tau_mem");
}

TEST(NetworkFunction, a_second_projection_between_the_same_two_gets_a_number) {
  const ModelText text("void network(Network& net) {\n  auto in = net.source(\"in\", 2);\n  auto out = net.population(\"out\", 3, CubaLif{});\n"
                       "  for (int k = 0; k < 2; ++k) net.connect(in, out, Dense{}, Pulse{});\n}\n");
  const ModelFile model = load_valid(text.path());
  EXPECT_EQ(model.network().projections.at(0).name, "in_out");
  EXPECT_EQ(model.network().projections.at(1).name, "in_out_2");
}

TEST(NetworkFunction, files_that_the_model_depends_on_are_listed_with_hashes) {
  const ModelFile model = load_valid(source_path("userprojects/mnist/model.cc"));
  const auto has = [&](const std::string& path) {
    return std::any_of(model.files().begin(), model.files().end(), [&](const InputFile& f) { return f.path == path && f.hash.size() == 16; });
  };
  EXPECT_TRUE(has(source_path("userprojects/mnist/model.cc")));
  EXPECT_TRUE(has(source_path("models/include/antidrome/neurons.h")));
}

class UserModel : public testing::TestWithParam<const char*> {};

TEST_P(UserModel, prints_and_parses_to_the_same_network) {
  const ModelFile model = load_valid(source_path(GetParam()));
  const std::string text = ir::print(model.network());
  EXPECT_EQ(ir::print(ir::parse_network(text)), text);
}

INSTANTIATE_TEST_SUITE_P(Networks, UserModel,
                         testing::Values("userprojects/yinyang/model.cc", "userprojects/mnist/model.cc", "userprojects/fashion_mnist/model.cc", "tests/models/three_states.cc",
                                         "tests/models/conductance.cc", "tests/models/own_synapse.cc", "tests/models/library.cc"),
                         [](const auto& instance) {
                           std::string name = instance.param;
                           for (char& c : name) if (!std::isalnum(static_cast<unsigned char>(c))) c = '_';
                           return name;
                         });

}  // namespace
}  // namespace antidrome::frontend
