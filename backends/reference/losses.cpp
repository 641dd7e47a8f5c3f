#include <algorithm>

#include "backends/reference/trial.hpp"

namespace antidrome::reference {
namespace {

/// The elements of a loss's cell; every symbol is found in the frame of its neuron.
ir::Elements elements_of(const Trial& t, const ir::ProgramLoss& loss, const Values& x, double time, int label) {
  const int count = t.model.program.cell(loss.cell)->size;
  ir::Elements elements{count, label, [&t, &x, time](const std::string& name, int k) { return read(t.model.address(name), t.frame(x, time, static_cast<std::size_t>(k))); }};
  if (t.means) elements.batch_mean = [&t](ir::Expr mean, int k) { return t.means->at(mean)[static_cast<std::size_t>(k + 1)]; };
  return elements;
}

ir::Lookup shared_lookup(const Trial& t, const Values& x, double time) {
  return [&t, &x, time](const std::string& name) { return read(t.model.address(name), t.frame(x, time, 0)); };
}

bool counts(const Trial& t, const ir::ProgramLoss& loss) { return !loss.labelled || t.sample.label >= 0; }

}  // namespace

double loss_value(const Trial& t, const ir::ProgramLoss& loss, const Values& x, double time, int label) {
  return ir::evaluate(loss.value, elements_of(t, loss, x, time, label), -1, shared_lookup(t, x, time));
}

void add_loss_seeds(const Trial& t, const ir::ProgramLoss& loss, const Values& x, double time, double weight, Values& lambda, Parameters& gradients) {
  if (!counts(t, loss)) return;
  const ir::Elements elements = elements_of(t, loss, x, time, t.sample.label);
  const ir::Lookup shared = shared_lookup(t, x, time);
  for (const ir::Update& u : loss.seed)
    for (int n = 0; n < elements.count; ++n) lambda[t.model.address(u.target).index + static_cast<std::size_t>(n)] += weight * ir::evaluate(u.value, elements, n, shared);
  for (const ir::Update& u : loss.gradient) {
    const Address& at = t.model.address(u.target);
    std::vector<double>& g = gradients[at.index];
    if (g.empty()) continue;
    if (!at.per_neuron) g[0] += weight * ir::evaluate(u.value, elements, -1, shared);
    for (int n = 0; at.per_neuron && n < elements.count; ++n) g[static_cast<std::size_t>(n)] += weight * ir::evaluate(u.value, elements, n, shared);
  }
}

namespace {

/// The loss over the whole trial, as if the sample had this label; a loss at each step is averaged over the steps.
double trial_loss(const Trial& t, const ir::ProgramLoss& loss, int label) {
  if (loss.when == ir::Loss::When::end) return loss_value(t, loss, t.x, t.end(), label);
  double sum = 0;
  for (const Record& r : t.records)
    if (r.kind == Record::Kind::step_loss) sum += loss_value(t, loss, r.before, r.time, label);
  return sum / t.settings.steps;
}

int predicted(const Trial& t, const ir::ProgramLoss& loss) {
  int best = -1;
  double least = 0;
  bool tie = false;
  for (int label = 0; label < t.model.program.cell(loss.cell)->size; ++label) {
    const double value = trial_loss(t, loss, label);
    if (best >= 0 && value == least) tie = true;
    if (best >= 0 && !(value < least)) continue;
    best = label;
    least = value;
    tie = false;
  }
  return tie ? -1 : best;
}

}  // namespace

void finish_losses(Trial& t) {
  const std::vector<ir::ProgramLoss>& losses = t.model.program.losses;
  for (const ir::ProgramLoss& l : losses)
    if (counts(t, l)) t.result.loss += trial_loss(t, l, t.sample.label);
  const auto labelled = std::find_if(losses.begin(), losses.end(), [](const ir::ProgramLoss& l) { return l.labelled; });
  if (labelled != losses.end()) t.result.prediction = predicted(t, *labelled);
  if (losses.empty() || !losses[0].score.defined()) return;
  const ir::Elements elements = elements_of(t, losses[0], t.x, t.end(), t.sample.label);
  for (int n = 0; n < elements.count; ++n) t.result.scores.push_back(ir::evaluate(losses[0].score, elements, n, shared_lookup(t, t.x, t.end())));
}

BatchMeans batch_means(const std::vector<const Trial*>& trials) {
  BatchMeans means;
  if (trials.empty()) return means;
  for (const ir::ProgramLoss& l : trials.front()->model.program.losses) {
    std::vector<ir::Expr> read = ir::nodes_of(l.value, ir::Kind::batch_mean);
    for (const ir::Update& u : l.seed)
      for (ir::Expr mean : ir::nodes_of(u.value, ir::Kind::batch_mean)) read.push_back(mean);
    for (ir::Expr mean : read) {
      std::vector<double>& value = means[mean];
      value.assign(static_cast<std::size_t>(trials.front()->model.program.cell(l.cell)->size) + 1, 0.0);
      for (const Trial* t : trials) {
        const ir::Elements elements = elements_of(*t, l, t->x, t->end(), t->sample.label);
        for (int k = -1; k < elements.count; ++k)
          value[static_cast<std::size_t>(k + 1)] += ir::evaluate(mean.arg(0), elements, k, shared_lookup(*t, t->x, t->end())) / static_cast<double>(trials.size());
      }
    }
  }
  return means;
}

}  // namespace antidrome::reference
