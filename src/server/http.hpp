// What a route sees of HTTP: a request that has arrived whole and passed the guards, and the response it gives back.
// Beast's own types stay in connection.cpp.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "attune/core/result.hpp"

namespace attune::server {

struct Request {
  std::string method;                                      // "GET", "HEAD", "POST", …
  std::string path;                                        // percent-decoded, begins with '/'
  std::vector<std::pair<std::string, std::string>> query;  // percent-decoded, in order
  std::map<std::string, std::string> parameters;           // of the route's pattern: {id}
  std::string body;
  std::string accept;
  std::string if_none_match;
  std::stop_token stop;  // requested when the client is gone or the server must end

  // The first value of that name, or nothing.
  [[nodiscard]] std::optional<std::string_view> query_value(std::string_view name) const;
  [[nodiscard]] std::vector<std::string> query_values(std::string_view name) const;
};

// One server-sent event. An empty name is the default event.
struct Event {
  std::string name;
  std::string data;
};

// Asked again and again, on the I/O thread, for what is new; must be quick.
struct EventStream {
  struct Step {
    std::vector<Event> events;
    bool finished = false;
  };
  std::function<Step()> next;
};

struct Response {
  unsigned status = 200;
  std::string content_type = "application/json; charset=utf-8";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // beside those that every response carries
  std::optional<EventStream> events;                         // instead of a body
};

// {"error":{"kind","message","pointer"?}}. `pointer` is the JSON pointer of the fault in the body; nullopt: none.
Response error_response(unsigned status, std::string_view kind, std::string_view message,
                        const std::optional<std::string>& pointer = std::nullopt);

// An Error as a response. What is our own fault (internal, corrupt, io) is logged and told without its text, which
// may name paths of this machine.
Response error_response(const Error& error, std::string_view while_doing);

// Splits a request target into decoded path and query. Fails with bad_input on a broken percent escape, on bytes that
// are no UTF-8, and on NUL. '+' in the query is a space.
Status parse_target(std::string_view target, Request& request);

}  // namespace attune::server
