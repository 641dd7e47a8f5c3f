#include "tests/data/fuzz/corpus.hpp"

#include "runtime/audio/audio_file.hpp"
#include "runtime/audio/recordings.hpp"
#include "runtime/data/batch.hpp"
#include "tests/data/archives.hpp"
#include "tests/data/shd_files.hpp"

#include <antidrome/philox.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <iterator>
#include <numeric>
#include <stdexcept>

#include <sndfile.h>

namespace antidrome::data::test {
namespace {

namespace fs = std::filesystem;

Bytes content_of(const fs::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

DatasetOptions options_of(const std::string& kind, const fs::path& path, const fs::path& no_cache) {
  DatasetOptions out{{{"kind", kind}, {"path", path.string()}, {"dt_ms", "1"}, {"trial_ms", "100"}}, "run.toml"};
  if (kind != "idx") out.values["cache"] = (no_cache / "cache").string(), out.values["validation_size"] = "1";
  else out.values["validation_size"] = "2";
  return out;
}

Bytes camera_clip(int events) {
  Bytes out;
  for (int k = 0; k < events; ++k) add_event(out, static_cast<std::uint8_t>(k % 34), static_cast<std::uint8_t>(k * 7 % 34), k % 2 == 0, static_cast<std::uint32_t>(500 * k));
  return out;
}

/// Our own readers need no process of their own: without it a sanitizer shows more, and it is faster.
struct InThisProcess {
  explicit InThisProcess(bool yes) {
    if (yes) setenv("ANTIDROME_ONE_PROCESS", "1", 1);
  }
  ~InThisProcess() { unsetenv("ANTIDROME_ONE_PROCESS"); }
  InThisProcess(const InThisProcess&) = delete;
  InThisProcess& operator=(const InThisProcess&) = delete;
};

/// A tenth of a second that swells and falls, in the format that libsndfile calls `format`.
void put_sound(const fs::path& file, int format) {
  SF_INFO info{};
  info.samplerate = 8000, info.channels = 1, info.format = format | SF_FORMAT_PCM_16;
  std::vector<short> wave(800);
  for (std::size_t k = 0; k < wave.size(); ++k) wave[k] = static_cast<short>(9000 * std::sin(0.4 * static_cast<double>(k)) * std::sin(0.004 * static_cast<double>(k)));
  SNDFILE* out = sf_open(file.c_str(), SFM_WRITE, &info);
  sf_write_short(out, wave.data(), static_cast<sf_count_t>(wave.size()));
  sf_close(out);
}

/// Every sample of every split, and batches of them. All that the network would get, so that two readings can be compared.
std::vector<double> read_all(const DatasetOptions& options) {
  std::vector<double> out;
  for (const Split split : {Split::train, Split::validation, Split::test}) {
    const std::unique_ptr<Dataset> data = make_dataset(options, split);
    if (data == nullptr) continue;
    std::vector<std::size_t> all(std::min<std::size_t>(data->size(), 64));
    std::iota(all.begin(), all.end(), std::size_t{0});
    EventBatch batch;
    BatchBuilder(*data, {.dt_ms = 1, .steps = 100}).build(all, 0, false, batch);
    for (const std::size_t k : all) {
      const EventSample sample = data->sample(k);
      out.push_back(sample.label);
      for (const std::vector<Event>& source : sample.sources)
        for (const Event& event : source) out.insert(out.end(), {event.time_ms, static_cast<double>(event.unit)});
    }
  }
  return out;
}

/// The lists that people write: of recordings to encode, and of take numbers.
void add_texts(const fs::path& own, const fs::path& no_cache, std::vector<Specimen>& out) {
  fs::create_directories(own);
  const std::string list = "path,label,speaker,take,gender\r\na.wav,one,jo,3,female\r\nb.wav,two,al,0,male\r\n", takes = "4 5\n6\n";
  put(own / "list.csv", Bytes(list.begin(), list.end()));
  out.push_back({"list.csv", [own] { audio::listed_recordings(own / "list.csv", {}); }, own / "list.csv", content_of(own / "list.csv"), false});
  put(own / "takes.txt", Bytes(takes.begin(), takes.end()));
  put_shd(own / "shd.h5", {});
  DatasetOptions options = options_of("shd", own / "shd.h5", no_cache);
  options.values["takes_path"] = (own / "takes.txt").string();
  out.push_back({"takes.txt", [options] { read_all(options); }, own / "takes.txt", content_of(own / "takes.txt"), false});
}

/// What an earlier run left in the cache. Damage to it must never be noticed by the user: the same events, made again.
void add_kept(const fs::path& own, std::vector<Specimen>& out) {
  fs::create_directories(own);
  put_archive(own / "nmnist.tar", {{"Train/1/1.bin", camera_clip(20)}, {"Train/7/2.bin", camera_clip(3)}, {"Test/7/1.bin", camera_clip(2)}});
  DatasetOptions options = options_of("nmnist", own / "nmnist.tar", {});
  options.values["cache"] = (own / "cache").string();
  const std::vector<double> truth = read_all(options);
  fs::path file;                                                   // of the training part, the longer one
  for (const fs::directory_entry& entry : fs::directory_iterator(own / "cache"))
    if (entry.path().extension() == ".events" && (file.empty() || entry.file_size() > fs::file_size(file))) file = entry.path();
  const auto read = [options, truth] {
    if (read_all(options) != truth) throw std::logic_error("a damaged cache gave other events");
  };
  out.push_back({"cache.events", read, file, content_of(file), false});
}

}  // namespace

std::vector<Specimen> corpus(const fs::path& folder) {
  std::vector<Specimen> out;
  const fs::path no_cache = folder / "a file, where no folder can be";
  put(no_cache, {});
  const auto folder_of = [&](const std::string& name) {
    const fs::path own = folder / std::to_string(out.size()) / name;
    fs::create_directories(own.parent_path());
    return own;
  };
  const auto add = [&](const std::string& name, const std::string& kind, const auto& write, const std::string& damaged_file = "", const auto&... flags) {
    const fs::path own = folder_of(name);
    write(own);
    const auto read = [options = options_of(kind, own, no_cache)] { read_all(options); };
    Specimen s{name, read, damaged_file.empty() ? own : (fs::is_directory(own) ? own : own.parent_path()) / damaged_file, {}, flags...};
    s.content = content_of(s.file);
    out.push_back(std::move(s));
  };
  const auto images = [](const fs::path& own) { fs::create_directories(own), put_set(own, 10); };
  add("images.gz", "idx", images, "train-images-idx3-ubyte.gz");
  add("labels", "idx", images, "train-labels-idx1-ubyte");
  add("shd.h5", "shd", [](const fs::path& own) { put_shd(own, {}); }, "", true, true);
  add("shd.h5.gz", "shd", [](const fs::path& own) {
    put_shd(own.parent_path() / "plain", {});
    put_gzip(own, content_of(own.parent_path() / "plain"));
  }, "", true, true);
  const std::vector<std::pair<std::string, Bytes>> digits{{"Train/1/1.bin", camera_clip(20)}, {"Train/7/2.bin", camera_clip(3)}, {"Train/7/3.bin", camera_clip(0)}, {"Test/7/1.bin", camera_clip(9)}};
  for (const char* name : {"nmnist.tar", "nmnist.tar.xz", "nmnist.zip"})
    add(name, "nmnist", [&digits](const fs::path& own) { put_archive(own, digits); }, "", std::string(name) != "nmnist.tar");   // a tar file may end after any entry
  add("loose", "nmnist", [](const fs::path& own) {
    for (const char* part : {"Train", "Test"}) {
      fs::create_directories(own / part / "7");
      for (const int events : {9, 3}) put(own / part / "7" / (std::to_string(events) + ".bin"), camera_clip(events));
    }
  }, "Train/7/9.bin", false);                                                                                                     // so may a loose file
  add("clips.tar.gz", "dvs_gesture", [](const fs::path& own) { put_archive(own, {{"1.bs2", camera_clip(30)}, {"11.bs2", camera_clip(4)}}); });
  const auto recording = [](const fs::path& own) {
    put(own, aedat({{{3, 1, 1, 10}, {127, 127, 0, 2000}}, {{0, 0, 0, 3000, false}, {1, 2, 1, 4000}, {5, 5, 0, 9000}}}));
    std::ofstream(own.parent_path() / (own.stem().string() + "_labels.csv")) << "class,startTime_usec,endTime_usec\r\n1,0,2500\r\n11,2500,9000\r\n";
  };
  add("user01.aedat", "dvs_gesture", recording, "", false);            // it may end after any packet
  add("user02.aedat", "dvs_gesture", recording, "user02_labels.csv", false);
  add("recordings", "dvs_gesture", [&recording](const fs::path& own) {
    fs::create_directories(own);
    for (const std::string part : {"train", "test"}) {
      recording(own / (part + ".aedat"));
      std::ofstream(own / ("trials_to_" + part + ".txt")) << part << ".aedat\n";
    }
  }, "trials_to_train.txt", false);
  add("signals.npz", "npz", [](const fs::path& own) {
    std::vector<std::int16_t> values;
    for (int k = 0; k < 3 * 8 * 2; ++k) values.push_back(static_cast<std::int16_t>(k * k % 17));
    put_archive(own, {{"taxel.npy", npy<std::int16_t>("<i2", "(3, 8, 2)", values)}, {"label.npy", npy<std::uint8_t>("|u1", "(3,)", {0, 1, 1})}, {"length.npy", npy<std::uint16_t>("<u2", "(3,)", {8, 7, 8})},
                      {"letters.npy", npy<std::uint32_t>("<U2", "(2,)", {'A', 0, 'B', 'C'})}});
  });
  for (const auto& [name, format] : {std::pair("word.wav", SF_FORMAT_WAV), std::pair("word.flac", SF_FORMAT_FLAC)}) {
    const fs::path own = folder_of(name);
    put_sound(own, format);
    out.push_back({name, [own] { audio::read_sound(own); }, own, content_of(own), true, true});
  }
  add_texts(folder_of("texts"), no_cache, out);
  add_kept(folder_of("kept"), out);
  return out;
}

Outcome read_damaged(const Specimen& specimen, const std::vector<std::uint8_t>& content) {
  put(specimen.file, content);
  const InThisProcess scope(!specimen.foreign_library);
  try {
    specimen.read();
  } catch (const DataError& error) {
    const bool died = error.code == "AD526" && (error.message.find("signal") != std::string::npos || error.message.find("too early") != std::string::npos);
    return {died ? Outcome::Kind::died : Outcome::Kind::refused, error.what()};
  }
  return {};
}

std::vector<std::uint8_t> damaged(const std::vector<std::uint8_t>& content, std::uint64_t seed) {
  std::uint32_t number = 0;
  const auto draw = [&](std::size_t below) { return below == 0 ? 0 : antidrome_philox4x32(number++, 0, 0, 0, seed).word[0] % below; };
  Bytes out = content;
  for (std::size_t changes = 1 + draw(4); changes > 0; --changes) {
    const std::size_t at = draw(out.size() + 1), length = std::min<std::size_t>(1 + draw(1u << draw(8)), out.size() - at);
    const auto begin = out.begin() + static_cast<std::ptrdiff_t>(at), end = begin + static_cast<std::ptrdiff_t>(length);
    switch (draw(6)) {
      case 0: out.resize(at); break;
      case 1:
        if (at < out.size()) out[at] ^= static_cast<std::uint8_t>(1u << draw(8));
        break;
      case 2: {
        constexpr std::uint8_t telling[] = {0, 1, 0x7f, 0x80, 0xff};
        std::fill(begin, end, telling[draw(5)]);
        break;
      }
      case 3: out.erase(begin, end); break;
      case 4: {
        const Bytes piece(begin, end);
        out.insert(out.begin() + static_cast<std::ptrdiff_t>(draw(out.size() + 1)), piece.begin(), piece.end());
        break;
      }
      default:
        for (auto byte = begin; byte != end; ++byte) *byte = static_cast<std::uint8_t>(draw(256));
    }
  }
  return out;
}

}  // namespace antidrome::data::test
