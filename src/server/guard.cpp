#include "server/guard.hpp"

#include <algorithm>

#include "attune/core/file.hpp"

namespace attune::server {
namespace {

std::string lower(std::string_view text) {
  std::string lowered(text);
  for (char& c : lowered) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lowered;
}

// Takes the same time wherever the first difference is. Both have the length of a SHA-256 in hexadecimal.
bool equal_in_constant_time(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t at = 0; at < a.size(); ++at) {
    difference |= static_cast<unsigned>(static_cast<unsigned char>(a[at]) ^ static_cast<unsigned char>(b[at]));
  }
  return difference == 0;
}

bool is_port(std::string_view digits) {
  return digits.size() <= 5 && std::all_of(digits.begin(), digits.end(), [](char c) { return c >= '0' && c <= '9'; });
}

Response not_served_here(std::string_view host) {
  return error_response(421, "bad_input",
                        "this server does not answer for the host '" + std::string(host) +
                            "'; name it with --allow-host if that is intended");
}

}  // namespace

bool is_loopback(std::string_view address) {
  return address == "localhost" || address == "::1" || address.starts_with("127.");
}

std::optional<std::string> host_without_port(std::string_view host) {
  if (host.empty() || host.size() > 300 || host.find_first_of(" \t/@\\") != std::string_view::npos) return std::nullopt;
  std::string_view name = host;
  std::string_view rest;
  if (host.front() == '[') {
    const auto close = host.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    name = host.substr(1, close - 1);
    rest = host.substr(close + 1);
  } else if (const auto colon = host.find(':'); colon != std::string_view::npos) {
    name = host.substr(0, colon);
    rest = host.substr(colon);
  }
  if (!rest.empty() && (rest.front() != ':' || !is_port(rest.substr(1)))) return std::nullopt;
  if (name.empty()) return std::nullopt;
  return lower(name);
}

Guard::Guard(const ServeOptions& options) {
  hosts_ = {"localhost", "127.0.0.1", "::1"};
  hosts_.push_back(lower(options.address));
  for (const auto& host : options.allowed_hosts) hosts_.push_back(lower(host));
  for (const auto& key : options.api_keys) key_hashes_.push_back(sha256_hex(key));
}

bool Guard::host_allowed(std::string_view host) const {
  const auto name = host_without_port(host);
  return name && std::find(hosts_.begin(), hosts_.end(), *name) != hosts_.end();
}

bool Guard::key_accepted(std::string_view authorization) const {
  constexpr std::string_view kScheme = "bearer ";
  if (lower(authorization.substr(0, kScheme.size())) != kScheme) return false;
  const std::string hash = sha256_hex(authorization.substr(kScheme.size()));
  bool accepted = false;
  for (const auto& known : key_hashes_) accepted |= equal_in_constant_time(hash, known);
  return accepted;
}

std::optional<Response> Guard::objection(const GuardedHeaders& headers, bool is_api) const {
  if (headers.several_hosts) return error_response(400, "bad_input", "the request has more than one Host");
  if (!headers.host) return error_response(400, "bad_input", "the request has no Host");
  if (!host_allowed(*headers.host)) return not_served_here(*headers.host);
  if (!is_api) return std::nullopt;

  if (headers.origin) {
    const auto scheme_end = headers.origin->find("://");
    const bool same =
        scheme_end != std::string::npos && lower(headers.origin->substr(scheme_end + 3)) == lower(*headers.host);
    if (!same) return error_response(403, "bad_input", "requests from other web sites are not answered");
  }
  if (headers.fetch_site == "cross-site" || headers.fetch_site == "same-site") {
    return error_response(403, "bad_input", "requests from other web sites are not answered");
  }
  if (!key_hashes_.empty() && !key_accepted(headers.authorization)) {
    auto response =
        error_response(401, "bad_input",
                       headers.authorization.empty() ? "this server wants an API key: Authorization: Bearer <key>"
                                                     : "the API key is not one that this server knows");
    response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"attune\"");
    return response;
  }
  return std::nullopt;
}

}  // namespace attune::server
