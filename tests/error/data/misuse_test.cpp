// One wrong file or option per row: code, place, message and remedy of what the user is told.
#include "tests/data/archives.hpp"
#include "tests/data/shd_files.hpp"

#include "runtime/data/batch.hpp"
#include "runtime/data/kinds/images.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cmath>
#include <functional>

namespace antidrome::data {
namespace {

struct Misuse {
  const char* what;
  std::function<void(const std::filesystem::path& folder)> do_it;
  std::string expected;  // what(), with FOLDER for the folder
  int exit_code;
};

DatasetOptions with(DatasetOptions options, const std::string& key, const std::string& value) {
  options.values[key] = value;
  return options;
}
DatasetOptions without(DatasetOptions options, const std::string& key) {
  options.values.erase(key);
  return options;
}
const DatasetOptions yinyang{{{"kind", "yinyang"}, {"dt_ms", "1"}, {"trial_ms", "30"}}, "run.toml"};
void make(const DatasetOptions& options, Split split = Split::train) { make_dataset(options, split); }

// Reads an SHD file of three samples, changed by `change`, with the options `more`.
using Options = std::map<std::string, std::string>;
void shd(const std::filesystem::path& folder, const std::function<void(test::ShdContent&)>& change, const Options& more = {}) {
  test::ShdContent content;
  if (change) change(content);
  test::put_shd(folder / "a.h5", content);
  DatasetOptions options = test::shd_options(folder / "a.h5", folder);
  for (const auto& [key, value] : more) options.values[key] = value;
  make(options);
}

// Reads a data set that is one file.
void one_file(const char* kind, const std::filesystem::path& file, const Options& more = {}) {
  DatasetOptions options{{{"kind", kind}, {"path", file.string()}, {"cache", (file.parent_path() / "cache").string()}, {"split", "given"}, {"dt_ms", "1"}, {"trial_ms", "300"}}, "run.toml"};
  for (const auto& [key, value] : more) options.values[key] = value;
  make(options);
}
// One signal of two steps; one recording with a clip.
void signals(const std::filesystem::path& folder, const std::vector<double>& values, const std::vector<float>& labels = {0}) {
  test::put_archive(folder / "a.npz", {{"taxel.npy", test::npy<double>("<f8", "(1, 2, 1)", values)}, {"label.npy", test::npy<float>("<f4", fmt::format("({},)", labels.size()), labels)}});
  one_file("npz", folder / "a.npz");
}
void recording(const std::filesystem::path& folder, const std::vector<test::PolarityEvent>& events) {
  test::put(folder / "a.aedat", test::aedat({events}));
  std::ofstream(folder / "a_labels.csv") << "1,0,5\n";
  one_file("dvs_gesture", folder / "a.aedat");
}
test::Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }

// The first `bytes` of a file.
void cut(const std::filesystem::path& file, std::uintmax_t bytes) { std::filesystem::resize_file(file, bytes); }
void build(const Dataset& data, std::uint32_t steps = 10) {
  EventBatch batch;
  BatchBuilder(data, {.dt_ms = 1, .steps = steps}).build(std::vector<std::size_t>{0}, 0, false, batch);
}

const Misuse table[] = {
    // options: the user's mistake
    {"no kind", [](auto&) { make(without(yinyang, "kind")); },
     "run.toml: error: 'kind' is missing [AD501]\n  remedy: write 'kind = …' with yinyang, mnist, fashion_mnist, idx, shd, nmnist, dvs_gesture, npz, frozen_noise or delay_xor", 2},
    {"misspelt kind", [](auto&) { make(with(yinyang, "kind", "ying_yang")); },
     "run.toml: error: unknown kind 'ying_yang', expected yinyang, mnist, fashion_mnist, idx, shd, nmnist, dvs_gesture, npz, frozen_noise or delay_xor [AD501]\n  remedy: did you mean 'yinyang'?", 2},
    {"unheard-of kind", [](auto&) { make(with(yinyang, "kind", "imagenet21k")); },
     "run.toml: error: unknown kind 'imagenet21k', expected yinyang, mnist, fashion_mnist, idx, shd, nmnist, dvs_gesture, npz, frozen_noise or delay_xor [AD501]", 2},
    {"misspelt encoding", [](auto&) { make(with(yinyang, "encoding", "latencey")); },
     "run.toml: error: unknown encoding 'latencey', expected latency [AD502]\n  remedy: did you mean 'latency'?", 2},
    {"misspelt key", [](auto&) { make(with(yinyang, "trian_size", "10")); },
     "run.toml: error: unknown key 'trian_size' in the options of a data set [AD503]\n  remedy: did you mean 'train_size'?", 2},
    {"not a number", [](auto&) { make(with(yinyang, "bias_ms", "1,5")); }, "run.toml: error: 'bias_ms = 1,5' is not a number [AD504]\n  remedy: write a number such as 0.5", 2},
    {"not a count", [](auto&) { make(with(yinyang, "train_size", "-3")); },
     "run.toml: error: 'train_size = -3' is not a whole number of at least 0 [AD504]\n  remedy: write a number such as 5000", 2},
    {"a probability above one", [](auto&) { make(with(yinyang, "input_dropout", "20")); }, "run.toml: error: 'input_dropout = 20' lies outside [0, 1] [AD504]", 2},
    {"no time step", [](auto&) { make(without(yinyang, "dt_ms")); },
     "run.toml: error: 'dt_ms' is missing [AD504]\n  remedy: add 'dt_ms = …' to the run configuration", 2},
    {"images without a folder", [](auto& folder) { make(without(test::idx_options(folder), "path")); },
     "run.toml: error: 'path' is missing [AD504]\n  remedy: give the folder with the four IDX files", 2},
    {"window of four steps", [](auto&) { make(with(yinyang, "window_ms", "4")); },
     "run.toml: error: window_ms = 4 leaves no time to code values: two steps of 1 ms are kept free at each end [AD505]\n  remedy: lengthen the window or shorten dt", 2},
    {"window beyond the trial", [](auto&) { make(with(yinyang, "trial_ms", "20")); },
     "run.toml: error: window_ms = 30 is longer than the trial of 20 ms [AD505]\n  remedy: shorten the window or lengthen the trial", 2},
    {"an unheard-of encoding of images", [](auto& folder) {
       test::put_set(folder, 10);
       make(with(test::idx_options(folder), "encoding", "serial"));
     },
     "run.toml: error: unknown encoding 'serial', expected latency, rate or sequential [AD502]", 2},
    {"a sequence of pixels beyond the trial", [](auto& folder) {
       test::put_set(folder, 10);
       make(with(with(test::idx_options(folder), "encoding", "sequential"), "pixel_ms", "4"));
     },
     "run.toml: error: 6 pixels of 4 ms do not fit the window of 20 ms [AD505]\n  remedy: lengthen the trial or shorten pixel_ms", 2},
    {"splits that exceed the file",
     [](auto& folder) {
       test::put_set(folder, 10);
       make(with(test::idx_options(folder), "train_size", "9"));
     },
     "run.toml: error: train_size = 9 and validation_size = 2, but the file holds 10 records [AD506]\n  remedy: ask for fewer", 2},
    {"a test split that exceeds the file",
     [](auto& folder) {
       test::put_set(folder, 10);
       make(with(test::idx_options(folder), "test_size", "11"), Split::test);
     },
     "run.toml: error: test_size = 11, but the file holds 10 records [AD506]\n  remedy: ask for fewer", 2},
    {"too many steps", [](auto&) { build(test::Listed({1}, {{{{}}, 0}}), 65537); },
     "listed: error: a trial of 65537 steps is too long, event data can address 65536 [AD507]\n  remedy: lengthen dt or shorten the trial", 2},

    // files: what cannot be read
    {"missing folder", [](auto& folder) { make(with(test::idx_options(folder / "nowhere"), "kind", "fashion_mnist")); },
     "FOLDER/nowhere/train-images-idx3-ubyte.gz: error: the file does not exist [AD510]\n"
     "  remedy: install it with 'apt-get install dataset-fashion-mnist', or give its folder with 'path'", 74},
    {"a folder in place of a file",
     [](auto& folder) {
       std::filesystem::create_directory(folder / "train-images-idx3-ubyte");
       make(test::idx_options(folder));
     },
     "FOLDER/train-images-idx3-ubyte: error: cannot read the file: Is a directory [AD510]", 74},
    {"a web page saved as data",
     [](auto& folder) {
       test::put_set(folder, 10);
       std::ofstream(folder / "train-images-idx3-ubyte.gz") << "<!DOCTYPE html>";
       make(test::idx_options(folder));
     },
     "FOLDER/train-images-idx3-ubyte.gz: byte 0: error: not a gzip file: it begins with bytes 3c 21, expected 1f 8b [AD511]\n"
     "  remedy: download it again (a web page may have been saved in its place), or remove '.gz' from the name of an uncompressed file", 74},
    {"truncated gzip",
     [](auto& folder) {
       test::Bytes noise(6000);
       for (std::size_t k = 0; k < noise.size(); ++k) noise[k] = static_cast<std::uint8_t>(k * k * 37 >> 4);
       test::put_gzip(folder / "train-images-idx3-ubyte.gz", test::idx({1000, 2, 3}, noise));
       cut(folder / "train-images-idx3-ubyte.gz", 40);
       read_idx(folder / "train-images-idx3-ubyte.gz", 3);
     },
     "FOLDER/train-images-idx3-ubyte.gz: byte 40: error: the gzip file ends too early, after 0 bytes of content [AD512]\n  remedy: copy or download the file again", 74},
    {"damaged gzip",
     [](auto& folder) {
       const test::Bytes content = test::idx({1}, {7});  // as one stored block of deflate, then a wrong checksum and the size
       test::Bytes gzip{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 1, 9, 0, 0xf6, 0xff};
       gzip.insert(gzip.end(), content.begin(), content.end());
       gzip.insert(gzip.end(), {1, 2, 3, 4, 9, 0, 0, 0});
       test::put(folder / "labels.gz", gzip);
       read_idx(folder / "labels.gz", 1);
     },
     "FOLDER/labels.gz: byte 28: error: the gzip file is damaged: incorrect data check [AD512]\n  remedy: copy or download the file again", 74},
    {"exchanged files",
     [](auto& folder) {
       test::put_set(folder, 10);
       std::filesystem::copy_file(folder / "train-labels-idx1-ubyte", folder / "other");
       read_idx(folder / "other", 3);
     },
     "FOLDER/other: byte 0: error: not an IDX file of images: its magic number is 0x00000801, expected 0x00000803 [AD513]\n"
     "  remedy: this is a file of labels: exchange the two files", 74},
    {"an empty file",
     [](auto& folder) {
       test::put(folder / "empty", {});
       read_idx(folder / "empty", 1);
     },
     "FOLDER/empty: byte 0: error: the file has 0 bytes, too few for an IDX header [AD513]\n  remedy: copy or download the file again", 74},
    {"a header that ends early",
     [](auto& folder) {
       test::put(folder / "images", {0, 0, 8, 3, 0, 0, 0, 9, 0});
       read_idx(folder / "images", 3);
     },
     "FOLDER/images: byte 9: error: the IDX header ends after 9 bytes, expected 16 [AD514]\n  remedy: copy or download the file again", 74},
    {"truncated images",
     [](auto& folder) {
       test::put(folder / "images", test::idx({5, 2, 3}, test::Bytes(6 * 3 + 2)));
       read_idx(folder / "images", 3);
     },
     "FOLDER/images: record 3, byte 36: error: the file holds 20 bytes of images, its header announces 5 records of 6 bytes (5 x 2 x 3) [AD514]\n"
     "  remedy: copy or download the file again", 74},
    {"bytes after the last label",
     [](auto& folder) {
       test::put(folder / "labels", test::idx({5}, test::Bytes(7)));
       read_idx(folder / "labels", 1);
     },
     "FOLDER/labels: byte 15: error: the file holds 7 bytes of labels, its header announces 5 records of 1 bytes (5) [AD514]\n  remedy: copy or download the file again", 74},
    {"sizes that overflow",
     [](auto& folder) {
       test::put(folder / "images", test::idx({0xffffffff, 0xffffffff, 0xffffffff}, test::Bytes(8)));
       read_idx(folder / "images", 3);
     },
     "FOLDER/images: record 0, byte 24: error: the file holds 8 bytes of images, its header announces 4294967295 records of 18446744065119617025 bytes "
     "(4294967295 x 4294967295 x 4294967295) [AD514]\n  remedy: copy or download the file again", 74},
    {"labels of another set",
     [](auto& folder) {
       test::put_set(folder, 10);
       test::put(folder / "train-labels-idx1-ubyte", test::idx({9}, test::Bytes(9)));
       make(test::idx_options(folder));
     },
     "FOLDER/train-labels-idx1-ubyte: error: 9 labels for 10 images in 'FOLDER/train-images-idx3-ubyte.gz' [AD515]\n  remedy: take both files from the same set", 74},
    {"a label beyond the classes",
     [](auto& folder) {
       test::put_set(folder, 10);
       make(with(test::idx_options(folder), "classes", "2"));
     },
     "FOLDER/train-labels-idx1-ubyte: record 2, byte 10: error: label 2 is outside [0, 2) [AD516]\n"
     "  remedy: set 'classes' to the number of labels, or check that the file is whole", 74},
    {"no images",
     [](auto& folder) {
       test::put_set(folder, 0);
       make(with(test::idx_options(folder), "validation_size", "0"), Split::test);
     },
     "FOLDER/t10k-images-idx3-ubyte.gz: error: the file holds no images [AD517]", 74},
    {"images of more pixels than a source has units",
     [](auto& folder) {
       test::put(folder / "images", test::idx({1, 300, 300}, test::Bytes(90000)));
       test::put(folder / "labels", test::idx({1}, {0}));
       make_images("big", read_idx(folder / "images", 3), read_idx(folder / "labels", 1), {0}, 1, LatencyCode{20, 1});
     },
     "FOLDER/images: error: an image has 90000 pixels, a source holds at most 65536 units [AD518]\n  remedy: scale the images down", 74},
    {"events out of order", [](auto&) { build(test::Listed({4}, {{{{{3, 0}, {2.5, 0}}}, 0}})); },
     "listed: record 0: error: event at 2.5 ms follows one at 3 ms [AD519]\n  remedy: times are at least 0 and sorted: run 'antidrome data check'", 74},
    {"an event before the trial", [](auto&) { build(test::Listed({4}, {{{{{-1, 0}}}, 0}})); },
     "listed: record 0: error: event at -1 ms follows one at 0 ms [AD519]\n  remedy: times are at least 0 and sorted: run 'antidrome data check'", 74},
    {"an event of a unit that the source lacks", [](auto&) { build(test::Listed({4}, {{{{{3, 4}}}, 0}})); },
     "listed: record 0: error: event of unit 4, but source 0 has units [0, 4) [AD520]\n  remedy: run 'antidrome data check'", 74},

    // files in the SHD layout, and splits
    {"no such speaker", [](auto& folder) { shd(folder, {}, {{"split", "groups"}, {"validation_groups", "theo"}}); },
     "run.toml: error: 'validation_groups' names the group 'theo', which the data set does not have [AD508]\n  remedy: its groups are 0, 1, 2", 2},
    {"no such take", [](auto& folder) { shd(folder, {}, {{"split", "takes"}, {"validation_takes", "0"}, {"train_takes", "40"}}); },
     "run.toml: error: no sample is left for the train split: none has one of the takes that are asked for [AD508]", 2},
    {"no such class", [](auto& folder) { shd(folder, {}, {{"classes_kept", "0,2"}}); },
     "run.toml: error: 'classes_kept' names the class '2', expected different labels of [0, 2) [AD508]", 2},
    {"a take in two splits", [](auto& folder) { shd(folder, {}, {{"split", "takes"}, {"train_takes", "0-4"}, {"validation_takes", "4-5"}}); },
     "run.toml: error: take 4 is both held out for validation and in another split [AD509]\n  remedy: let the splits be disjoint", 2},
    {"too many folds", [](auto& folder) { shd(folder, {}, {{"split", "groups"}, {"folds", "5"}}); },
     "run.toml: error: folds = 5, but there are 2 groups to divide [AD509]\n  remedy: choose 2 to 2 folds", 2},
    {"a fold without folds", [](auto& folder) { shd(folder, {}, {{"split", "random"}, {"fold", "1"}}); },
     "run.toml: error: fold without folds [AD509]\n  remedy: add 'folds = 5'", 2},
    {"not a list of takes", [](auto& folder) { shd(folder, {}, {{"split", "takes"}, {"validation_takes", "9-5"}}); },
     "run.toml: error: 'validation_takes = 9-5' is not a list of takes [AD504]\n  remedy: write numbers and ranges such as 5-9,12", 2},
    {"a misspelt key of event data", [](auto& folder) { shd(folder, {}, {{"bin_unit", "3"}}); },
     "run.toml: error: unknown key 'bin_unit' in the options of a data set [AD503]\n  remedy: did you mean 'bin_units'?", 2},
    {"take numbers for another file",
     [](auto& folder) {
       std::ofstream(folder / "takes.txt") << "1 2";
       shd(folder, {}, {{"split", "takes"}, {"takes_path", (folder / "takes.txt").string()}, {"validation_takes", "1"}});
     },
     "FOLDER/takes.txt: record 2: error: the file holds 2 take numbers, the data set 3 samples [AD515]\n  remedy: give one number per sample, in the order of the data file", 74},
    {"take numbers with a word among them",
     [](auto& folder) {
       std::ofstream(folder / "takes.txt") << "1 2 three\n";
       shd(folder, {}, {{"split", "takes"}, {"takes_path", (folder / "takes.txt").string()}, {"validation_takes", "1"}});
     },
     "FOLDER/takes.txt: record 2: error: what follows is not a whole number [AD515]\n  remedy: give one number per sample, in the order of the data file", 74},
    {"a file that is no HDF5",
     [](auto& folder) {
       std::ofstream(folder / "a.h5") << "<!DOCTYPE html>";
       make(test::shd_options(folder / "a.h5", folder));
     },
     "FOLDER/a.h5: error: not an HDF5 file, or not a whole one [AD522]\n  remedy: copy or download the file again", 74},
    {"a web page saved as compressed events",
     [](auto& folder) {
       std::ofstream(folder / "a.h5.xz") << "<!DOCTYPE html>";
       make(test::shd_options(folder / "a.h5.xz", folder));
     },
     "FOLDER/a.h5.xz: byte 0: error: not a compressed file, although its name ends with '.xz' [AD511]\n"
     "  remedy: download it again (a web page may have been saved in its place), or remove the ending from the name of an uncompressed file", 74},
    {"missing labels", [](auto& folder) { shd(folder, [](test::ShdContent& c) { c.labels.reset(); }); },
     "FOLDER/a.h5: error: the file has no 'labels' [AD522]\n  remedy: kind 'shd' reads spikes/times, spikes/units and labels", 74},
    {"fewer labels than samples", [](auto& folder) { shd(folder, [](test::ShdContent& c) { c.labels->pop_back(); }); },
     "FOLDER/a.h5: error: 'labels' has 2 rows, 'spikes/times' 3 [AD522]\n  remedy: copy or download the file again", 74},
    {"times that are integers", [](auto& folder) { shd(folder, [](test::ShdContent& c) { c.time_type = H5T_STD_I32LE; }); },
     "FOLDER/a.h5: error: the lists of 'spikes/times' hold integers, expected floating-point numbers [AD522]\n  remedy: copy or download the file again", 74},
    {"times that are no lists", [](auto& folder) { shd(folder, [](test::ShdContent& c) { c.lists = false; }); },
     "FOLDER/a.h5: error: 'spikes/times' holds floating-point numbers, expected a list for each sample [AD522]\n  remedy: copy or download the file again", 74},
    {"a sample with a time too few", [](auto& folder) { shd(folder, [](test::ShdContent& c) { c.times[2].pop_back(); }); },
     "FOLDER/a.h5: record 2: error: the sample has 1 times and 2 units [AD523]\n  remedy: copy or download the file again", 74},
    {"a unit out of range", [](auto& folder) { shd(folder, [](test::ShdContent& c) { c.units[0][1] = 70000; }); },
     "FOLDER/a.h5: record 0: error: event of unit 70000, expected [0, 700) [AD520]\n  remedy: set 'units', if the data set has more of them", 74},
    {"a negative time", [](auto& folder) { shd(folder, [](test::ShdContent& c) { c.times[2][0] = -0.5; }); },
     "FOLDER/a.h5: record 2: error: an event at time -0.5 [AD519]\n  remedy: times are numbers of at least 0", 74},
    {"a negative label", [](auto& folder) { shd(folder, [](test::ShdContent& c) { (*c.labels)[1] = -3; }); },
     "FOLDER/a.h5: record 1: error: label -3 is outside [0, 65536) [AD516]\n  remedy: copy or download the file again", 74},
    {"no samples",
     [](auto& folder) {
       shd(folder, [](test::ShdContent& c) { c.times.clear(), c.units.clear(), c.labels->clear(), c.speakers->clear(); });
     },
     "FOLDER/a.h5: error: the file holds no samples [AD517]", 74},

    // event cameras and sampled signals
    {"an event of four bytes", [](auto& folder) {
       test::put_archive(folder / "a.tar", {{"Train/3/1.bin", test::Bytes(9)}});
       one_file("nmnist", folder / "a.tar");
     },
     "FOLDER/a.tar: Train/3/1.bin: byte 5: error: the file has 9 bytes, not a whole number of events of 5 bytes [AD527]\n  remedy: copy or download the file again", 74},
    {"a pixel beyond the camera", [](auto& folder) {
       test::put_archive(folder / "a.tar", {{"Train/3/1.bin", {1, 34, 0, 0, 0}}});
       one_file("nmnist", folder / "a.tar");
     },
     "FOLDER/a.tar: Train/3/1.bin: byte 0: error: event at pixel (1, 34), expected [0, 34) x [0, 34) [AD520]\n  remedy: copy or download the file again", 74},
    {"an archive of something else", [](auto& folder) {
       test::put_archive(folder / "a.tar", {{"cat.jpg", test::Bytes(10)}});
       one_file("nmnist", folder / "a.tar");
     },
     "FOLDER/a.tar: error: no samples 'Train/<label>/*.bin' are in it [AD517]", 74},
    {"no recordings", [](auto& folder) { one_file("dvs_gesture", folder / "nowhere"); },
     "FOLDER/nowhere: error: no recordings are there [AD510]\n"
     "  remedy: the folder holds userNN_LIGHT.aedat, userNN_LIGHT_labels.csv and, for the published split, trials_to_train.txt and trials_to_test.txt", 74},
    {"a recording of another format", [](auto& folder) {
       test::put(folder / "a.aedat", bytes_of("#!AER-DAT2.0\r\n"));
       test::put(folder / "a_labels.csv", bytes_of("1,0,5"));
       one_file("dvs_gesture", folder / "a.aedat");
     },
     "FOLDER/a.aedat: byte 0: error: not an AEDAT 3 file: it does not begin with '#!AER-DAT3' [AD527]\n  remedy: kind 'dvs_gesture' reads the published .aedat files", 74},
    {"a recording that ends inside a packet", [](auto& folder) {
       test::put(folder / "a.aedat", test::aedat({{{1, 1, 1, 1}}, {{1, 1, 1, 2}}}));
       cut(folder / "a.aedat", std::filesystem::file_size(folder / "a.aedat") - 1);
       test::put(folder / "a_labels.csv", bytes_of("1,0,5"));
       one_file("dvs_gesture", folder / "a.aedat");
     },
     "FOLDER/a.aedat: record 1, byte 78: error: the file ends inside a packet of 8 bytes [AD527]\n  remedy: copy or download the file again", 74},
    {"a table of clips with a class too many", [](auto& folder) {
       test::put(folder / "a.aedat", test::aedat({{{1, 1, 1, 1}}}));
       test::put(folder / "a_labels.csv", bytes_of("class,startTime_usec,endTime_usec\n1,0,5\n12,5,9\n"));
       one_file("dvs_gesture", folder / "a.aedat");
     },
     "FOLDER/a_labels.csv: record 2: error: '12,5,9' is not a class of [1, 11], a start and a later end in microseconds [AD527]\n  remedy: copy or download the file again", 74},
    {"an array of another name", [](auto& folder) {
       test::put_archive(folder / "a.npz", {{"x.npy", test::npy<float>("<f4", "(1, 1, 1)", {0})}});
       one_file("npz", folder / "a.npz");
     },
     "FOLDER/a.npz: error: the file has no array 'taxel' [AD528]\n  remedy: name its arrays with 'values_array', 'label_array' and so on", 74},
    {"an array of another shape", [](auto& folder) {
       test::put_archive(folder / "a.npz", {{"x.npy", test::npy<float>("<f4", "(2, 3)", {0, 1, 2, 3})}});
       one_file("npz", folder / "a.npz", {{"values_array", "x"}});
     },
     "FOLDER/a.npz: x.npy: byte 144: error: the array of shape (2, 3) ends after 16 bytes [AD528]\n  remedy: save it with numpy.savez, as numbers in C order", 74},
    {"an array of Python objects", [](auto& folder) {
       test::put_archive(folder / "a.npz", {{"x.npy", test::npy<float>("|O", "(2,)", {0, 1})}});
       one_file("npz", folder / "a.npz");
     },
     "FOLDER/a.npz: x.npy: byte 10: error: its type '|O' is not one of little-endian integers, floating-point numbers or text [AD528]\n  remedy: save it with numpy.savez, as numbers in C order", 74},
    {"a level that rounding hides", [](auto& folder) { signals(folder, {1e18, 1e18 + 1280}); },
     "FOLDER/a.npz: record 0: error: level = 1 is too small to be seen in values such as 1e+18 [AD504]\n  remedy: choose a larger level, or subtract the mean of the signals", 2},
    {"a value that is no number", [](auto& folder) { signals(folder, {0, NAN}); }, "FOLDER/a.npz: record 0: error: the value of channel 0 at step 1 is not finite [AD519]", 74},
    {"a label that is a fraction", [](auto& folder) { signals(folder, {0, 1}, {0.5f}); }, "FOLDER/a.npz: record 0: error: 'label' is 0.5, expected a whole number of [0, 65536) [AD516]", 74},
    {"labels of another set of signals", [](auto& folder) { signals(folder, {0, 1}, {0, 1}); }, "FOLDER/a.npz: error: 2 entries in 'label' for 1 samples [AD515]\n  remedy: give one per sample", 74},
    {"signals without labels", [](auto& folder) {
       test::put_archive(folder / "a.npz", {{"taxel.npy", test::npy<float>("<f4", "(1, 1, 1)", {0})}});
       one_file("npz", folder / "a.npz");
     },
     "FOLDER/a.npz: error: the file has no array 'label' [AD528]\n  remedy: name its arrays with 'values_array', 'label_array' and so on", 74},
    {"a recording without its table", [](auto& folder) {
       test::put(folder / "a.aedat", test::aedat({{{1, 1, 1, 1}}}));
       one_file("dvs_gesture", folder / "a.aedat");
     },
     "FOLDER/a_labels.csv: error: cannot read the file: No such file or directory [AD510]", 74},
    {"a pixel beyond the camera of a recording", [](auto& folder) { recording(folder, {{5, 5, 0, 1}, {1, 128, 0, 2}}); },
     "FOLDER/a.aedat: record 0, byte 78: error: event at pixel (1, 128), expected [0, 128) x [0, 128) [AD520]\n  remedy: copy or download the file again", 74},
    {"a clock that runs below zero", [](auto& folder) { recording(folder, {{5, 5, 0, 0x80000000u}}); },
     "FOLDER/a.aedat: record 0, byte 70: error: an event with a negative time [AD519]\n  remedy: copy or download the file again", 74},
    {"a clip of no class", [](auto& folder) {
       test::put_archive(folder / "a.tar", {{"0.bs2", {}}});
       one_file("dvs_gesture", folder / "a.tar");
     },
     "FOLDER/a.tar: 0.bs2: error: the name is not a class of [1, 11] [AD516]\n  remedy: name the clips 1.bs2 to 11.bs2", 74},
    {"levels far below the noise", [](auto& folder) {
       test::put_archive(folder / "a.npz", {{"taxel.npy", test::npy<float>("<f4", "(1, 2, 1)", {0, 1e9f})}, {"label.npy", test::npy<float>("<f4", "(1,)", {0})}});
       one_file("npz", folder / "a.npz", {{"level", "0.001"}});
     },
     "FOLDER/a.npz: record 0: error: level = 0.001 makes more than 67108864 events of the sample [AD504]\n  remedy: choose a larger level", 2},
};

TEST(DataMisuse, every_mistake_is_told_with_code_place_and_remedy) {
  for (const Misuse& misuse : table) {
    const test::Folder folder;
    try {
      misuse.do_it(folder.path);
      ADD_FAILURE() << misuse.what << ": went unnoticed";
    } catch (const DataError& error) {
      std::string told = error.what();
      for (std::size_t at; (at = told.find(folder.path.string())) != std::string::npos;) told.replace(at, folder.path.string().size(), "FOLDER");
      EXPECT_EQ(told, misuse.expected) << misuse.what;
      EXPECT_EQ(error.exit_code(), misuse.exit_code) << misuse.what;
    }
  }
}

}  // namespace
}  // namespace antidrome::data
