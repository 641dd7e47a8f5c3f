// Every mistake that the front end knows, made once: the code, the place, and words of the message and the remedy.
#include <set>

#include "tests/frontend/lifting.hpp"

namespace antidrome::frontend {
namespace {

struct Mistake {
  const char* file;                               ///< in tests/error/models
  const char* code;
  int line, column;                               ///< 0: no place in the text
  std::vector<const char*> words;                 ///< in the rendered diagnostic
  std::map<std::string, std::string> set = {};
  const char* in = nullptr;                       ///< the file of the place, when it is not the model
};

void PrintTo(const Mistake& m, std::ostream* out) { *out << m.file; }

Diagnostics diagnose(const Mistake& m) {
  Diagnostics diagnostics;
  load({source_path(std::string("tests/error/models/") + m.file + ".cc"), m.set, {}, {}}, diagnostics);
  return diagnostics;
}

class Misuse : public testing::TestWithParam<Mistake> {};

TEST_P(Misuse, is_one_error_at_its_place_with_a_remedy) {
  const Mistake& expected = GetParam();
  const Diagnostics diagnostics = diagnose(expected);
  const std::string text = diagnostics.render();
  ASSERT_EQ(diagnostics.error_count(), 1u) << text;
  const Diagnostic& d = diagnostics.all().front();
  EXPECT_EQ(d.code, expected.code) << text;
  EXPECT_EQ(d.at.line, expected.line) << text;
  EXPECT_EQ(d.at.column, expected.column) << text;
  EXPECT_TRUE(d.at.file.ends_with(expected.in ? expected.in : std::string(expected.file) + ".cc")) << d.at.file;
  for (const char* word : expected.words) EXPECT_NE(text.find(word), std::string::npos) << "no '" << word << "' in\n" << text;
  EXPECT_EQ(d.remedy.empty(), d.code == "AD100") << text;   // Clang's own errors carry Clang's words
  EXPECT_TRUE(std::filesystem::exists(source_path("docs/errors/" + d.code + ".md"))) << d.code << " has no page";
}

const Mistake mistakes[] = {
    {"compile_error", "AD100", 7, 30, {"undeclared identifier 'u'"}},
    {"missing_variable", "AD100", 11, 44, {"no member named 'i' in 'Cell'", "missing_variable.cc:15:7: note: used here"}, {}, "synapses.h"},
    {"loop", "AD101", 7, 18, {"a loop in 'flow'", "sum(range, lambda)"}},
    {"switch", "AD101", 11, 17, {"a switch in 'step'"}},
    {"global_variable", "AD102", 9, 29, {"global variable 'leak'", "constexpr, or a param"}},
    {"float_conversion", "AD102", 7, 34, {"conversion to float", "real"}},
    {"pointer", "AD102", 7, 49, {"a pointer in 'flow'"}},
    {"recursion", "AD103", 4, 53, {"'power' calls itself"}},
    {"unknown_function", "AD104", 9, 25, {"unknown function 'expp', did you mean 'exp'"}},
    {"unknown_hook", "AD105", 14, 8, {"unknown hook 'on_pre' of synapse 'Synapse', did you mean 'pre_spike'", "'post_spike'"}},
    {"misspelt_hook", "AD105", 9, 8, {"unknown hook 'resett'", "did you mean 'reset'"}},
    {"wrong_parameters", "AD106", 14, 8, {"'pre_spike' of synapse", "(auto& pre, auto& post)"}},
    {"param_written", "AD107", 9, 32, {"'theta' is a param", "a memory"}},
    {"weight_written", "AD107", 14, 55, {"'w' is a weight"}},
    {"no_role", "AD108", 7, 8, {"member 'last' of 'Cell' has no role"}},
    {"reserved_name", "AD109", 6, 15, {"'acc' is a word of the language"}},
    {"assignment_in_flow", "AD110", 7, 43, {"'i' is assigned in flow()", "d(i) = …"}},
    {"derivative_in_step", "AD110", 10, 18, {"d(v) in step()"}},
    {"change_in_fires", "AD110", 8, 20, {"'i' is changed in fires()"}},
    {"readout_changes_neuron", "AD110", 14, 38, {"a readout changes 'neuron.v'"}},
    {"input_assigned", "AD111", 8, 57, {"'post.i' is an input", "post.i += …"}},
    {"spike_jumps_input", "AD112", 11, 46, {"a spike jumps the input 'post.i'", "ExpCurrent", "spike_jumps_input.cc:7:7: note: used here"}, {}, "synapses.h"},
    {"nested_sum", "AD113", 14, 79, {"an inner sum uses 'score()' of the outer"}},
    {"memory", "AD114", 7, 10, {"memory ('spikes') is not supported yet by learning rule EventProp"}},
    {"noise", "AD114", 7, 47, {"normal() in flow()", "noise in flow() is white()"}},
    {"every", "AD114", 19, 3, {"'every' is not supported yet"}},
    {"rule", "AD114", 17, 3, {"learning rule 'Bptt' is not supported yet"}},
    {"map_neuron", "AD115", 8, 8, {"'Cell' is a map"}},
    {"integer_division", "AD116", 7, 27, {"1 / 2 is 0", "1.0 / 2"}},
    {"escape_noise", "AD117", 8, 8, {"compares a state with a random draw", "v >= theta && uniform() >= p_drop"}},
    {"equality_threshold", "AD117", 8, 8, {"not a crossing"}},
    {"reset_without_fires", "AD118", 8, 8, {"reset() but no fires()"}},
    {"ambiguous_conditional", "AD119", 7, 42, {"c ? +theta : 1.0"}},
    {"no_network", "AD120", 0, 0, {"no network()", "void network(Network& net)"}},
    {"wrong_network", "AD120", 4, 6, {"not a function void network(Network&)"}},
    {"throws", "AD121", 6, 6, {"network() threw an exception"}},
    {"crashes", "AD121", 4, 6, {"network() crashed", "Segmentation fault"}},
    {"aborts", "AD121", 4, 6, {"network() crashed", "Aborted"}},
    {"throws_text", "AD121", 5, 6, {"network() threw an exception: no such cell type"}},
    {"not_linked", "AD121", 6, 6, {"cannot be linked", "layers_of_the_brain"}},
    {"duplicate_name", "AD122", 17, 3, {"a second population 'cells'", "numbered"}},
    {"bad_name", "AD122", 17, 3, {"'my cells' cannot name a population"}},
    {"unmade_population", "AD122", 15, 3, {"net.population() has not made"}},
    {"size", "AD123", 17, 3, {"population 'none' has size 0"}},
    {"one_to_one", "AD123", 15, 3, {"size 5", "size 3"}},
    {"negative_tau", "AD124", 14, 16, {"time constant 'tau' of 'Cell' is -20"}},
    {"not_a_number", "AD124", 14, 16, {"'theta' of 'Cell' is not a finite number"}},
    {"zero_divisor", "AD124", 14, 16, {"'C' of 'Cell' is 0, and an equation divides by it"}},
    {"empty_clamp", "AD124", 14, 16, {"clamped to [60, 3]"}},
    {"negative_delay", "AD124", 15, 3, {"the delay of 'input_cells' can be -5 ms", "not negative"}},
    {"delay_beyond_bound", "AD124", 15, 3, {"the delay of 'input_cells' can be 50 ms, above its largest of 20 ms"}},
    {"no_largest_delay", "AD124", 15, 3, {"the largest delay of 'input_cells' is 0 ms"}},
    {"delay_without_bound", "AD132", 15, 3, {"the delay of 'input_cells' is trained and has no bound", ".max_delay = 100_ms"}},
    {"options", "AD125", 0, 0, {"no option 'hiden', did you mean 'hidden'", "'loss'"}, {{"hiden", "3"}}},
    {"options", "AD126", 18, 3, {"option 'hidden' is set to 'many', which is not an integer"}, {{"hidden", "many"}}},
    {"options", "AD126", 17, 3, {"neither true nor false"}, {{"recurrent", "perhaps"}}},
    {"options", "AD126", 19, 3, {"option 'loss' is set to 'mx', did you mean 'max'", "one of 'sum', 'max'"}, {{"loss", "mx"}}},
    {"no_loss", "AD127", 16, 3, {"learns but has no loss"}},
    {"nothing_trainable", "AD127", 17, 3, {"nothing is trainable", "trainable(…)"}},
    {"wrong_spread", "AD128", 14, 16, {"'tau' is given per_target", "per_neuron"}},
    {"not_there", "AD129", 0, 0, {"cannot be read"}},
};

INSTANTIATE_TEST_SUITE_P(Models, Misuse, testing::ValuesIn(mistakes), [](const auto& instance) { return std::string(instance.param.file) + "_" + std::to_string(instance.index); });

TEST(Misuse, all_errors_of_a_file_are_shown_at_once) {
  const Diagnostics diagnostics = diagnose({"two_errors", "", 0, 0, {}});
  std::vector<std::string> codes;
  for (const Diagnostic& d : diagnostics.all()) codes.push_back(d.code);
  EXPECT_EQ(codes, (std::vector<std::string>{"AD110", "AD107"})) << diagnostics.render();
}

TEST(Misuse, a_slope_is_ignored_with_a_warning) {
  const Diagnostics diagnostics = diagnose({"slope", "", 0, 0, {}});
  EXPECT_FALSE(diagnostics.has_errors()) << diagnostics.render();
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all().front().code, "AD131");
}

TEST(Misuse, every_model_file_of_the_folder_is_in_the_table) {
  std::set<std::string> known = {"two_errors", "slope"};
  for (const Mistake& m : mistakes) known.insert(m.file);
  for (const auto& entry : std::filesystem::directory_iterator(source_path("tests/error/models")))
    EXPECT_TRUE(known.contains(entry.path().stem().string())) << entry.path();
}

}  // namespace
}  // namespace antidrome::frontend
