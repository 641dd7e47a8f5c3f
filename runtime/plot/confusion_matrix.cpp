#include "runtime/plot/axes.hpp"
#include "runtime/plot/plots.hpp"
#include "runtime/plot/style.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

namespace antidrome::plot {
namespace {

struct Column {
  std::string name;
  std::vector<std::uint64_t> counts;  // per true class
};

// The predicted classes, and "none" where some samples were undecided.
std::vector<Column> columns_of(const ConfusionMatrix& data) {
  const std::size_t n = data.classes.size();
  std::vector<Column> columns;
  for (std::size_t c = 0; c < n; ++c) {
    columns.push_back({data.classes[c], std::vector<std::uint64_t>(n)});
    for (std::size_t r = 0; r < n; ++r)
      if (r < data.counts.size() && c < data.counts[r].size()) columns[c].counts[r] = data.counts[r][c];
  }
  if (std::any_of(data.undecided.begin(), data.undecided.end(), [](std::uint64_t v) { return v > 0; })) {
    columns.push_back({"none", data.undecided});
    columns.back().counts.resize(n);
  }
  return columns;
}

std::vector<std::uint64_t> row_sums(const std::vector<Column>& columns, std::size_t rows) {
  std::vector<std::uint64_t> out(rows);
  for (const Column& c : columns)
    for (std::size_t r = 0; r < rows; ++r) out[r] += c.counts[r];
  return out;
}

double share_of(std::uint64_t part, std::uint64_t whole) { return whole == 0 ? 0 : static_cast<double>(part) / static_cast<double>(whole); }

double widest(const std::vector<std::string>& texts, double size) {
  double out = 0;
  for (const std::string& t : texts) out = std::max(out, text_width(t, size));
  return out;
}

class Drawing {
 public:
  Drawing(Scene& scene, const ConfusionMatrix& data)
      : scene_(scene), data_(data), columns_(columns_of(data)), sums_(row_sums(columns_, data.classes.size())),
        cell_(std::clamp(460.0 / static_cast<double>(std::max<std::size_t>(1, columns_.size())), 21.0, 46.0)) {}

  void draw() {
    std::vector<std::string> names;
    for (const Column& c : columns_) names.push_back(c.name);
    const double name_width = widest(names, style::tick_size);
    turned_ = name_width > cell_ - 4;
    grid_ = {style::margin + style::label_size + 12 + name_width + 6, 0, cell_ * static_cast<double>(columns_.size()), cell_ * static_cast<double>(sums_.size())};
    scene_.width = std::ceil(std::max(420.0, grid_.right() + 12 + recall_width + 26 + bar_width + 60));
    const std::uint64_t total = std::accumulate(sums_.begin(), sums_.end(), std::uint64_t{0});
    std::uint64_t right = 0;
    for (std::size_t c = 0; c < sums_.size(); ++c) right += columns_[c].counts[c];
    const std::string accuracy = total == 0 ? "no samples" : fmt::format("accuracy {:.2f} % ({} of {})", 100 * share_of(right, total), right, total);
    grid_.y = draw_title(scene_, data_.title, data_.subtitle.empty() ? accuracy : data_.subtitle + ", " + accuracy) + 24;
    draw_cells();
    draw_names(name_width);
    draw_recall();
    draw_bar();
    const double names_below = turned_ ? name_width : style::tick_size;
    put({grid_.x + grid_.width / 2, grid_.bottom() + 8 + names_below + 10 + style::label_size}, "predicted class", style::label_size, Anchor::middle);
    put({style::margin + style::label_size * 0.85, grid_.y + grid_.height / 2}, "true class", style::label_size, Anchor::middle, true);
    scene_.height = std::ceil(grid_.bottom() + 8 + names_below + 10 + style::label_size + 4 + style::margin);
  }

 private:
  static constexpr double recall_width = 44, bar_width = 12;

  void put(Point at, std::string text, double size, Anchor anchor, bool turned = false, Colour colour = style::ink) {
    scene_.add(Text{at, std::move(text), size, colour, anchor, false, turned});
  }

  // All numbers in one size, the largest at which the widest fits its cell; none where that would be unreadable.
  double number_size() const {
    std::uint64_t most = 0;
    for (const Column& c : columns_)
      for (const std::uint64_t v : c.counts) most = std::max(most, v);
    const double size = std::min(style::tick_size + 0.5, (cell_ - 5) / text_width(fmt::format("{}", most), 1.0));
    return size < 6 ? 0 : size;
  }

  void draw_cells() {
    const double size = number_size();
    Lines frame{{}, style::white, 1, {}};
    for (std::size_t c = 0; c < columns_.size(); ++c)
      for (std::size_t r = 0; r < sums_.size(); ++r) {
        const Box box{grid_.x + cell_ * static_cast<double>(c), grid_.y + cell_ * static_cast<double>(r), cell_, cell_};
        const std::uint64_t count = columns_[c].counts[r];
        const Colour ground = style::share(share_of(count, sums_[r]));
        scene_.add(Rectangle{box, ground});
        if (size > 0 && count > 0) put({box.x + cell_ / 2, box.y + cell_ / 2 + size * 0.36}, fmt::format("{}", count), size, Anchor::middle, false, style::readable_on(ground));
      }
    Lines lines{{}, style::grid, 0.8, {}};
    for (std::size_t c = 0; c <= columns_.size(); ++c) {
      const double x = grid_.x + cell_ * static_cast<double>(c);
      lines.pieces.push_back({{x, grid_.y}, {x, grid_.bottom()}});
    }
    for (std::size_t r = 0; r <= sums_.size(); ++r) {
      const double y = grid_.y + cell_ * static_cast<double>(r);
      lines.pieces.push_back({{grid_.x, y}, {grid_.right(), y}});
    }
    scene_.add(std::move(lines));
  }

  void draw_names(double name_width) {
    for (std::size_t r = 0; r < sums_.size(); ++r)
      put({grid_.x - 8, grid_.y + cell_ * (static_cast<double>(r) + 0.5) + style::tick_size * 0.36}, data_.classes[r], style::tick_size, Anchor::end);
    for (std::size_t c = 0; c < columns_.size(); ++c) {
      const double x = grid_.x + cell_ * (static_cast<double>(c) + 0.5);
      if (turned_) put({x + style::tick_size * 0.36, grid_.bottom() + 8}, columns_[c].name, style::tick_size, Anchor::end, true);
      else put({x, grid_.bottom() + 8 + style::tick_size * 0.8}, columns_[c].name, style::tick_size, Anchor::middle);
    }
    static_cast<void>(name_width);
  }

  void draw_recall() {
    const double x = grid_.right() + 12 + recall_width;
    put({x, grid_.y - 8}, "recall", style::small_size, Anchor::end, false, style::faint);
    for (std::size_t r = 0; r < sums_.size(); ++r)
      put({x, grid_.y + cell_ * (static_cast<double>(r) + 0.5) + style::tick_size * 0.36}, sums_[r] == 0 ? "–" : fmt::format("{:.1f} %", 100 * share_of(columns_[r].counts[r], sums_[r])),
          style::small_size, Anchor::end, false, style::faint);
  }

  void draw_bar() {
    const Box bar{grid_.right() + 12 + recall_width + 26, grid_.y, bar_width, std::min(grid_.height, 240.0)};
    constexpr int slices = 64;
    for (int k = 0; k < slices; ++k) {
      const double top = bar.y + bar.height * k / slices;
      scene_.add(Rectangle{{bar.x, top, bar.width, bar.height / slices + (k + 1 < slices ? 0.6 : 0)}, style::share(1 - (k + 0.5) / slices)});
    }
    scene_.add(Lines{{{{bar.x, bar.y}, {bar.right(), bar.y}, {bar.right(), bar.bottom()}, {bar.x, bar.bottom()}, {bar.x, bar.y}}}, style::frame, 0.8, {}});
    for (const int per_cent : bar.height > 100 ? std::vector<int>{0, 25, 50, 75, 100} : std::vector<int>{0, 50, 100})
      put({bar.right() + 5, bar.bottom() - bar.height * per_cent / 100 + style::small_size * 0.36}, fmt::format("{}", per_cent), style::small_size, Anchor::start);
    put({bar.right() + 42, bar.y + bar.height / 2}, "share of true class (%)", style::small_size, Anchor::middle, true);
  }

  Scene& scene_;
  const ConfusionMatrix& data_;
  std::vector<Column> columns_;
  std::vector<std::uint64_t> sums_;
  double cell_;
  Box grid_{};
  bool turned_ = false;
};

}  // namespace

Figure confusion_matrix(const ConfusionMatrix& data) {
  Figure out;
  if (data.classes.empty()) {
    out.scene.width = 420;
    const double y = draw_title(out.scene, data.title, data.subtitle);
    draw_note(out.scene, {style::margin, y, 420 - 2 * style::margin, 120}, "no classes");
    out.scene.height = y + 120 + style::margin;
  } else {
    Drawing(out.scene, data).draw();
  }
  out.table.columns = {"true", "predicted", "count"};
  for (std::size_t r = 0; r < data.classes.size(); ++r)
    for (const Column& c : columns_of(data)) out.table.rows.push_back({data.classes[r], c.name, fmt::format("{}", c.counts[r])});
  return out;
}

}  // namespace antidrome::plot
