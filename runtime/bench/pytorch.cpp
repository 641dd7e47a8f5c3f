// The same network in PyTorch, twice: by its automatic differentiation of the time loop, and with one function for all steps of a layer whose
// backward pass is written by hand.
#include "runtime/bench/bench.hpp"
#include "runtime/cli/process.hpp"
#include "runtime/session/failure.hpp"

#include <fmt/format.h>
#include <fstream>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace antidrome::bench {
namespace {

constexpr const char* script = R"python(
import json, sys, time
try:
    import torch
except ImportError as error:
    sys.exit("no torch: %s" % error)
o = json.loads(sys.argv[1])
torch.set_num_threads(o["threads"])
torch.manual_seed(1)
dt, steps, batch = o["dt"], o["steps"], o["batch"]
alpha, beta = (torch.exp(torch.tensor(-dt / tau)).item() for tau in (20.0, 5.0))
gain = 5.0 / (5.0 - 20.0) * (beta - alpha)

class Spike(torch.autograd.Function):            # a step forwards, a fast sigmoid backwards
    @staticmethod
    def forward(context, v):
        context.save_for_backward(v)
        return (v >= 0).to(v.dtype)
    @staticmethod
    def backward(context, gradient):
        v, = context.saved_tensors
        return gradient / (1 + 10 * v.abs()) ** 2

sizes = [o["inputs"]] + [o["hidden"]] * o["layers"]
forward = [torch.nn.Parameter(o["mean"] + o["sd"] * torch.randn(a, b)) for a, b in zip(sizes, sizes[1:])]
recurrent = [torch.nn.Parameter(o["spread"] * torch.randn(b, b)) for b in sizes[1:]] if o["recurrent"] else []
readout = torch.nn.Parameter(0.03 * torch.randn(o["hidden"], o["outputs"]))
events = torch.zeros(steps, batch, o["inputs"])
for b in range(batch):
    events[torch.randint(0, max(1, int(0.7 * steps)), (o["events"],)), b, torch.randint(0, o["inputs"], (o["events"],))] = 1
label = torch.arange(batch) % o["outputs"]

def trial():
    v, i, z = ([torch.zeros(batch, n) for n in sizes[1:]] for _ in range(3))
    vo, io, score = (torch.zeros(batch, o["outputs"]) for _ in range(3))
    for t in range(steps):
        x = events[t]
        for k in range(len(forward)):
            i[k] = i[k] + x @ forward[k] + (z[k] @ recurrent[k] if recurrent else 0)
            v[k] = alpha * v[k] + gain * i[k]
            i[k] = beta * i[k]
            z[k] = Spike.apply(v[k] - 1)
            v[k] = v[k] * (1 - z[k].detach())
            x = z[k]
        io = io + x @ readout
        score = score + torch.exp(torch.tensor(-t / steps)) * vo / steps
        vo = alpha * vo + gain * io
        io = beta * io
    return torch.nn.functional.cross_entropy(score, label)

class Layer(torch.autograd.Function):            # all steps of a layer: inputs in one product, the rest in place
    @staticmethod
    def forward(context, x, w, r):
        n = w.shape[1]
        current = (x.reshape(-1, w.shape[0]) @ w).reshape(steps, batch, n)
        v, i, z = (torch.zeros(batch, n) for _ in range(3))
        vs, zs = torch.empty(steps, batch, n), torch.empty(steps, batch, n)
        for t in range(steps):
            i += current[t]
            if r is not None:
                i.addmm_(z, r)
            v.mul_(alpha).add_(i, alpha=gain)
            i *= beta
            vs[t] = v
            z = zs[t]
            torch.ge(v, 1, out=z)
            v.masked_fill_(z.bool(), 0)
        context.save_for_backward(x, w, r, vs, zs)
        return zs
    @staticmethod
    def backward(context, gradient):
        x, w, r, vs, zs = context.saved_tensors
        n = w.shape[1]
        slope, kept = (1 + 10 * (vs - 1).abs()).pow_(-2), alpha * (1 - zs)
        into = torch.empty(steps, batch, n)
        lv, li = torch.zeros(batch, n), torch.zeros(batch, n)
        for t in reversed(range(steps)):
            g = gradient[t]
            if r is not None and t + 1 < steps:
                g = torch.addmm(g, into[t + 1], r.t())
            lv.mul_(kept[t]).addcmul_(g, slope[t])
            li.mul_(beta).add_(lv, alpha=gain)
            into[t] = li
        flat = into.reshape(-1, n)
        dr = zs[:-1].reshape(-1, n).t() @ into[1:].reshape(-1, n) if r is not None else None
        return (flat @ w.t()).reshape(x.shape) if context.needs_input_grad[0] else None, x.reshape(-1, w.shape[0]).t() @ flat, dr

weight = torch.exp(-torch.arange(steps) / steps) / steps
response, vo, io = torch.zeros(steps), 0.0, 1.0   # of the readout to one spike; what a spike of each step adds to the score
for t in range(steps):
    response[t] = vo
    vo, io = alpha * vo + gain * io, beta * io
kernel = torch.stack([(weight[s:] * response[:steps - s]).sum() for s in range(steps)])

def trial_by_hand():
    x = events
    for k in range(len(forward)):
        x = Layer.apply(x, forward[k], recurrent[k] if recurrent else None)
    return torch.nn.functional.cross_entropy(torch.einsum("s,sbn->bn", kernel, x) @ readout, label)

def measure(run):
    best = [1e9, 1e9]
    for _ in range(o["repetitions"]):
        for p in forward + recurrent + [readout]:
            p.grad = None
        a = time.process_time()
        loss = run()
        b = time.process_time()
        loss.backward()
        c = time.process_time()
        best = [min(best[0], b - a), min(best[1], c - b)]
    return 1e3 * best[0], 1e3 * best[1], [p.grad for p in forward + recurrent + [readout]]

loop, hand = measure(trial), measure(trial_by_hand)
apart = max(((a - b).norm() / (a.norm() + 1e-30)).item() for a, b in zip(loop[2], hand[2]))
print(json.dumps({"forward_ms": loop[0], "backward_ms": loop[1], "hand_forward_ms": hand[0], "hand_backward_ms": hand[1], "gradients_apart": apart, "version": torch.__version__}))
)python";

std::string option(const Shape& s, const std::string& name, const std::string& otherwise) {
  const auto it = s.set.find(name);
  return it == s.set.end() ? otherwise : it->second;
}

}  // namespace

PytorchTiming run_pytorch(const Shape& s, std::size_t batch, std::uint32_t threads, int repetitions) {
  for (const char* other : {"neuron", "tau", "delay", "delays"})
    if (s.set.contains(other)) fail(exit_user, "AD416", {s.name}, "there is no PyTorch script of this shape", "compare LIF neurons without delays: shd-256, yinyang, mnist");
  const auto options = model_options(s);
  const nlohmann::json settings = {{"inputs", s.inputs}, {"hidden", s.hidden}, {"layers", s.layers}, {"outputs", s.outputs}, {"recurrent", s.recurrent}, {"dt", s.dt_ms}, {"steps", int(s.length_ms / s.dt_ms + 0.5)}, {"batch", batch}, {"threads", threads},
                                   {"events", s.events}, {"repetitions", repetitions}, {"mean", std::stod(option(s, "mean", "0.02"))}, {"sd", std::stod(option(s, "sd", "0.055"))}, {"spread", std::stod(options.at("spread"))}};
  const auto file = std::filesystem::temp_directory_path() / fmt::format("antidrome-bench-{}.py", getpid());
  std::ofstream(file) << script;
  const std::filesystem::path python = find_program("python3");
  const ProcessResult result = python.empty() ? ProcessResult{} : run_process({python.string(), file.string(), settings.dump()}, true);
  std::filesystem::remove(file);
  const nlohmann::json answer = nlohmann::json::parse(result.output.substr(std::min(result.output.find('{'), result.output.size())), nullptr, false);
  if (python.empty() || result.exit_code != 0 || !answer.is_object())
    fail(exit_user, "AD416", {python.empty() ? "python3" : python.string()}, result.output.find("no torch") != std::string::npos || python.empty() ? "PyTorch cannot be imported" : "the PyTorch script failed: " + result.output.substr(0, 400),
         "pip install torch for the python3 that is first on the PATH");
  return {answer.at("forward_ms"), answer.at("backward_ms"), answer.at("hand_forward_ms"), answer.at("hand_backward_ms"), answer.at("gradients_apart"), answer.at("version")};
}

}  // namespace antidrome::bench
