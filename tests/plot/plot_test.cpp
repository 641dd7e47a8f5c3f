#include "tests/plot/examples.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <clocale>
#include <cmath>
#include <fstream>
#include <limits>
#include <sstream>

namespace antidrome::plot {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();

// A check of well-formedness for the SVG that we write: tags nest, attributes are quoted, no stray & or <, numbers are finite.
std::string svg_problem(const std::string& svg) {
  std::vector<std::string> open;
  std::size_t at = svg.find("<svg");
  if (!svg.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>") || at == std::string::npos) return "no XML header";
  if (svg.find("nan") != std::string::npos || svg.find("inf\"") != std::string::npos) return "a number is not finite";
  while (at < svg.size()) {
    const std::size_t end = svg.find('>', at);
    if (end == std::string::npos) return "an open tag at the end";
    const std::string tag = svg.substr(at + 1, end - at - 1);
    if (std::count(tag.begin(), tag.end(), '"') % 2 != 0 || tag.find('<') != std::string::npos) return "a broken tag: " + tag;
    if (tag[0] == '/') {
      if (open.empty() || open.back() != tag.substr(1)) return "a wrong closing tag: " + tag;
      open.pop_back();
    } else if (tag.back() != '/') {
      open.push_back(tag.substr(0, tag.find(' ')));
    }
    at = svg.find('<', end);
    const std::string between = svg.substr(end + 1, at == std::string::npos ? at : at - end - 1);
    for (std::size_t k = between.find('&'); k != std::string::npos; k = between.find('&', k + 1))
      if (between.find(';', k) == std::string::npos) return "a stray &";
  }
  return open.empty() ? "" : "never closed: " + open.back();
}

// Every text of a scene, to look for what must be said.
std::vector<Text> texts_of(const Scene& scene) {
  std::vector<Text> out;
  for (const Shape& shape : scene.shapes)
    if (const Text* text = std::get_if<Text>(&shape)) out.push_back(*text);
  return out;
}
bool says(const Scene& scene, const std::string& words) {
  const std::vector<Text> texts = texts_of(scene);
  return std::any_of(texts.begin(), texts.end(), [&](const Text& t) { return t.text.find(words) != std::string::npos; });
}

// The box that a text covers, a little tighter than the font's.
Box box_of(const Text& t) {
  const double width = text_width(t.text, t.size, t.bold), shift = t.anchor == Anchor::start ? 0 : t.anchor == Anchor::middle ? 0.5 : 1;
  if (t.turned) return {t.at.x - 0.72 * t.size, t.at.y - width + shift * width, 0.72 * t.size, width};
  return {t.at.x - shift * width, t.at.y - 0.72 * t.size, width, 0.72 * t.size};
}

// Two texts that cover each other, or one that leaves the figure.
std::string text_problem(const Scene& scene) {
  const std::vector<Text> texts = texts_of(scene);
  for (std::size_t a = 0; a < texts.size(); ++a) {
    const Box p = box_of(texts[a]);
    if (p.x < 0 || p.y < 0 || p.right() > scene.width || p.bottom() > scene.height) return "outside: " + texts[a].text;
    for (std::size_t b = 0; b < a; ++b) {
      const Box q = box_of(texts[b]);
      if (p.x < q.right() && q.x < p.right() && p.y < q.bottom() && q.y < p.bottom()) return "'" + texts[a].text + "' covers '" + texts[b].text + "'";
    }
  }
  return "";
}

struct Example {
  const char* name;
  Figure figure;
};

std::vector<Example> examples() {
  std::vector<Example> out;
  out.push_back({"learning_curves", learning_curves(test::curves())});
  out.push_back({"learning_curves_short", learning_curves(test::curves(8))});
  out.push_back({"learning_curves_long", learning_curves(test::curves(1200))});
  LearningCurves loss_only = test::curves(15);
  loss_only.train_accuracy.clear(), loss_only.validation_accuracy.clear(), loss_only.validation_loss.clear();
  out.push_back({"loss_only", learning_curves(loss_only)});
  out.push_back({"spike_raster", spike_raster(test::raster())});
  out.push_back({"voltage_traces", voltage_traces(test::traces())});
  out.push_back({"confusion_3", confusion_matrix(test::matrix(3))});
  out.push_back({"confusion_10", confusion_matrix(test::matrix(10))});
  out.push_back({"confusion_20_undecided", confusion_matrix(test::matrix(20, true))});
  out.push_back({"weights_1", weight_histograms(test::weights(1))});
  out.push_back({"weights_2", weight_histograms(test::weights(2))});
  out.push_back({"weights_5", weight_histograms(test::weights(5))});
  out.push_back({"decisions", decision_scatter(test::decisions())});
  out.push_back({"scaling", scaling({.subtitle = "5-200-3", .amount = {8, 16, 32, 64, 128}, .curves = {{"together", {4, 7, 13.5, 26, 52}}, {"forward", {1.4, 2.7, 5.5, 11, 22}}}, .line = std::pair{0.6, 0.4}})});
  return out;
}

// Nothing to show, and numbers that cannot be shown.
std::vector<Example> poor_examples() {
  std::vector<Example> out;
  out.push_back({"no_epochs", learning_curves({})});
  LearningCurves broken = test::curves(12);
  broken.train_loss[3] = nan, broken.train_loss[4] = infinity, broken.validation_loss[11] = nan;
  out.push_back({"diverged", learning_curves(broken)});
  std::fill(broken.train_accuracy.begin(), broken.train_accuracy.end(), nan);
  std::fill(broken.validation_accuracy.begin(), broken.validation_accuracy.end(), nan);
  out.push_back({"no_accuracy", learning_curves(broken)});
  LearningCurves one = test::curves(1);
  out.push_back({"one_epoch", learning_curves(one)});
  out.push_back({"no_populations", spike_raster({})});
  out.push_back({"silent", spike_raster({.trial_ms = 30, .populations = {{"input", 5, {{1, 0}, {nan, 3}, {2, 99}}}, {"hidden", 100, {}}}})});
  out.push_back({"no_neurons", voltage_traces({})});
  out.push_back({"broken_trace", voltage_traces({.dt_ms = 1, .threshold = 1, .neurons = {{"a", {0, nan, 0.5, 0.6, infinity, 1}, {2}}, {"b", {}, {}}, {"c", {0, 0, 0}, {}}}})});
  out.push_back({"no_classes", confusion_matrix({})});
  out.push_back({"empty_matrix", confusion_matrix({.classes = {"a", "b"}, .counts = {{0, 0}, {0, 0}}})});
  out.push_back({"no_projections", weight_histograms({})});
  out.push_back({"broken_weights", weight_histograms({.projections = {{"empty", {}, {}}, {"equal", {2, 2, 2}, {}}, {"not finite", {nan, 1, 2}, {}}}})});
  out.push_back({"no_samples", decision_scatter({.classes = {"a"}})});
  out.push_back({"no_times", scaling({})});
  out.push_back({"times_not_finite", scaling({.amount = {1, nan, 3}, .curves = {{"a", {nan, 1, infinity}}, {"b", {1}}}})});
  return out;
}

TEST(Plots, svg_is_well_formed_and_texts_do_not_cover_each_other) {
  for (const auto& list : {examples(), poor_examples()})
    for (const Example& e : list) {
      EXPECT_EQ(svg_problem(to_svg(e.figure.scene)), "") << e.name;
      EXPECT_EQ(text_problem(e.figure.scene), "") << e.name;
    }
}

TEST(Plots, png_has_the_size_of_the_scene_twice) {
  for (const Example& e : examples()) {
    const std::string png = to_png(e.figure.scene);
    ASSERT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n")) << e.name;
    const auto word = [&](std::size_t at) {
      std::uint32_t out = 0;
      for (std::size_t k = 0; k < 4; ++k) out = out << 8 | static_cast<unsigned char>(png[at + k]);
      return out;
    };
    EXPECT_EQ(word(16), 2 * e.figure.scene.width) << e.name;  // IHDR follows the signature, its length and its name
    EXPECT_EQ(word(20), 2 * e.figure.scene.height) << e.name;
  }
}

std::vector<std::string> all_bytes() {
  std::vector<std::string> out;
  for (const Example& e : examples()) out.insert(out.end(), {to_svg(e.figure.scene), to_png(e.figure.scene), to_csv(e.figure.table)});
  return out;
}

TEST(Plots, the_same_numbers_give_the_same_bytes) { EXPECT_EQ(all_bytes(), all_bytes()); }

TEST(Plots, numbers_are_written_with_a_point_in_every_locale) {
  if (std::setlocale(LC_ALL, "de_DE.UTF-8") == nullptr) GTEST_SKIP() << "SKIP: the locale de_DE.UTF-8 is not installed";
  const auto german = all_bytes();
  std::setlocale(LC_ALL, "C");
  EXPECT_EQ(german, all_bytes());
}

TEST(Plots, a_figure_is_saved_with_its_numbers_beside_it) {
  const std::filesystem::path folder = std::filesystem::path(ANTIDROME_BINARY_DIR) / "plots";
  std::filesystem::create_directories(folder);
  for (const auto& list : {examples(), poor_examples()})
    for (const Example& e : list) {
      const auto files = save(e.figure, folder / e.name);
      ASSERT_EQ(files.size(), 3u);
      for (const auto& file : files) EXPECT_GT(std::filesystem::file_size(file), 10u) << file;
    }
  EXPECT_EQ(save(examples()[0].figure, folder / "only_png", false, true).size(), 2u);
  EXPECT_THROW(save(examples()[0].figure, folder / "nowhere" / "x"), std::runtime_error);
}

TEST(Plots, csv_holds_the_numbers_and_quotes_where_needed) {
  EXPECT_EQ(to_csv(learning_curves({.epoch = {1, 2}, .train_loss = {0.5, nan}, .train_accuracy = {0.25}}).table),
            "epoch,train_loss,validation_loss,train_accuracy,validation_accuracy\n1,0.5,,0.25,\n2,,,,\n");
  EXPECT_EQ(to_csv(spike_raster({.trial_ms = 5, .populations = {{"a,\"b\"", 3, {{1.5, 2}}}}}).table), "population,unit,time_ms\n\"a,\"\"b\"\"\",2,1.5\n");
  EXPECT_EQ(to_csv(voltage_traces({.dt_ms = 0.1, .neurons = {{"n", {0.5, 1}, {0.2}}}}).table), "neuron,time_ms,value,spike\nn,0.1,0.5,\nn,0.2,1,\nn,0.2,,1\n");
  EXPECT_EQ(to_csv(confusion_matrix({.classes = {"a", "b"}, .counts = {{3, 1}, {0, 4}}, .undecided = {0, 2}}).table),
            "true,predicted,count\na,a,3\na,b,1\na,none,0\nb,a,0\nb,b,4\nb,none,2\n");
  EXPECT_EQ(to_csv(decision_scatter({.classes = {"a"}, .samples = {{0.5, 0.25, 0, -1}}}).table), "x,y,label,prediction\n0.5,0.25,0,-1\n");
}

TEST(Plots, every_weight_is_counted_once) {
  const auto data = test::weights(2);
  const Figure figure = weight_histograms(data);
  std::size_t now = 0, before = 0;
  for (const auto& row : figure.table.rows) now += std::stoul(row[3]), before += std::stoul(row[4]);
  EXPECT_EQ(now, 1650u);
  EXPECT_EQ(before, 1650u);
}

TEST(Plots, what_cannot_be_shown_is_said) {
  const Scene spikes = spike_raster({.trial_ms = 30, .populations = {{"input", 5, {{1, 0}, {nan, 3}, {2, 99}}}}}).scene;
  EXPECT_TRUE(says(spikes, "2 values are left out: not finite or out of range"));
  EXPECT_TRUE(says(spikes, "1 spike, 1 of 5 units active"));
  EXPECT_TRUE(says(learning_curves({}).scene, "nothing was recorded"));
  LearningCurves broken = test::curves(12);
  broken.train_loss[3] = nan, broken.train_loss[4] = infinity;
  EXPECT_TRUE(says(learning_curves(broken).scene, "2 values are left out: not finite or out of range"));
  EXPECT_TRUE(says(spike_raster({}).scene, "no population was recorded"));
  EXPECT_TRUE(says(spike_raster({.trial_ms = 30, .populations = {{"hidden", 100, {}}}}).scene, "no spikes"));
  EXPECT_TRUE(says(voltage_traces({.neurons = {{"a", {}, {}}}}).scene, "nothing was recorded"));
  EXPECT_TRUE(says(confusion_matrix({}).scene, "no classes"));
  EXPECT_TRUE(says(weight_histograms({.projections = {{"w", {}, {}}}}).scene, "no weights"));
  EXPECT_TRUE(says(decision_scatter({.classes = {"a"}}).scene, "no samples"));
}

TEST(Plots, matrix_tells_accuracy_recall_and_undecided_samples) {
  const Scene scene = confusion_matrix({.classes = {"a", "b"}, .counts = {{3, 1}, {0, 4}}, .undecided = {0, 2}}).scene;
  EXPECT_TRUE(says(scene, "accuracy 70.00 % (7 of 10)"));
  EXPECT_TRUE(says(scene, "75.0 %"));
  EXPECT_TRUE(says(scene, "66.7 %"));
  EXPECT_TRUE(says(scene, "none"));
}

TEST(Plots, text_is_escaped_in_svg) {
  const std::string svg = to_svg(learning_curves({.title = "a < b & \"c\""}).scene);
  EXPECT_NE(svg.find("<title>a &lt; b &amp; &quot;c&quot;</title>"), std::string::npos);
}

TEST(Comparison, draws_every_variant_its_runs_and_the_target) {
  const Comparison data{.subtitle = "three losses", .target = 0.8, .curves = {{"sum", {1, 2, 3}, {0.3, 0.5, 0.7}, {{0.2, 0.4, 0.6}, {0.4, 0.6, 0.8}}}, {"max", {1, 2}, {0.2, nan}, {{0.2, nan}}}}};
  const Figure figure = comparison(data);
  EXPECT_EQ(svg_problem(to_svg(figure.scene)), "");
  for (const char* words : {"sum", "max", "target 80 %", "validation accuracy (%)", "epoch"}) EXPECT_TRUE(says(figure.scene, words)) << words;
  EXPECT_EQ(to_csv(figure.table), "variant,epoch,mean,run_1,run_2\nsum,1,0.3,0.2,0.4\nsum,2,0.5,0.4,0.6\nsum,3,0.7,0.6,0.8\nmax,1,0.2,0.2,\nmax,2,,,\n");
  EXPECT_EQ(svg_problem(to_svg(comparison({}).scene)), "");
}

TEST(AccuracyBars, has_a_row_for_every_group) {
  const Figure figure = accuracy_bars({.subtitle = "speakers", .rows = {{"anna", 20, 19}, {"bert", 10, 0}, {"nobody", 0, 0}}});
  EXPECT_EQ(svg_problem(to_svg(figure.scene)), "");
  for (const char* words : {"anna", "95.0 % of 20", "0.0 % of 10", "accuracy (%)"}) EXPECT_TRUE(says(figure.scene, words)) << words;
  EXPECT_EQ(figure.table.rows.size(), 3u);
  EXPECT_EQ(svg_problem(to_svg(accuracy_bars({}).scene)), "");
}

}  // namespace
}  // namespace antidrome::plot
