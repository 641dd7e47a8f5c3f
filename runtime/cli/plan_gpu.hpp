// `antidrome plan --backend cuda --device-model NAME`: what a batch should take on a GPU, by instructions that are counted and latencies that are not ours.
#pragma once
#include "runtime/session/session.hpp"

namespace antidrome::cli {

/// Before the simulator is built: its kernels will run in the interpreter of PTX, which writes down its launches. AD416: another backend.
void count_launches(const std::string& gpu, const std::string& backend, std::string& device);

/// Runs one batch of synthetic events, prints launch by launch what bounds it, and of each chain as many lines of the kernel that it waits for.
void print_gpu_time(Session& session, std::uint32_t batch, int events, int lines);

}  // namespace antidrome::cli
