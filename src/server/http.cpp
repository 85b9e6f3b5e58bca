#include "server/http.hpp"

#include <nlohmann/json.hpp>

#include "attune/core/log.hpp"
#include "attune/text.hpp"

namespace attune::server {
namespace {

unsigned status_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::bad_input:
      return 400;
    case ErrorKind::not_found:
      return 404;
    case ErrorKind::too_large:
      return 413;
    case ErrorKind::conflict:
      return 409;
    case ErrorKind::unsupported:
      return 501;
    case ErrorKind::timeout:
      return 504;
    case ErrorKind::cancelled:
    case ErrorKind::unavailable:
      return 503;
    case ErrorKind::io:
    case ErrorKind::corrupt:
    case ErrorKind::internal:
      return 500;
  }
  return 500;
}

int hex_value(char digit) {
  if (digit >= '0' && digit <= '9') return digit - '0';
  if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
  if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
  return -1;
}

Result<std::string> percent_decode(std::string_view encoded, bool plus_is_space) {
  std::string decoded;
  decoded.reserve(encoded.size());
  for (std::size_t at = 0; at < encoded.size(); ++at) {
    if (encoded[at] != '%') {
      decoded.push_back(plus_is_space && encoded[at] == '+' ? ' ' : encoded[at]);
      continue;
    }
    const int high = at + 1 < encoded.size() ? hex_value(encoded[at + 1]) : -1;
    const int low = at + 2 < encoded.size() ? hex_value(encoded[at + 2]) : -1;
    if (high < 0 || low < 0) {
      return Error{ErrorKind::bad_input, "the address has a '%' that is not followed by two hexadecimal digits"};
    }
    decoded.push_back(static_cast<char>(high * 16 + low));
    at += 2;
  }
  if (decoded.find('\0') != std::string::npos) return Error{ErrorKind::bad_input, "the address contains a NUL"};
  if (!text::is_valid_utf8(decoded)) return Error{ErrorKind::bad_input, "the address is not UTF-8"};
  return decoded;
}

Status parse_query(std::string_view query, Request& request) {
  while (!query.empty()) {
    const auto end = query.find('&');
    const auto pair = query.substr(0, end);
    query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    if (pair.empty()) continue;
    const auto equals = pair.find('=');
    auto name = percent_decode(pair.substr(0, equals), true);
    if (!name) return name.error();
    auto value = percent_decode(equals == std::string_view::npos ? "" : pair.substr(equals + 1), true);
    if (!value) return value.error();
    request.query.emplace_back(*std::move(name), *std::move(value));
  }
  return {};
}

}  // namespace

std::optional<std::string_view> Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Request::query_values(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name && !value.empty()) values.push_back(value);
  }
  return values;
}

Response error_response(unsigned status, std::string_view kind, std::string_view message,
                        const std::optional<std::string>& pointer) {
  nlohmann::json error = {{"kind", kind}, {"message", message}};
  if (pointer) error["pointer"] = *pointer;
  Response response;
  response.status = status;
  response.body =
      nlohmann::json{{"error", std::move(error)}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  return response;
}

Response error_response(const Error& error, std::string_view while_doing) {
  const unsigned status = status_of(error.kind);
  if (status == 500) {
    log(LogLevel::error, std::string(while_doing) + ": " + error.text);
    return error_response(500, error_kind_name(error.kind),
                          std::string(while_doing) + " failed; the server's log says why");
  }
  auto response = error_response(status, error_kind_name(error.kind), error.text);
  if (status == 503) response.headers.emplace_back("Retry-After", "1");
  return response;
}

Status parse_target(std::string_view target, Request& request) {
  if (target.empty() || target.front() != '/') {
    return Error{ErrorKind::bad_input, "the address of a request begins with '/'"};
  }
  target = target.substr(0, target.find('#'));
  const auto question = target.find('?');
  auto path = percent_decode(target.substr(0, question), false);
  if (!path) return path.error();
  request.path = *std::move(path);
  return question == std::string_view::npos ? Status{} : parse_query(target.substr(question + 1), request);
}

}  // namespace attune::server
