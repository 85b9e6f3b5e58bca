// Any model into our own file.
#include <system_error>

#include "attune/core/file.hpp"
#include "attune/model.hpp"

#include "model/read_model.hpp"
#include "model/write_model.hpp"

namespace attune {

Result<Conversion> convert_model(const ConversionRequest& request) {
  auto parts = read_model(request.source);
  if (!parts) return parts.error();
  const std::filesystem::path output = request.output_directory / kModelFileName;
  std::error_code code;
  if (std::filesystem::equivalent(request.source / kModelFileName, output, code)) {
    return Error{ErrorKind::bad_input, "'" + to_utf8(output) + "' would be replaced by its own conversion"};
  }
  if (!request.name.empty()) parts->description.name = request.name;
  const auto written = write_own_model(*parts, request.precision);
  if (!written) return written.error().while_doing("converting '" + to_utf8(request.source) + "'");

  std::filesystem::create_directories(request.output_directory, code);
  if (code) return Error{ErrorKind::io, "'" + to_utf8(request.output_directory) + "': " + code.message()};
  if (const Status status = write_file_durably(output, written->bytes); !status) return status.error();
  auto description = describe_model(request.output_directory);
  if (!description) return description.error();
  return Conversion{std::move(description).value(), written->errors};
}

}  // namespace attune
