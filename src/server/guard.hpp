// Guard: may this request be answered at all? Looks at Host, Origin, Sec-Fetch-Site and Authorization, before a body is
// read. Keeps a web page elsewhere from using the server through its visitor's browser: by another name for loopback
// (DNS rebinding: Host) or by a request across sites (Origin).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "attune/server.hpp"

#include "server/http.hpp"

namespace attune::server {

struct GuardedHeaders {
  std::optional<std::string> host;
  std::optional<std::string> origin;
  std::string fetch_site;  // Sec-Fetch-Site: what a browser says about where the request comes from
  std::string authorization;
  bool several_hosts = false;
};

class Guard {
 public:
  explicit Guard(const ServeOptions& options);

  // What speaks against the request, or nothing. `is_api`: the route answers programs (needs a key where there are
  // keys, and takes no request across sites); pages may be linked to from anywhere.
  [[nodiscard]] std::optional<Response> objection(const GuardedHeaders& headers, bool is_api) const;

 private:
  [[nodiscard]] bool host_allowed(std::string_view host) const;
  [[nodiscard]] bool key_accepted(std::string_view authorization) const;

  std::vector<std::string> hosts_;       // lower case, no port
  std::vector<std::string> key_hashes_;  // SHA-256, so that comparing takes the same time for any key
};

// True if no other machine can reach a socket bound to this address.
bool is_loopback(std::string_view address);

// "name:8080" → "name", "[::1]:8080" → "::1", in lower case. Nothing if it is malformed.
std::optional<std::string> host_without_port(std::string_view host);

}  // namespace attune::server
