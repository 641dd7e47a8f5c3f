#include "runtime/audio/ear.hpp"

#include "runtime/audio/encode.hpp"
#include "tests/audio/sounds.hpp"
#include "tests/data/files.hpp"

#include <algorithm>
#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

namespace antidrome::audio {
namespace {

std::filesystem::path reference(const char* name) { return data::test::data_folder() / "lauscher_ref" / name; }

std::string bytes_of(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

using Histogram = std::vector<double>;

double correlation(const Histogram& a, const Histogram& b) {
  const double n = static_cast<double>(a.size()), mean_a = std::accumulate(a.begin(), a.end(), 0.0) / n, mean_b = std::accumulate(b.begin(), b.end(), 0.0) / n;
  double ab = 0, aa = 0, bb = 0;
  for (std::size_t k = 0; k < a.size(); ++k) ab += (a[k] - mean_a) * (b[k] - mean_b), aa += (a[k] - mean_a) * (a[k] - mean_a), bb += (b[k] - mean_b) * (b[k] - mean_b);
  return ab / std::sqrt(aa * bb);
}

// Spikes per channel, then per 10 ms.
struct Summary {
  Histogram channels = Histogram(70), times = Histogram(80);
  double count = 0;
  void add(double time_s, std::size_t channel) {
    ++channels.at(channel), ++times.at(static_cast<std::size_t>(time_s / 0.01)), ++count;
  }
};

Summary summary_of(const std::vector<ChannelSpike>& spikes) {
  Summary out;
  for (const ChannelSpike& s : spikes) out.add(s.step / steps_per_second, s.channel);
  return out;
}

// The 2 x 693 doubles (times in s, channels) of the one array in an .npz file: what the published program made of the sound.
Summary published(const std::filesystem::path& npz) {
  const std::string bytes = bytes_of(npz);   // a zip archive whose member is stored as it is
  const std::size_t member = bytes.find("\x93NUMPY"), header = 10u + static_cast<unsigned char>(bytes.at(member + 8)), n = 693;
  std::vector<double> values(2 * n);
  std::memcpy(values.data(), bytes.substr(member + header, 16 * n).data(), 16 * n);
  Summary out;
  for (std::size_t k = 0; k < n; ++k) out.add(values[k], static_cast<std::size_t>(values[n + k]));
  return out;
}

Histogram sum_without(const std::vector<Summary>& all, std::size_t left_out, Histogram Summary::*member) {
  Histogram sum((all[0].*member).size());
  for (std::size_t k = 0; k < all.size(); ++k)
    for (std::size_t c = 0; k != left_out && c < sum.size(); ++c) sum[c] += (all[k].*member)[c];
  return sum;
}

// The published output is one draw. If it is a draw of our model, it is as close to the mean of our draws as any one of them is.
TEST(Ear, the_published_output_could_be_one_of_ours) {
  if (!std::filesystem::exists(reference("spoken_digit.flac"))) GTEST_SKIP() << "SKIP: " << reference("spoken_digit.flac") << " is not there";
  const Summary theirs = published(reference("spoken_digit_lauscher_70ch.npz"));
  const Sound sound = read_sound(reference("spoken_digit.flac"));
  const Ear ear({.channels = 70, .ramp_ms = 0}, transform_length(sound), 1);
  std::vector<Summary> ours;
  for (std::uint64_t seed = 1; seed <= 24; ++seed) ours.push_back(summary_of(ear.hear(sound, {seed, 0})));

  const double n = static_cast<double>(ours.size());
  double mean = 0, variance = 0;
  for (const Summary& s : ours) mean += s.count / n;
  for (const Summary& s : ours) variance += (s.count - mean) * (s.count - mean) / (n - 1);
  EXPECT_NEAR(theirs.count, mean, 3.8 * std::sqrt(variance * (1 + 1 / n)));   // Student's t with 23 degrees of freedom, 1 in 1000
  EXPECT_NEAR(mean, 716, 4 * std::sqrt(variance / 6 + variance / n));         // another implementation's mean of six draws

  for (Histogram Summary::*member : {&Summary::channels, &Summary::times}) {
    double mean_r = 0, variance_r = 0;
    std::vector<double> r;
    for (std::size_t k = 0; k < ours.size(); ++k) r.push_back(correlation(ours[k].*member, sum_without(ours, k, member)));
    for (const double x : r) mean_r += x / n;
    for (const double x : r) variance_r += (x - mean_r) * (x - mean_r) / (n - 1);
    const double found = correlation(theirs.*member, sum_without(ours, ours.size(), member));
    RecordProperty(member == &Summary::channels ? "channels" : "times", std::to_string(found));
    EXPECT_GT(found, mean_r - 3.8 * std::sqrt(variance_r * (1 + 1 / n))) << "mean of ours " << mean_r;
  }
}

TEST(Ear, the_physical_direction_is_not_the_published_one) {
  if (!std::filesystem::exists(reference("spoken_digit.flac"))) GTEST_SKIP() << "SKIP: " << reference("spoken_digit.flac") << " is not there";
  const Summary theirs = published(reference("spoken_digit_lauscher_70ch.npz"));
  const Sound sound = read_sound(reference("spoken_digit.flac"));
  double r[2];
  for (const bool causal : {false, true}) {
    const Ear ear({.channels = 70, .ramp_ms = 0, .causal = causal}, transform_length(sound), 1);
    r[causal] = correlation(theirs.times, summary_of(ear.hear(sound, {1, 0})).times);
  }
  EXPECT_GT(r[0], r[1]);
}

// One draw of another implementation of the model, for each of two real recordings.
TEST(Ear, counts_at_700_channels_agree_with_another_implementation) {
  const std::pair<const char*, double> counts[] = {{"spoken_digit.flac", 8246}, {"lang-english_speaker-00_trial-0_digit-2.flac", 6807}};
  for (const auto& [name, expected] : counts) {
    if (!std::filesystem::exists(reference(name))) GTEST_SKIP() << "SKIP: " << reference(name) << " is not there";
    const Sound sound = read_sound(reference(name));
    const Ear ear({}, transform_length(sound), 2);
    const double count = static_cast<double>(ear.hear(sound, {1, 0}).size());
    EXPECT_NEAR(count, expected, 4 * std::sqrt(2 * expected)) << name;   // difference of two counts whose variance is below Poisson's
  }
}

// An impulse: high tones come out first at the stapes. In the physical direction low tones follow; in the published one they lead.
TEST(Ear, low_tones_lead_unless_causal) {
  Sound click{std::vector<double>(14400, 0.0), 48000};
  click.samples[7200] = 1;
  for (const bool causal : {false, true}) {
    const Ear ear({.channels = 32, .ramp_ms = 30, .causal = causal}, transform_length(click), 1);
    const std::vector<float> low = ear.motion(click, 16);
    const std::size_t lane = 8, steps = low.size() / lanes;   // place 24 of 31
    double before = 0, after = 0;
    for (std::size_t n = 0; n < steps; ++n) (n < 3600 ? before : after) += low[n * lanes + lane] * low[n * lanes + lane];
    EXPECT_GT(causal ? after : before, 20 * (causal ? before : after));
  }
}

// The same sound at another rate is the same sound: what is left is the resampled tone's rounding.
TEST(Ear, the_rate_of_the_file_does_not_matter) {
  const Sound reference_tone = test::tone(1000, 0.3, 48000);
  const Ear ear({.channels = 32}, transform_length(reference_tone), 1);
  const std::vector<float> expected = ear.motion(reference_tone, 0);
  const float peak = *std::ranges::max_element(expected);
  ASSERT_GT(peak, 1);
  for (const int rate : {8000, 11025, 16000, 22050, 44100, 96000}) {
    const Sound sound = test::tone(1000, 0.3, rate);
    ASSERT_EQ(transform_length(sound), transform_length(reference_tone)) << rate;
    const std::vector<float> motion = ear.motion(sound, 0);
    const std::size_t size = std::min(motion.size(), expected.size());
    // the windows of different rates are sampled by up to a sample of 8 kHz apart: 0.125 ms of a ramp of 30 ms
    for (std::size_t k = 0; k < size; ++k) ASSERT_NEAR(motion[k], expected[k], 0.02 * peak) << rate << " at " << k;
  }
}

TEST(Ear, the_transform_is_longer_than_the_sound_and_fits_its_rate) {
  for (const int rate : {8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000, 96000, 22051})
    for (const double seconds : {0.02, 0.33, 0.45, 0.9, 3.0}) {
      const auto samples = static_cast<std::size_t>(seconds * rate);
      const std::size_t length = transform_length(samples, rate);
      EXPECT_EQ(length * static_cast<std::size_t>(rate) % 24000, 0u);
      EXPECT_GE(static_cast<double>(length) / 24000, seconds + 0.049);
      if (rate == 22051) continue;   // lasts whole seconds only
      EXPECT_LE(static_cast<double>(length), 1.4 * (24000 * seconds + 1200) + 960);
    }
}

TEST(Encode, the_number_of_threads_changes_no_spike) {
  const data::test::Folder folder;
  std::vector<Recording> recordings;
  for (int k = 0; k < 6; ++k) {
    recordings.push_back({.file = folder.path / (std::to_string(k) + ".wav")});
    test::put_wav(recordings.back().file, test::tone(300 + 200 * k, 0.1 + 0.07 * k, k % 2 == 0 ? 16000 : 48000));
  }
  const data::ShdHeader header{.keys = {"tone"}, .speakers = {{}}, .source = "tones"};
  std::string first;
  for (const unsigned threads : {1u, 2u, 5u}) {
    const std::filesystem::path out = folder.path / "out.h5";
    double last = 0;
    const Encoded done = encode(recordings, header, out, {.ear = {.channels = 48}, .seed = 3, .threads = threads}, [&](double s, double) {
      EXPECT_LT(last, s);
      last = s;
    });
    EXPECT_EQ(done.samples, 6u);
    EXPECT_GT(done.spikes, 300u);
    EXPECT_NEAR(last, done.sound_s, 1e-9);
    if (first.empty()) first = bytes_of(out);
    EXPECT_TRUE(bytes_of(out) == first) << threads;
  }
}

}  // namespace
}  // namespace antidrome::audio
