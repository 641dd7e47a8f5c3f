// What goes wrong with data: a file that is missing or damaged, or an option that names no data set.
#pragma once
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

namespace antidrome::data {

/// One mistake in a data file or in the options of a data set. `code` is the page docs/errors/AD5xx.md.
struct DataError : std::runtime_error {
  /// Where in the data: a file (or the file of options), and as much of a record and a byte offset as is known.
  struct Place {
    std::string file;
    std::optional<std::uint64_t> record;
    std::optional<std::uint64_t> offset;
    std::string str() const;  ///< "train-images.gz: record 17, byte 13344"
  };

  DataError(std::string code, Place at, std::string message, std::string remedy = {});

  /// 2 where the options are wrong (AD50x), 74 where a file is: the exit code of a command that stops at this error.
  int exit_code() const;

  std::string code;
  Place at;
  std::string message;  ///< lower-case start, no full stop, names quoted
  std::string remedy;   ///< what to do instead; may be empty
};

}  // namespace antidrome::data
