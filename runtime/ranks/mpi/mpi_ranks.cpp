// Every wait is a loop of tests, in which rank 0 also listens for ranks that failed: so one that fails alone is told of while the others wait for it,
// and processes that share a core let each other run.
#include "runtime/ranks/mpi/mpi_ranks.hpp"

#include <algorithm>
#include <chrono>
#include <climits>
#include <cstdio>
#include <limits>
#include <stdexcept>
#include <thread>
#include <unistd.h>

namespace antidrome {
namespace {

using Clock = std::chrono::steady_clock;
double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

constexpr double others_fail_too_s = 1;      ///< a mistake that all ranks share is seen by all of them within this time
constexpr double ended_too_soon_s = 20;         ///< the last messages of a process that ended well are on their way
constexpr double no_answer_s = 0.4;          ///< mpirun kills a second after it told a process to end
constexpr int tag_ending = 1, tag_verdict = 2;

/// Counts and places in units that fit into an int.
struct Pieces {
  std::vector<int> counts, places;
  int unit = 1;
};

bool even(std::span<const std::size_t> begin, std::size_t unit) {
  return std::all_of(begin.begin(), begin.end(), [&](std::size_t b) { return b % unit == 0; });
}

int unit_of(std::span<const std::size_t> a, std::span<const std::size_t> b) { return even(a, 64) && even(b, 64) ? 64 : 1; }

Pieces pieces(std::span<const std::size_t> begin, int unit) {
  Pieces out;
  out.unit = unit;
  if (begin.back() / static_cast<std::size_t>(unit) > INT_MAX) throw std::runtime_error("an exchange of more than 2^31 units between ranks: lower [train] batch or chunks");
  for (std::size_t r = 0; r + 1 < begin.size(); ++r) {
    out.counts.push_back(static_cast<int>((begin[r + 1] - begin[r]) / static_cast<std::size_t>(unit)));
    out.places.push_back(static_cast<int>(begin[r] / static_cast<std::size_t>(unit)));
  }
  return out;
}

/// So many bytes as one element.
class Unit {
 public:
  explicit Unit(int bytes) {
    MPI_Type_contiguous(bytes, MPI_BYTE, &type_);
    MPI_Type_commit(&type_);
  }
  ~Unit() { MPI_Type_free(&type_); }
  Unit(const Unit&) = delete;
  operator MPI_Datatype() const { return type_; }

 private:
  MPI_Datatype type_{};
};

/// Waits that become longer: a message between two cores takes a microsecond, a batch may take seconds.
class Patience {
 public:
  void rest() {
    if (++tests_ < 200) return;
    if (tests_ < 2000) std::this_thread::yield();
    else std::this_thread::sleep_for(std::chrono::microseconds(tests_ < 20000 ? 20 : 500));
  }

 private:
  int tests_ = 0;
};

}  // namespace

std::string mpi_library() {
  char text[MPI_MAX_LIBRARY_VERSION_STRING];
  int length = 0;
  MPI_Get_library_version(text, &length);
  const std::string all(text, static_cast<std::size_t>(length));
  return all.substr(0, all.find_first_of(",\n"));
}

MpiRanks::MpiRanks(RankHooks hooks) : hooks_(std::move(hooks)) {
  int provided = 0, rank = 0, size = 1;
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) throw std::runtime_error("MPI_Init failed");
  if (provided < MPI_THREAD_FUNNELED) throw std::runtime_error("this MPI does not allow threads");
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  MPI_Comm_dup(MPI_COMM_WORLD, &work_);
  MPI_Comm_dup(MPI_COMM_WORLD, &endings_to_first_);
  rank_ = static_cast<std::uint32_t>(rank), size_ = static_cast<std::uint32_t>(size);
}

std::string MpiRanks::name() const { return mpi_library(); }

void MpiRanks::gather(std::byte* all, std::span<const std::size_t> begin) {
  const Pieces p = pieces(begin, unit_of(begin, begin));
  const Unit unit(p.unit);
  MPI_Request request;
  MPI_Iallgatherv(MPI_IN_PLACE, 0, MPI_DATATYPE_NULL, all, p.counts.data(), p.places.data(), unit, work_, &request);
  wait(request);
}

void MpiRanks::swap(const std::byte* send, std::span<const std::size_t> send_begin, std::byte* receive, std::span<const std::size_t> receive_begin) {
  const int bytes = unit_of(send_begin, receive_begin);
  const Pieces out = pieces(send_begin, bytes), in = pieces(receive_begin, bytes);
  const Unit unit(bytes);
  MPI_Request request;
  MPI_Ialltoallv(send, out.counts.data(), out.places.data(), unit, receive, in.counts.data(), in.places.data(), unit, work_, &request);
  wait(request);
}

void MpiRanks::wait(MPI_Request request) {
  wait_until([&] {
    int done = 0;
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    return done != 0;
  });
}

void MpiRanks::wait_until(const std::function<bool()>& done) {
  Patience patience;
  Clock::time_point told{}, ended{};
  for (; !done(); patience.rest()) {
    if (rank_ != 0) continue;
    if (hear()) {                               // one that ended well has done its part of this already: it only came to its end sooner
      if (endings_.back().exit_code != 0) give_up();
      ended = Clock::now();
    }
    if (ended != Clock::time_point{} && seconds_since(ended) > ended_too_soon_s) give_up();
    if (!hooks_.told_to_end()) continue;
    if (told == Clock::time_point{}) told = Clock::now();
    if (seconds_since(told) > no_answer_s) say_lost();
  }
}

void MpiRanks::say_lost() {
  std::fputs(hooks_.lost().c_str(), stderr);
  _exit(74);
}

/// Rank 0: takes in how another rank ended, where one has said so.
bool MpiRanks::hear() {
  int there = 0;
  MPI_Status status;
  MPI_Iprobe(MPI_ANY_SOURCE, tag_ending, endings_to_first_, &there, &status);
  if (there == 0) return false;
  int bytes = 0;
  MPI_Get_count(&status, MPI_BYTE, &bytes);
  std::string text(static_cast<std::size_t>(bytes), '\0');
  MPI_Recv(text.data(), bytes, MPI_BYTE, status.MPI_SOURCE, tag_ending, endings_to_first_, MPI_STATUS_IGNORE);
  endings_.push_back({static_cast<std::uint32_t>(status.MPI_SOURCE), static_cast<unsigned char>(text.at(0)), text.substr(1)});
  return true;
}

/// Until all others have ended, or for so long.
void MpiRanks::hear_for(double seconds) {
  const Clock::time_point start = Clock::now();
  Patience patience;
  while (endings_.size() + 1 < size_ && seconds_since(start) < seconds)
    if (!hear()) patience.rest();
}

/// Another rank ended while this one waits for it.
void MpiRanks::give_up() {
  hear_for(others_fail_too_s);
  std::fputs(told_once(endings_).c_str(), stderr);
  const auto failed = std::find_if(endings_.begin(), endings_.end(), [](const Ending& e) { return e.exit_code != 0; });
  MPI_Abort(MPI_COMM_WORLD, failed == endings_.end() ? 70 : failed->exit_code);
  _exit(70);
}

int MpiRanks::finish(int exit_code, const std::string& complaint) { return rank_ == 0 ? finish_first(exit_code, complaint) : finish_other(exit_code, complaint); }

int MpiRanks::finish_first(int exit_code, const std::string& complaint) {
  endings_.push_back({0, exit_code, complaint});
  const std::uint32_t all = size_;
  const auto others = [&] { return endings_.size() - 1; };
  Patience patience;
  const Clock::time_point start = Clock::now();
  while (others() + 1 < all && (exit_code == 0 || seconds_since(start) < others_fail_too_s))
    if (!hear()) patience.rest();
  std::fputs(told_once(endings_).c_str(), stderr);
  int verdict = exit_code;
  for (const Ending& e : endings_)
    if (verdict == 0) verdict = e.exit_code;
  if (others() + 1 < all) MPI_Abort(MPI_COMM_WORLD, verdict);    // they wait for what does not come
  for (std::uint32_t r = 1; r < all; ++r) MPI_Send(&verdict, 1, MPI_INT, static_cast<int>(r), tag_verdict, endings_to_first_);
  MPI_Finalize();
  return verdict;
}

int MpiRanks::finish_other(int exit_code, const std::string& complaint) {
  const std::string text = std::string(1, static_cast<char>(exit_code)) + complaint;
  int verdict = exit_code;
  MPI_Request requests[2];
  MPI_Isend(text.data(), static_cast<int>(text.size()), MPI_BYTE, 0, tag_ending, endings_to_first_, &requests[0]);
  MPI_Irecv(&verdict, 1, MPI_INT, 0, tag_verdict, endings_to_first_, &requests[1]);
  Patience patience;
  for (int done = 0; done == 0; patience.rest()) MPI_Testall(2, requests, &done, MPI_STATUSES_IGNORE);
  MPI_Finalize();
  return verdict;
}

}  // namespace antidrome
